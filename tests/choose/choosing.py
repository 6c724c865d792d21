"""Pictures to choose between, whose true strengths are known."""

import contextlib
import hashlib
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fake_runs import write_run
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from servers import running

from nst.choose.pictures import groups
from nst.choose.server import Server
from nst.choose.session import Session
from nst.report.reading import runs_in

#: What no voter may see: a key's value, a folder's name, a text of the PNG.
SECRETS = ("31337", "topsecret", "seed")
APART = 1.5  # log-odds from one picture to the next


def a_sweep(
    folder: Path, count: int = 8, shape: tuple[int, int] = (48, 32), style: str = "night"
) -> None:
    """Write runs of flat colors; those that are later by name are the stronger ones."""
    folder.mkdir(exist_ok=True)
    photograph = folder / "photograph.png"
    Image.new("RGB", (30, 20), (9, 99, 199)).save(photograph)
    sums = {
        "content": hashlib.sha256(photograph.read_bytes()).hexdigest(),
        "style": hashlib.sha256(style.encode()).hexdigest(),
        "network": "",
    }
    titles = {"content": "A photograph (by me)", "style": style, "network": "vgg16"}
    sources = {
        key: {"used": titles[key], "title": titles[key], "sha256": sums[key]} for key in sums
    }
    for number in random.Random(5).sample(range(count), count):
        run = folder / f"topsecret{number}"
        beta = float(f"{number + 1}31337")
        changes: dict[str, Any] = {
            "sources": sources,
            "content.path": str(photograph),
            "style": style,
        }
        write_run(run, None, shape, beta=beta, metrics={"ssim": number / 10}, **changes)
        words = PngInfo()
        words.add_text("nst:config", f"topsecret seed {beta}")
        color = (20 * number, 255 - 20 * number, 90)
        Image.new("RGB", shape, color).save(run / "result.png", pnginfo=words)


def a_session(folder: Path, voter: str = "Ann") -> Session:
    """Return a voter's session with a fixed choice between pairs that tell as much."""
    runs, _, base = runs_in([folder])
    found, _ = groups(runs)
    return Session(found, base, voter, seed=0)


def numbers(session: Session) -> dict[str, int]:
    """Return each picture's place in the true order, by its blind name."""
    return {
        picture.name: int(picture.run.name.rpartition("topsecret")[2])
        for group in session.groups
        for picture in group.pictures
    }


class Taste:
    """Answers as a person of known strengths does, with errors and ties (Davidson's, 0.5)."""

    def __init__(self, session: Session, seed: int = 1):
        self._of, self._random = numbers(session), random.Random(seed)

    def answer(self, left: str, right: str) -> str:
        half = APART * (self._of[left] - self._of[right]) / 2
        weights = (math.exp(half), 0.5, math.exp(-half))
        return self._random.choices(("left", "tie", "right"), weights)[0]


def voted(session: Session, count: int, browser: str = "one") -> None:
    """Vote as a person does."""
    taste, shown = Taste(session), session.show(browser)
    for _ in range(count):
        answer = taste.answer(shown["left"], shown["right"])
        shown = session.vote(browser, shown["ballot"], answer)


@contextlib.contextmanager
def served(session: Session) -> Iterator[Server]:
    """Serve a session's page at a port that is free."""
    with running(Server(session)) as server:
        yield server
