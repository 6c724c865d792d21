"""The words of a contact sheet: title, settings that all runs share, names of what was used."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from nst.config.schema import Config
from nst.optimizers.table import OPTIMIZERS, readers
from nst.report import axes, labels
from nst.report.layout import Layout
from nst.report.live import Progress
from nst.report.notes import in_place_of, notes
from nst.report.summary import Report
from nst.rundir.run_json import STATUSES
from nst.rundir.runs import Run

#: The settings that a contact sheet names where all runs share them, and their words.
_FACTS = {
    "content": "content {}",
    "style": "style {}",
    "style.blend": "style {}",
    "network": "{}",
    "size": "{} px",
    "steps": "{} steps",
    "pooling": "{} pooling",
    "content.layers": "{title} {}",
    "style.layers": "{title} {}",
    "alpha": "alpha {}",
    "beta": "beta {}",
    "tv.gamma": "gamma {}",
    "optimizer.lr": "{title} {}",
    "seed": "seed {}",
}
#: Those that it names only where they are not at their default.
_CHANGED = {"padding": "{} padding", "keep": "{} check kept"}


@dataclass(frozen=True)
class Sheet:
    """What a contact sheet says and shows."""

    layout: Layout
    title: str
    facts: list[str]  # the settings that all runs share
    notes: list[str]  # sentences that a reader must know
    strip: list[tuple[str, Path]]  # caption and picture of what was used
    headers: dict[str, dict[str, Path]] = field(default_factory=dict)  # key -> label -> picture
    asked: dict[tuple[str, str], str] = field(default_factory=dict)  # key, label -> "in place of x"
    progress: dict[str, Progress] = field(default_factory=dict)  # run name -> how far it is


def sheet(
    report: Report,
    layout: Layout,
    pictures: dict[str, dict[str, tuple[str, Path]]],
    bare: bool = False,
) -> Sheet:
    """Return what the contact sheet of a report says and shows.

    Args:
      report: with its thumbnails.
      layout: of its runs.
      pictures: "content" and "style" -> name -> title and thumbnail of what was used.
      bare: without title and settings.
    """
    headed = {key.name for key in (layout.rows, layout.cols) if key}
    strip = [
        (
            f"{_role(report.runs, key, name)}: {short_title(title) if len(found) == 1 else name}",
            path,
        )
        for key, found in pictures.items()
        if key not in headed
        for name, (title, path) in found.items()
    ]
    headers = {
        key: {name: path for name, (_, path) in found.items()}
        for key, found in pictures.items()
        if key in headed
    }
    shown = [key for key, found in pictures.items() if found]
    said = notes(report.runs)
    if any(cell.others for panel in layout.panels for row in panel.cells for cell in row):
        said.append("+N: N further runs of the same settings.")
    asked = {
        (key.name, value): in_place_of(report.runs, key.name, value)
        for key in (layout.rows, layout.cols)
        if key
        for value in key.values
    }
    facts = [] if bare else _facts(report.runs, shown, report.waiting)
    title = "" if bare else report.title
    return Sheet(layout, title, facts, said, strip, headers, asked, report.progress)


def _role(runs: list[Run], key: str, name: str) -> str:
    return f"{key} {in_place_of(runs, key, name)}".rstrip()


def short_title(title: str) -> str:
    """Return a picture's title without photographer and license.

    Args:
      title: of a content or a style image.
    """
    return title.partition(" (")[0].partition(", painted by")[0]


def _facts(found: list[Run], shown: list[str], waiting: int) -> list[str]:
    fixed = axes.fixed(found)
    changed = {
        key: words
        for key, words in _CHANGED.items()
        if fixed.get(key) not in (None, getattr(Config, key))
    }
    named = [
        words.format(labels.shown(fixed[key], 4), title=labels.title(key))
        for key, words in (_FACTS | changed).items()
        if key in fixed and key not in shown and _is_read(key, fixed.get("optimizer"))
    ]
    return [counted(found, waiting), *named]


def _is_read(key: str, optimizer: str | None) -> bool:
    """Return whether a key means anything: every optimizer's are on record, read or not."""
    names = readers(key.removeprefix("optimizer."))
    return not names or optimizer not in OPTIMIZERS or optimizer in names


def counted(found: list[Run], waiting: int = 0) -> str:
    """Return how many runs there are, and how they ended where not all finished.

    Args:
      found: the runs.
      waiting: runs that are still to begin.
    """
    counts = Counter(run.status for run in found)
    text = f"{len(found)} of {len(found) + waiting}" if waiting else f"{len(found)}"
    text += f" run{'s' if len(found) + waiting > 1 else ''}"
    if not waiting and set(counts) == {"finished"}:
        return text
    return f"{text} ({', '.join(f'{counts[one]} {one}' for one in STATUSES if counts[one])})"
