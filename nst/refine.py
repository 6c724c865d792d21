"""``nst refine RUN_DIR KEY ...``: the next finer grid around a run."""

import math
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from nst.base.commands import ended
from nst.base.errors import UserError, did_you_mean
from nst.config.keys import Key
from nst.config.schema import entries, keys
from nst.report.labels import number
from nst.rundir import reader, record_of
from nst.rundir.runs import Run

HELP = """\
Print the next finer grid around a run, or run it.

  nst refine RUN_DIR [KEY ...]

The runs beside it that differ from it in a key alone decide how far the new values of that key lie
apart: half as far, on a log axis where the key has one. At the edge of its grid the new one goes on
beyond it. Without such runs it goes a factor of 3 to either side. All else stays as it is.
  nst refine outputs/default/2026-11-26_10-00-00/3 tv.gamma beta
  nst refine RUN_DIR                       every number that varies beside it
  nst refine RUN_DIR beta --run size=512   runs it, with changes"""

#: To either side, where nothing says how far.
FACTOR = 3.0
#: Of numbers between fixed ends, where nothing says how far: a share of the whole way.
SHARE = 0.1
_DIGITS = 3


def main() -> None:
    """Print or run what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    arguments = sys.argv[1:]
    if not arguments or {"-h", "--help"} & set(arguments):
        print(HELP)
        return
    with ended():
        command = _command(arguments)
        print(shlex.join(["nst", "rerun", *command]), flush=True)
    if "--run" in arguments:
        from nst.rerun.__main__ import main as rerun

        sys.argv[1:] = command
        rerun()


def _command(arguments: Sequence[str]) -> list[str]:
    """Return the words after ``nst rerun`` that run the finer grid."""
    words = [one for one in arguments if one != "--run"]
    folder, names = words[0], [one for one in words[1:] if "=" not in one]
    changes = [one for one in words[1:] if "=" in one]
    for one in (folder, *names):
        if one.startswith("-") or "=" in one:
            raise UserError(f"nst refine RUN_DIR KEY ... takes no {one}; its option is --run")
    path = Path(os.path.expanduser(folder))
    config = _dotted(record_of.run(path)["config"])
    beside = _beside(path)
    names = names or _varying(config, beside)
    if not names:
        raise UserError(
            f"which keys? no number varies among the runs beside {folder}: nst refine {folder} beta"
        )
    axes = {name: _axis(name, config, beside, folder) for name in names}
    found = [f"{name}={','.join(number(one) for one in axis)}" for name, axis in axes.items()]
    # Those of its own sweep that are among them are not computed again.
    reuse = [f"sweep.reuse={_above(path)}"] if beside and not changes else []
    return [folder, "-m", *found, *changes, *reuse]


def _above(folder: Path) -> str:
    above = folder.absolute().parent
    return str(above) if folder.is_absolute() else os.path.relpath(above)


def finer(value: float, others: Sequence[float], key: Key) -> list[float]:
    """Return the values of the next finer grid around one, itself among them.

    Args:
      value: of the run.
      others: of the runs beside it.
      key: whose values they are; where it has both ends near, the axis is even, else in factors.
    """
    even = key.high <= 255
    low = max((one for one in others if one < value), default=None)
    high = min((one for one in others if one > value), default=None)
    if even:
        found = _even(value, low, high, key)
    elif value == 0:
        assert high is not None
        found = [0.0, high / FACTOR**2, high / FACTOR]
    else:
        found = _in_factors(value, low or None, high)
    return _rounded(found, value, key)


def _in_factors(value: float, low: float | None, high: float | None) -> list[float]:
    if low is None and high is None:
        return [value / FACTOR, value, value * FACTOR]
    below = value / low if low else high / value  # type: ignore[operator]
    above = high / value if high else below
    # Beyond the edge it goes one step of the old grid, in two of the new one.
    return [
        *([] if low else [value / below]),
        value / math.sqrt(below),
        value,
        value * math.sqrt(above),
        *([] if high else [value * above]),
    ]


def _even(value: float, low: float | None, high: float | None, key: Key) -> list[float]:
    if low is None and high is None:
        step = SHARE * (key.high - (key.low or 0))
        return [value - step, value, value + step]
    below = value - low if low is not None else high - value  # type: ignore[operator]
    above = high - value if high is not None else below
    return [
        *([] if low is not None else [value - below]),
        value - below / 2,
        value,
        value + above / 2,
        *([] if high is not None else [value + above]),
    ]


def _rounded(values: Sequence[float], value: float, key: Key) -> list[float]:
    """Return values in the key's range, each once, as a person would type them."""
    found = []
    for one in values:
        near = one if one == value else float(f"{one:.{_DIGITS}g}")
        near = round(near) if key.whole else near
        inside = key.low is None or (near > key.low if key.above else near >= key.low)
        if inside and (near < key.high if key.below else near <= key.high):
            found.append(near)
    return sorted({value, *found})


def _axis(
    name: str, config: Mapping[str, Any], beside: Sequence[Mapping[str, Any]], folder: str
) -> list[float]:
    key = _number_key(name)
    value = config.get(name)
    if not _is_number(value):
        raise UserError(f"{name} is {value} in {folder}, and a finer grid needs a number")
    others = _neighbors(name, config, beside)
    if value == 0 and key.high > 255 and not any(one > 0 for one in others):
        some = "1,10,100" if name == "tv.gamma" else "0.1,1,10"
        raise UserError(
            f"{name} is 0 in {folder} and no run beside it has more, so that nothing says how "
            f"much is little: nst rerun {folder} -m {name}={some}"
        )
    axis = finer(value, others, key)
    if len(axis) < 2:
        raise UserError(f"{name}={number(value)}: there is no value between it and its neighbors")
    return axis


def _neighbors(
    name: str, config: Mapping[str, Any], beside: Sequence[Mapping[str, Any]]
) -> list[float]:
    """Return the values of a key in the runs that differ from a run in it alone."""
    return [
        one[name]
        for one in beside
        if _is_number(one.get(name))
        and one[name] != config[name]
        and all(config[k] == one.get(k) for k in config if k != name)
    ]


def _number_key(name: str) -> Key:
    """Return what is known of a key that has a number to refine.

    Raises:
      UserError: it has none.
    """
    if name not in keys():
        raise UserError(
            f"there is no key {name!r}{did_you_mean(name, keys())}; `nst run --help` lists the keys"
        )
    key = entries()[name].key
    if key.low is None or key.role != "picture" or name == "seed":
        what = "a draw" if name == "seed" else "a choice"
        raise UserError(
            f"{name} is {what}, which a finer grid leaves as it is: give numbers, beta tv.gamma"
        )
    return key


def _varying(config: Mapping[str, Any], beside: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys of numbers that vary beside a run: as axes of a grid, or else at all."""
    numbers = [
        name
        for name in keys()
        if name != "seed"
        and entries()[name].key.low is not None
        and entries()[name].key.role == "picture"
        and _is_number(config.get(name))
    ]
    axes = [name for name in numbers if _neighbors(name, config, beside)]
    return axes or [
        name for name in numbers if any(config[name] != one.get(name) for one in beside)
    ]


def _beside(folder: Path) -> list[Mapping[str, Any]]:
    """Return the settings of the other runs of a run's sweep."""
    found: list[Mapping[str, Any]] = []
    for record in folder.absolute().parent.glob("*/run.json"):
        if record.parent != folder.absolute():
            run = reader.read(record.parent, record.parent.name)
            if isinstance(run, Run):
                found.append(_dotted(record_of.run(record.parent)["config"]))
    return found


def _dotted(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the keys of a recorded configuration that the picture depends on."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        key = f"{prefix}{name}"
        known = entries().get(key)
        if known and known.key.role in ("beside", "note"):
            continue
        if isinstance(value, dict) and key not in keys():
            found |= _dotted(value, f"{key}.")
        else:
            found[key] = value
    return found


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


if __name__ == "__main__":
    main()
