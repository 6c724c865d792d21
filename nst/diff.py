"""``nst diff RUN RUN``: what differs between two runs; imports no JAX."""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nst.base.commands import Parser, ended, folder
from nst.base.errors import UserError, one_line
from nst.config.groups import Source
from nst.config.schema import role
from nst.images import files
from nst.report import labels
from nst.rundir import record_of
from nst.rundir.values import LONGEST, mapping, number, text

HELP = """\
Say what differs between two runs: settings, sources, versions, numbers, and the pictures.

  nst diff RUN_DIR RUN_DIR

Pictures are compared in gray levels, 0 to 255: the mean and the largest difference, and the share
of pixels that differ at all. Of two sizes the larger picture is scaled to the smaller one."""

#: What two records may differ in without being different runs, shown apart.
_BESIDE = ("beside", "note")
#: Keys of a source: what it was is among the sources.
_OF_A_SOURCE = {field.name for field in dataclasses.fields(Source)}
_DIGITS = 4


@dataclass(frozen=True)
class Pixels:
    """How far two pictures are apart."""

    same_bytes: bool  # of the files
    mean: float  # absolute difference in gray levels, over all channels
    largest: float
    share: float  # of the pixels that differ in any channel
    scaled: tuple[int, int] | None  # width and height at which they were compared; None: their own

    def __str__(self) -> str:
        """Return it as a sentence without an end."""
        if self.same_bytes:
            return "the same file, byte for byte"
        where = f"at {self.scaled[0]} x {self.scaled[1]} px, " if self.scaled else ""
        if not self.share:
            return f"{where}the same pixels, in files of other bytes"
        return (
            f"{where}gray levels differ by {self.mean:.3g} on average and {self.largest:.3g} at "
            f"most, in {100 * self.share:.3g} % of the pixels"
        )


def main() -> None:
    """Compare what the command line names; exit 0, or 1 for an error."""
    with ended():
        options = _parser().parse_args()
        for line in lines(*options.runs):
            print(line)


def lines(one: Path, other: Path) -> Iterator[str]:
    """Yield what differs between two runs, a line each.

    Args:
      one: folder of a run.
      other: folder of another.

    Raises:
      UserError: one holds no run that can be read.
    """
    first, second = record_of.run(one), record_of.run(other)
    yield f"{one} -> {other}"
    settings = list(_settings(first["config"], second["config"]))
    for title, them in (
        ("settings", [line for line, beside in settings if not beside]),
        ("settings that leave the picture as it is", [line for line, own in settings if own]),
        ("sources", list(_sources(first, second))),
        ("versions", list(_plain(first, second, ("versions", "device")))),
        ("numbers", list(_numbers(first, second))),
    ):
        if them:
            yield title
            yield from (f"  {line}" for line in them)
    same = first["config_hash"] is not None and first["config_hash"] == second["config_hash"]
    yield f"config hash: {'the same, which is to give the same picture' if same else 'different'}"
    lacking = [str(folder) for folder in (one, other) if not (folder / "result.png").is_file()]
    if lacking:
        yield f"pictures: there is no result.png in {' and '.join(lacking)}"
        return
    yield f"pictures: {pixels(one / 'result.png', other / 'result.png')}"


def pixels(one: Path, other: Path) -> Pixels:
    """Return how far two picture files are apart.

    Args:
      one: of them.
      other: of them; of two sizes the larger one is scaled to the smaller.

    Raises:
      UserError: one can't be read.
    """
    try:
        if one.read_bytes() == other.read_bytes():
            return Pixels(True, 0.0, 0.0, 0.0, None)
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from error
    first, second = (files.load(path, None, key=str(path)) for path in (one, other))
    scaled = None
    if first.shape != second.shape:
        small = min(first.shape, second.shape, key=lambda shape: shape[0] * shape[1])[:2]
        scaled = small[1], small[0]
        first, second = (files.load(path, small, key=str(path)) for path in (one, other))
    apart = np.abs(first - second)
    changed = (apart > 0).any(axis=-1)
    return Pixels(False, float(apart.mean()), float(apart.max()), float(changed.mean()), scaled)


def again(record: Path, run: Path) -> str:
    """Return a sentence that says whether a record that was run again gave the same picture.

    Args:
      record: folder of the run that was run again.
      run: folder of the new one.

    Raises:
      UserError: one of them can't be read.
    """
    before, after = record / "result.png", run / "result.png"
    if not before.is_file():
        return f"{before} isn't there, so nothing says whether this is the same picture"
    found = pixels(before, after)
    if found.same_bytes:
        return f"the same bytes as {before}"
    first, second = record_of.run(record), record_of.run(run)
    reasons = list(_plain(first, second, ("versions", "device")))
    lanes = mapping(first, "timings").get("lanes")
    if isinstance(lanes, int) and lanes > 1:
        reasons.append(f"the record's program computed {lanes} runs side by side")
    if first["config_hash"] != second["config_hash"]:
        reasons.append("its config hash is another: nst's numerics or its files have changed")
    because = f" ({'; '.join(reasons)})" if reasons else ""
    return f"not the same bytes as {before}: {found}{because}"


def _settings(
    one: Mapping[str, Any], other: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, bool]]:
    """Yield each key that differs as a line, and whether it leaves the picture as it is."""
    for name in {**one, **other}:
        key, mine, theirs = f"{prefix}{name}", one.get(name), other.get(name)
        if mine == theirs or (role(key) == "source" and name in _OF_A_SOURCE):
            continue
        whole = name in ("layers", "blend")
        if not whole and isinstance(mine, dict) and isinstance(theirs, dict):
            yield from _settings(mine, theirs, f"{key}.")
        else:
            yield _line(key, mine, theirs), role(key) in _BESIDE


def _sources(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    one, other = mapping(dict(first), "sources"), mapping(dict(second), "sources")
    for name in one | other:
        mine, theirs = mapping(one, name), mapping(other, name)
        if mine.get("sha256") != theirs.get("sha256"):
            yield _line(name, _file(mine), _file(theirs))
        elif mine.get("used") != theirs.get("used"):
            yield f"{_line(name, mine.get('used'), theirs.get('used'))}, the same bytes"


def _file(source: Mapping[str, Any]) -> str | None:
    sha256 = source.get("sha256")
    known = f" (sha256 {sha256[:8]}...)" if isinstance(sha256, str) and sha256 else ""
    return f"{source.get('used')}{known}" if source else None


def _plain(
    first: Mapping[str, Any], second: Mapping[str, Any], groups: tuple[str, ...]
) -> Iterator[str]:
    for group in groups:
        one, other = mapping(dict(first), group), mapping(dict(second), group)
        for name in one | other:
            if one.get(name) != other.get(name):
                shown = name if group == "versions" else f"{group} {name}"
                yield _line(shown, one.get(name), other.get(name))


def _numbers(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    if first["status"] != second["status"]:
        yield _line("status", first["status"], second["status"])
    for group in ("metrics", "best"):
        one, other = mapping(dict(first), group), mapping(dict(second), group)
        for name in one | other:
            mine, theirs = number(one.get(name)), number(other.get(name))
            if mine == theirs or "/" in name:  # a layer's
                continue
            shown = name if group == "metrics" else f"best {name}"
            yield _line(shown, mine, theirs, _DIGITS) + _change(mine, theirs)


def _change(mine: float | None, theirs: float | None) -> str:
    if not mine or theirs is None:
        return ""
    ratio = theirs / mine
    return f" ({100 * (ratio - 1):+.3g} %)" if 0 < ratio < 10 else f" ({ratio:.3g} times)"


def _line(name: str, mine: Any, theirs: Any, digits: int = 17) -> str:
    return f"{text(name)}: {_value(mine, digits)} -> {_value(theirs, digits)}"


def _value(value: Any, digits: int) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return labels.number(value, digits)
    if isinstance(value, dict):
        parts = (f"{text(k)} {_value(one, digits)}" for k, one in value.items())
        return ", ".join(parts)[:LONGEST] or "none"
    return "none" if value is None else one_line(text(value))


def _parser() -> Parser:
    parser = Parser("nst diff", HELP)
    parser.add_argument("runs", nargs=2, type=folder, metavar="RUN_DIR", help="folder of a run")
    return parser


def _path(given: str) -> Path:
    return Path(os.path.expanduser(given))


if __name__ == "__main__":
    main()
