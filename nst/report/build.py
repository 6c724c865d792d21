"""From folders with runs to the files of their report."""

import dataclasses
import os
import re
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from nst.base.commands import say_line
from nst.base.errors import UserError
from nst.report import (
    animate,
    axes,
    contact,
    figures,
    live,
    notes,
    own,
    page,
    search,
    search_words,
    table,
    thumbnails,
    vote_words,
    voted,
)
from nst.report.caption import counted, sheet
from nst.report.layout import arrange
from nst.report.reading import runs_in
from nst.report.summary import Report
from nst.rundir import planned
from nst.rundir.runs import Broken, RecordedSource, Run


def write(
    folders: Sequence[Path],
    rows: str | None = None,
    cols: str | None = None,
    cell: int | None = None,
    out: Path | None = None,
    animation: str | None = None,
    format: str = "png",
    metric: str | None = None,
    bare: bool = False,
) -> Report:
    """Write grid.png, or grid.pdf or grid.svg, with index.html and metrics.csv.

    Args:
      folders: with runs at any depth.
      rows: key of the grid's rows; none: chosen.
      cols: key of the grid's columns; none: chosen.
      cell: long edge of the grid's pictures in pixels; none: as fits.
      out: folder to write into; none: the deepest that `folders` have in common.
      animation: "webp" or "gif", written into each run's folder; none: no animations.
      format: of the grid, one of `nst.report.draw.FORMATS`.
      metric: whose number stands below each of the grid's pictures; none: none.
      bare: leave out the grid's title and the settings that all runs share.

    Raises:
      UserError: there are no runs, a key or the metric is unknown, the folder can't be written, or
        what a report would replace is not nst's.
    """
    number = figures.asked(metric)
    found, broken, base = runs_in(folders)
    begun = [run.folder for run in found] + [one.folder for one in broken]
    found = live.pictured(found)
    votes = voted.read(folders, base, found)
    found = voted.added(found, votes)
    figures.check(number, found)
    root = Path(os.path.abspath(out)) if out else base
    layout = arrange(found, rows, cols)  # first of all, so that a misspelt key answers at once
    name = f"grid.{format}"
    own.check(root, (name, *own.FILES[1:]))
    try:
        with warnings.catch_warnings(action="ignore"):  # Pillow's, of pictures that are read anyway
            report, pictures = _gather(found, broken, base, root, animation)
            report = dataclasses.replace(
                report,
                sheet=name,
                found=search.of(report.runs, report.keys),
                chosen=layout.chosen,
                waiting=planned.waiting(folders, begun),
                voted=votes,
            )
            if number:
                layout = figures.below(layout, number)
            contact.write(root / name, report, sheet(report, layout, pictures, bare), cell)
            table.write(root / "metrics.csv", report)
            page.write(root / "index.html", report)
    except OSError as error:
        raise UserError(
            f"{root} can't be written ({error}): name another folder with --out"
        ) from error
    return report


def drawn(
    runs: Sequence[Run],
    rows: str | None = None,
    cols: str | None = None,
    cell: int | None = None,
    title: str | None = None,
) -> bytes:
    """Return a grid as `write` draws it, a PNG, and leave no file.

    Args:
      runs: one at least.
      rows: key of the grid's rows; none: chosen.
      cols: key of the grid's columns; none: chosen.
      cell: long edge of the grid's pictures in pixels; none: as fits.
      title: of the grid; none: the name of the folder that the runs lie in.

    Raises:
      UserError: a key is unknown or doesn't vary.
    """
    found = list(runs)
    layout = arrange(found, rows, cols)
    base = Path(os.path.commonpath([run.folder.parent for run in found]))
    with tempfile.TemporaryDirectory(prefix="nst-") as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report, pictures = _gather(found, [], base, Path(name), None)
        report = dataclasses.replace(report, title=title or report.title)
        path = Path(name) / "grid.png"
        contact.write(path, report, sheet(report, layout, pictures), cell)
        return path.read_bytes()


def say(report: Report) -> None:
    """Print how the runs of a report ended, and where it is."""
    print(counted(report.runs, report.waiting))
    for note in notes.notes(report.runs):
        say_line(note)
    for line in search_words.lines(report.found) if report.found else []:
        say_line(line)
    for line in vote_words.lines(report):
        say_line(line)
    for one in report.broken[:10]:
        say_line(f"can't be read: {os.path.relpath(one.folder, report.root)}: {one.reason}")
    if len(report.broken) > 10:
        print(f"and {len(report.broken) - 10} more that can't be read")
    for name, why in list(report.still.items())[:10]:
        say_line(f"not animated: {name}: {why}")
    if len(report.still) > 10:
        print(f"and {len(report.still) - 10} more that are not animated")
    for name in (report.sheet, *own.FILES[1:]):
        say_line(os.path.relpath(report.root / name))


def _gather(
    found: list[Run], broken: list[Broken], base: Path, root: Path, animation: str | None
) -> tuple[Report, dict[str, dict[str, tuple[str, Path]]]]:
    """Return the report with its thumbnails, and title and thumbnail of what was used by name."""
    small, bad = thumbnails.of_runs(found, root)
    # A picture that can't be read is none, and the run says why.
    whole = [
        dataclasses.replace(run, picture=None, error=run.error or bad[run.name])
        if run.name in bad
        else run
        for run in found
    ]
    pictures = {
        key: thumbnails.of_sources(used(whole, key), key, root) for key in ("content", "style")
    }
    served = [path for of_key in pictures.values() for _, path in of_key.values()]
    large = _large(whole, pictures, root)
    thumbnails.sweep(root, [*small.values(), *served, *large.values()])
    report = Report(
        title=_title(base),
        root=root,
        runs=whole,
        broken=broken,
        keys=axes.varying(whole),
        thumbnails=small,
        content=_titled(whole, "content", pictures["content"]),
        style=_titled(whole, "style", pictures["style"]),
        large=large,
        progress=live.progress(whole),
        still=animate.write(whole, animation) if animation else {},
    )
    return report, pictures


def _large(
    runs: list[Run], pictures: dict[str, dict[str, tuple[str, Path]]], root: Path
) -> dict[Path, Path]:
    """Return the larger picture of what was used, by its thumbnail."""
    found: dict[Path, Path] = {}
    for key, small in pictures.items():
        large = thumbnails.of_sources(used(runs, key), key, root, thumbnails.LARGE)
        found |= {small[name][1]: path for name, (_, path) in large.items() if name in small}
    return found


def _titled(
    runs: list[Run], key: str, pictures: dict[str, tuple[str, Path]]
) -> list[tuple[str, Path]]:
    """Return titles and thumbnails; a fallback's title begins with what it replaces."""
    titled = []
    for name, (title, path) in pictures.items():
        replaced = notes.in_place_of(runs, key, name)
        titled.append(
            (f"{replaced[0].upper()}{replaced[1:]}: {title}" if replaced else title, path)
        )
    return titled


def used(runs: list[Run], group: str) -> list[tuple[RecordedSource, Path]]:
    """Return what was used for a group, each style image of a blend, with its run's folder."""
    return [
        (source, run.folder)
        for run in runs
        for key, source in run.sources.items()
        if key.partition("/")[0] == group
    ]


def _title(base: Path) -> str:
    """Return the folder's name; of a mere time or number, the parent's name and the time."""
    name = base.name or str(base)
    time = re.fullmatch(r"(\d{4}-\d\d-\d\d)_(\d\d)-(\d\d)-[\d-]+", name)
    if time and base.parent.name:
        name = f"{base.parent.name}, {time[1]} {time[2]}:{time[3]}"
    elif re.fullmatch(r"[\d_-]+", name) and base.parent.name:
        name = f"{base.parent.name}/{name}"
    return name.encode("utf-8", "backslashreplace").decode()
