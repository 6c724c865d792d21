"""The viewer: one picture as large as the window, and all that is known of its run."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_runs import record, write_run
from pages import Page
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from nst.report import build
from nst.report.summary import Report

DESKTOP, PHONE = (1400, 900), (390, 844)
SHAPE = (480, 320)
STEPS = (0, 20, 40)
RECT = """const { left, top, width, height } = document.querySelector(arguments[0])
  .getBoundingClientRect(); return [left, top, width, height].map(Math.round)"""


def source(root: Path, name: str, shape: tuple[int, int]) -> dict[str, Any]:
    """Write a picture that runs used, and return its record."""
    path = root / f"{name}.png"
    Image.linear_gradient("L").resize(shape).convert("RGB").save(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"used": str(path), "title": f"A {name}", "sha256": sha256}


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of two poolings and three betas, with its pictures on the way."""
    root = tmp_path_factory.mktemp("painted")
    sources = record()["sources"] | {
        "content": source(root, "photograph", (900, 600)),
        "style": source(root, "painting", (400, 800)),
    }
    for number in range(6):
        pooling, beta = ("avg", "max")[number // 3], (1e5, 1e4, 1e3)[number % 3]
        values = {
            "pooling": pooling,
            "beta": beta,
            "content.path": str(root / "photograph.png"),
            "style.path": str(root / "painting.png"),
            "overrides": [f"pooling={pooling}", f"beta={beta}", "search.seed=3"],
            "metrics": {
                name: 0.9 - 0.1 * number for name in ("style_distance", "content_distance", "ssim")
            },
            "best": {"step": 40, "total": 5.5, "content": 1.5, "style": 2.5, "tv": 3.5},
            "sources": sources,
        }
        run = write_run(root / str(number), (40 * number, 90, 200), SHAPE, **values)
        (run / "images").mkdir()
        for step in STEPS:
            Image.new("RGB", SHAPE, (step, step, step)).save(run / f"images/step_{step:05d}.png")
    build.write([root])
    return root


@pytest.fixture
def viewer(browser: webdriver.Chrome, painted: Path) -> Iterator[Page]:
    """The viewer on run 0, opened by its picture in the grid."""
    opened = Page(browser, painted).open("", *DESKTOP)
    opened.one('#grid .picture[data-run="0"]').click()
    assert opened.viewing() == "0"
    yield opened
    assert browser.get_log("browser") == []


def lies(opened: Page, selector: str) -> list[int]:
    """Return left, top, width and height in the window."""
    return opened.js(RECT, selector)


def shows(opened: Page, ending: str, selector: str = "#viewer-image") -> None:
    """Wait until a picture is drawn whose address ends so."""
    code = """const image = document.querySelector(arguments[0]);
      return image?.complete && image.naturalWidth > 0 && image.currentSrc.endsWith(arguments[1])"""
    opened.until(f"return (function () {{ {code} }})({selector!r}, {ending!r})")


def test_a_picture_opens_by_click_and_by_enter_and_escape_closes(opened: Page):
    first = opened.one("#grid .picture")
    first.click()
    assert opened.viewing() == "0"
    assert opened.large().endswith("/0/result.png")
    opened.press(Keys.ESCAPE)
    assert opened.viewing() is None
    opened.focused(0)
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ENTER):
        opened.press(key)
    assert opened.viewing() == "10"
    opened.press(Keys.ARROW_RIGHT)
    assert opened.viewing() == "12"
    for run in ("10", "8"):
        opened.press(Keys.ARROW_LEFT)
        assert opened.viewing() == run
    opened.press(Keys.ARROW_UP)  # in the grid
    assert opened.viewing() == "0"
    opened.press(Keys.ARROW_DOWN)
    assert "pooling" in opened.texts("#viewer-facts th .value")
    opened.press(Keys.ESCAPE)
    opened.focused(8)  # what was seen last


def test_a_missing_picture_gives_way_to_the_thumbnail(written: Page, sweep: Report):
    hidden = sweep.runs[3].folder / "result.png"
    away = hidden.rename(hidden.with_suffix(".away"))
    try:
        opened = written.open()
        opened.js("document.querySelector('#grid .picture[data-run=\"3\"]').click()")
        assert opened.large().startswith("data:image/png")
        assert "is missing: this is the thumbnail" in opened.one("#viewer-word").text
    finally:
        away.rename(hidden)


@pytest.mark.parametrize("window", [DESKTOP, PHONE])
def test_the_picture_fits_the_window(browser: webdriver.Chrome, painted: Path, window: tuple):
    opened = Page(browser, painted).open("#open=4", *window)
    shows(opened, "/4/result.png")
    left, top, width, height = lies(opened, "#viewer-image")
    x, y, wide, high = lies(opened, "#viewer-stage")
    assert x <= left < left + width <= x + wide
    assert y <= top < top + height <= y + high
    assert abs(width - wide) <= 1 or abs(height - high) <= 1
    assert abs(width / height - 1.5) < 0.01
    # The picture takes most of the window's width, and nothing of what acts on it is outside.
    assert wide >= 0.7 * window[0]
    for selector in ("#viewer-close", "#viewer-next", "#viewer-zoom", "#viewer-step"):
        a, b, c, d = lies(opened, selector)
        assert 0 <= a < a + c <= window[0]
        assert 0 <= b < b + d <= window[1]


def test_zoom_and_place_are_held_from_picture_to_picture(viewer: Page):
    shows(viewer, "/0/result.png")
    viewer.press("1")
    assert lies(viewer, "#viewer-image")[2:] == [*SHAPE]  # a pixel for a pixel
    viewer.press("+", "+", "+", "+", "+", "+")
    viewer.press(Keys.SHIFT + Keys.ARROW_RIGHT + Keys.ARROW_DOWN + Keys.NULL)
    held = lies(viewer, "#viewer-image")
    assert held[2] == round(480 * 1.25**6)
    assert held[0] < 0
    assert viewer.viewing() == "0"
    viewer.press(Keys.ARROW_RIGHT)
    shows(viewer, "/1/result.png")
    assert lies(viewer, "#viewer-image") == held
    squares = "return getComputedStyle(document.getElementById('viewer-image')).imageRendering"
    assert viewer.js(squares) == "pixelated"  # beyond two pixels of the screen for one
    viewer.press("x")
    assert viewer.js(squares) == "auto"
    viewer.press("0")
    viewer.press(Keys.ARROW_LEFT)
    assert lies(viewer, "#viewer-image")[0] == 0
    assert viewer.viewing() == "0"


def test_wheel_zooms_at_the_pointer_and_dragging_moves(viewer: Page):
    shows(viewer, "/0/result.png")
    left, top, width, _ = lies(viewer, "#viewer-image")
    x, y = 300, 400
    origin = ScrollOrigin.from_viewport(x, y)
    ActionChains(viewer.browser).scroll_from_origin(origin, 0, -300).perform()
    l2, t2, w2, _ = lies(viewer, "#viewer-image")
    assert w2 > 1.5 * width
    assert abs((x - l2) / w2 - (x - left) / width) < 0.005
    assert abs((y - t2) / w2 - (y - top) / width) < 0.005
    drag = ActionChains(viewer.browser).move_by_offset(0, 0)
    drag.w3c_actions.pointer_action.move_to_location(x, y)
    drag.w3c_actions.pointer_action.pointer_down()
    drag.w3c_actions.pointer_action.move_to_location(x + 40, y + 25)
    drag.w3c_actions.pointer_action.pointer_up()
    drag.perform()
    assert lies(viewer, "#viewer-image")[:3] == [l2 + 40, t2 + 25, w2]


def test_holding_a_key_shows_what_the_run_was_made_of(viewer: Page):
    def held() -> list[str]:
        return viewer.js(
            "return [...document.querySelectorAll('#viewer img.held')].map(e => e.alt)"
        )

    keys = ActionChains(viewer.browser)
    keys.key_down("o").perform()
    assert held() == ["Content: A photograph"]
    viewer.until("return document.querySelector('#viewer img.held').naturalWidth === 900")
    assert lies(viewer, "#viewer img.held") == lies(viewer, "#viewer-image")
    assert viewer.one("#viewer-word").text == "Content: A photograph"
    keys.key_up("o").perform()
    assert held() == []
    assert viewer.one("#viewer-word").text == ""
    keys.key_down("s").perform()
    viewer.until("return document.querySelector('#viewer img.held').naturalHeight === 800")
    keys.key_up("s").perform()
    keys.key_down("o").perform()
    viewer.press(Keys.ARROW_RIGHT, Keys.ARROW_LEFT)  # held, from picture to picture
    assert held() == ["Content: A photograph"]
    keys.key_up("o").perform()
    viewer.press("r")  # the reference is the recommended run; pressed and let go
    assert held() == []
    button = viewer.one("[data-hold=reference]")
    press = ActionChains(viewer.browser).click_and_hold(button)
    press.perform()
    assert held() == ["Reference: run 5"]
    press = ActionChains(viewer.browser).release()
    press.perform()
    assert held() == []
    viewer.js("arguments[0].click()", button)  # as a screen reader does: no holding
    assert held() == ["Reference: run 5"]
    viewer.js("arguments[0].click()", button)
    assert held() == []


def test_what_is_held_says_where_it_is_a_thumbnail(browser: webdriver.Chrome, painted: Path):
    (away,) = (one for one in (painted / ".report").glob("*.jpg") if Image.open(one).width == 900)
    kept = away.rename(painted / "away.jpg")
    try:
        opened = Page(browser, painted).open("#open=0")
        ActionChains(browser).key_down("o").perform()
        opened.until("return document.querySelector('#viewer img.held').naturalWidth === 256")
        assert opened.one("#viewer-word").text == "Content: A photograph, its thumbnail"
        ActionChains(browser).key_up("o").perform()
    finally:
        kept.rename(away)


def test_a_slider_shows_the_steps_on_the_way(viewer: Page, painted: Path):
    slider = viewer.one("#viewer-step")
    assert viewer.one("#viewer-step-said").text == "result: step 40"
    viewer.press(",")
    shows(viewer, "/0/images/step_00020.png")
    slider.send_keys(Keys.HOME)
    shows(viewer, "/0/images/step_00000.png")
    slider.send_keys(Keys.ARROW_RIGHT)
    shows(viewer, "/0/images/step_00020.png")
    assert slider.get_attribute("aria-valuetext") == "step 20"
    assert viewer.one("#viewer-word").text == "step 20"
    viewer.one("#viewer-next").click()  # the step is held, too
    shows(viewer, "/1/images/step_00020.png")
    hidden = painted / "2/images/step_00020.png"
    away = hidden.rename(hidden.with_suffix(".away"))
    try:
        viewer.one("#viewer-next").click()
        viewer.until(
            "return document.getElementById('viewer-image').src.startsWith('data:image/jpeg')"
        )
        assert "(step 20) is missing" in viewer.one("#viewer-word").text
    finally:
        away.rename(hidden)
    slider.send_keys(Keys.END)
    shows(viewer, "/2/result.png")
    assert viewer.one("#viewer-word").text == ""
    assert "step_00020.png" in viewer.browser.get_log("browser")[0]["message"]  # the missing one


def test_settings_stand_beside_those_of_a_reference(viewer: Page):
    def differs() -> list[str]:
        return viewer.texts("#viewer-facts .differs th .value")

    def better() -> list[str]:
        code = """return [...document.querySelectorAll('#viewer-facts .is-better')].map(
          e => e.closest('tr').querySelector('th').textContent + ': ' + e.cellIndex)"""
        return viewer.js(code)

    assert viewer.texts("#viewer-facts thead th") == ["this run", "run 5"] * 2  # recommended
    assert differs() == ["pooling", "alpha/beta"]
    assert better() == ["style distance: 2", "content distance: 2", "SSIM: 1"]
    viewer.press("b")
    viewer.press(Keys.ARROW_RIGHT)
    assert viewer.texts("#viewer-facts thead th")[:2] == ["this run", "run 0"]
    assert differs() == ["alpha/beta"]
    assert "reference=0" in viewer.js("return location.hash")
    viewer.one("#reference").click()
    Select(viewer.one("#reference")).select_by_visible_text("run 5, recommended")
    assert differs() == ["pooling", "alpha/beta"]
    assert "reference" not in viewer.js("return location.hash")


def test_the_commands_that_go_on_from_a_run(viewer: Page, painted: Path):
    folder = painted / "0"
    assert viewer.texts(".viewer-command code") == [
        f"nst rerun {folder}",
        f"nst rerun {folder} size=1024 --same-look",
        f"nst refine {folder} beta",  # pooling is no number
        "nst pooling=avg beta=1e5",
    ]
    assert viewer.texts(".viewer-command b") == ["Again", "Larger", "Finer", "As typed"]
    viewer.press(Keys.ARROW_RIGHT)
    assert viewer.texts(".viewer-command code")[0] == f"nst rerun {painted}/{viewer.viewing()}"


def test_a_command_is_copied_even_where_there_is_no_clipboard(viewer: Page, painted: Path):
    expected = f"nst rerun {painted / '0'}"
    button = viewer.one(".viewer-command button")
    listening = "document.addEventListener('copy', () => window.copied = getSelection() + '')"
    viewer.js(f"Object.defineProperty(navigator, 'clipboard', {{ value: undefined }}); {listening}")
    button.send_keys(Keys.ENTER)
    assert viewer.until("return window.copied") == expected
    assert button.text == "Copied"
    viewer.js("document.execCommand = () => false")
    button.send_keys(Keys.ENTER)
    viewer.until("return document.querySelector('.viewer-command button').textContent !== 'Copied'")
    assert "Ctrl+C" in button.text
    assert viewer.js("return getSelection().toString()") == expected


def test_the_keys_are_told_and_the_address_opens_the_viewer(viewer: Page):
    viewer.press("?")
    assert "the picture above or below in the grid" in viewer.one("#viewer-help").text
    viewer.press(Keys.ESCAPE)  # the help first
    assert not viewer.one("#viewer-help").is_displayed()
    assert viewer.viewing() == "0"
    viewer.press("c")
    assert viewer.one("#viewer-compare").get_attribute("aria-pressed") == "true"
    viewer.press(Keys.ARROW_RIGHT)
    viewer.until("return location.hash.includes('open=1')")
    viewer.browser.refresh()
    viewer.until("return document.documentElement.dataset.ready")
    assert viewer.viewing() == "1"
    viewer.press(Keys.ARROW_RIGHT)
    assert viewer.viewing() == "2"
    viewer.press(Keys.ESCAPE)
    viewer.until("return !location.hash.includes('open')")
    assert viewer.viewing() is None


def test_a_pixel_is_one_of_the_screen(browser: webdriver.Chrome, painted: Path):
    opened = Page(browser, painted).open("#open=0")
    sharp = {"width": 1280, "height": 900, "deviceScaleFactor": 2, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", sharp)
    shows(opened, "/0/result.png")
    opened.press("1")
    assert lies(opened, "#viewer-image")[2:] == [240, 160]  # in CSS pixels, of which each has two
    assert opened.one("#viewer-zoom output").text == "100 %"


def test_fingers_wipe_to_the_next_picture_and_zoom(browser: webdriver.Chrome, painted: Path):
    def touch(kind: str, *points: tuple[int, int]) -> None:
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        event = {"type": f"touch{kind}", "touchPoints": fingers}
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", event)

    opened = Page(browser, painted).open("#open=0", *PHONE)
    shows(opened, "/0/result.png")
    x, y, *_ = lies(opened, "#viewer-image")
    touch("Start", (x + 250, y + 80))
    for right in (200, 150, 100):
        touch("Move", (x + right, y + 80))
    touch("End")
    shows(opened, "/1/result.png")
    assert opened.viewing() == "1"
    width = lies(opened, "#viewer-image")[2]
    touch("Start", (x + 150, y + 80), (x + 200, y + 80))
    for more in (10, 20, 30, 40, 50):
        touch("Move", (x + 150 - more, y + 80), (x + 200 + more, y + 80))
    touch("End")
    assert lies(opened, "#viewer-image")[2] == pytest.approx(width * 150 / 50, abs=3)
    assert opened.viewing() == "1"


def test_a_run_without_a_picture_shows_how_far_it_came(browser: webdriver.Chrome, painted: Path):
    root = painted.parent / "running"
    for name, status in (("0", "interrupted"), ("1", "failed")):
        write_run(root / name, None, SHAPE, status=status, best=None, picture=None, seed=int(name))
    (root / "0/images").mkdir()
    Image.new("RGB", SHAPE, (1, 2, 3)).save(root / "0/images/step_00020.png")
    build.write([root])
    opened = Page(browser, root).open("#open=0")
    shows(opened, "/0/images/step_00020.png")
    assert opened.one("#viewer-word").text == "step 20, interrupted"
    opened.press("b")  # a reference without a recommendation
    opened.press(Keys.ARROW_RIGHT)
    assert "run 0" in opened.texts("#viewer-facts thead th")
    opened = opened.open("#open=1")
    assert opened.one("#viewer-word").text == "no picture, failed"
    assert not opened.one("#viewer-image").is_displayed()
