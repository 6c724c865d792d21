"""The keys in which runs differ: their labels and order; alpha and beta as one ratio."""

import math
from collections.abc import Hashable, Sequence
from typing import Any

from nst.base.errors import UserError, did_you_mean
from nst.report import labels
from nst.report.summary import Key
from nst.rundir.runs import Run

#: Significant digits tried for the labels of numbers until all of them differ.
_DIGITS = (4, 6, 9, 17)
RATIO = "alpha/beta"
#: What a preset never sets, and so never explains.
_NO_PRESETS = ("preset", "content", "style", "style.blend", "network", "seed", "color")


def varying(runs: list[Run]) -> list[Key]:
    """Return the keys that tell `runs` apart, alpha and beta as one ratio where that is enough.

    Args:
      runs: in the order in which texts shall stand.
    """
    explained = _explained(runs)
    found = [key(name, runs) for name in differing(runs) if name not in explained]
    ratio = _ratio(runs)
    if ratio is None or "beta" in explained or "alpha" in explained:
        return found
    both = [one.name for one in found if one.name in ("alpha", "beta")]
    kept = [ratio if one.name == both[0] else one for one in found]
    return [one for one in kept if one.name not in both]


def key(name: str, runs: list[Run]) -> Key:
    """Return a key of the configuration with the labels of all its values.

    Args:
      name: dotted, "tv.gamma"; a run without it counts as "none".
      runs: in the order in which texts shall stand.
    """
    return _key(name, {run.name: run.values.get(name) for run in runs})


def named(option: str, name: str, runs: list[Run], keys: Sequence[Key]) -> Key:
    """Return the key that an option names: one that varies, or that a preset explains.

    Args:
      option: "--rows".
      name: dotted, "tv.gamma".
      runs: in which it is to vary.
      keys: that vary.

    Raises:
      UserError: there is no such key, or it has one value in all runs.
    """
    names = [one.name for one in keys]
    if name in names:
        return keys[names.index(name)]
    if any(name in run.values for run in runs):
        found = key(name, runs)
        if len(found.values) > 1:
            return found
        problem = f"{name} is {(found.typed or found.values)[0]} in all runs"
    else:
        problem = f"there is no key {name!r}{did_you_mean(name, names)}"
    raise UserError(f"{option}: {problem}; {listed(names)}")


def listed(names: Sequence[str]) -> str:
    """Return which keys vary, as an error says it.

    Args:
      names: of the keys, dotted.
    """
    if not names:
        return "no key varies"
    what = "keys that vary are" if len(names) > 1 else "the only key that varies is"
    return f"{what} {', '.join(names)}"


def fixed(runs: list[Run]) -> dict[str, Any]:
    """Return the keys that have one value in all `runs`, with that value."""
    several = set(differing(runs))
    first = runs[0].values if runs else {}
    return {name: value for name, value in first.items() if name not in several}


def differing(runs: list[Run]) -> list[str]:
    """Return the keys that have several values in `runs`, in the order of the schema."""
    names = dict.fromkeys(name for run in runs for name in run.values)
    return [name for name in names if _differs([run.values.get(name) for run in runs])]


def _explained(runs: list[Run]) -> set[str]:
    """Return the keys that have one value in all runs of each preset: the preset says it all."""
    presets: dict[Any, list[Run]] = {}
    for run in runs:
        presets.setdefault(run.values.get("preset"), []).append(run)
    if len(presets) == 1 or None in presets:
        return set()
    inside = {name for several in presets.values() for name in differing(several)}
    return set(differing(runs)) - inside - set(_NO_PRESETS)


def _differs(values: Sequence[Any]) -> bool:
    first, kind = values[0], type(values[0])
    # Most are equal in type and value, which is quick to see.
    others = [one for one in values if type(one) is not kind or one != first]
    return any(_same(one) != _same(first) for one in others)


def _same(value: Any) -> Hashable:
    """Return what is equal for equal values; 1 and 1.0 are, 1 and True are not."""
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    return (isinstance(value, bool), value)


def _key(name: str, values: dict[str, Any]) -> Key:
    distinct = {_same(value): value for value in reversed(values.values())}
    first_seen = list(dict.fromkeys(_same(value) for value in values.values()))
    places = {same: labels.place(distinct[same]) for same in first_seen}
    ordered = [same for same in first_seen if places[same] is not None]
    ordered.sort(key=lambda same: places[same] or ())
    ordered += [same for same in first_seen if places[same] is None]
    texts, typed = _texts([distinct[same] for same in ordered])
    of_value = dict(zip(ordered, texts, strict=True))
    return Key(
        name=name,
        title=labels.title(name),
        values=texts,
        of={run: of_value[_same(value)] for run, value in values.items()},
        numbers=_numbers([distinct[same] for same in ordered]),
        typed=typed,
    )


def _texts(values: list[Any]) -> tuple[list[str], list[str]]:
    """Return for each value a label, and what one types; with as few digits as keep them apart."""
    numbers = _numbers(values) is not None
    for digits in _DIGITS:
        typed = [labels.label(value, digits) for value in values]
        texts = labels.numbers(values, digits) if numbers else [*typed]
        if len(set(texts)) == len(texts):
            return texts, typed
    counts: dict[str, int] = {}
    for place, text in enumerate(texts):
        counts[text] = counts.get(text, 0) + 1
        if counts[text] > 1:
            texts[place] = f"{text} ({counts[text]})"
    return texts, texts


def _numbers(values: list[Any]) -> list[float] | None:
    numbers = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
            return None
        numbers.append(float(value))
    return numbers


def _ratio(runs: list[Run]) -> Key | None:
    """Return the key alpha/beta where each ratio stands for one pair of weights, else none."""
    pairs = {}
    for run in runs:
        pair = run.values.get("alpha"), run.values.get("beta")
        numbers = _numbers(list(pair))
        if numbers is None or not all(map(math.isfinite, numbers)) or numbers[1] == 0:
            return None
        # To 12 digits, since 1/3 and 2/6 may differ in the last.
        pairs[run.name] = (float(f"{numbers[0] / numbers[1]:.12g}"), tuple(numbers))
    ratios = {ratio for ratio, _ in pairs.values()}
    if not 1 < len(ratios) == len({pair for _, pair in pairs.values()}):
        return None
    return _key(RATIO, {run: ratio for run, (ratio, _) in pairs.items()})
