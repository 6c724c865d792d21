"""Values of the configuration as a person would type or print them, and their order."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from nst.config.schema import entries
from nst.networks.spec import NETWORKS

#: Every network's layers by their place in the computation, in the longest network that has them.
_DEPTH = {
    name: place
    for network in sorted(NETWORKS.values(), key=lambda network: len(network.layers))
    for place, name in enumerate(network.layer_names)
}
_LONGEST = 200


def number(value: float, digits: int = 17) -> str:
    """Return a number as a person types it, in the shorter of its two forms: 0.5, 1e-4, 1e3, 256.

    Args:
      value: whole numbers that are ints stay as they are: a size is 1000, not 1e3.
      digits: significant ones.
    """
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else f"{value:.3e}" if value < 10**300 else "huge"
    if not math.isfinite(value):
        return str(value)
    plain, mantissa, power = _parts(value, digits)
    short = f"{mantissa}e{power}"
    return plain if len(plain) <= len(short) else short


def numbers(values: Sequence[float], digits: int = 17) -> list[str]:
    """Return the numbers of an axis in one format: 10⁻⁴, 10⁻³; 900, 1000; 3.333×10⁻³, 3.333×10⁻².

    Args:
      values: that stand side by side.
      digits: significant ones.
    """
    if all(isinstance(value, int) for value in values) or not all(map(math.isfinite, values)):
        return [number(value, digits) for value in values]
    parts = [_parts(value, digits) for value in values]
    longest = max(len(plain.lstrip("-")) for plain, _, _ in parts)
    powers = all(mantissa.lstrip("-") in "01" for _, mantissa, _ in parts)
    short = max(map(abs, values)) < _LARGE and longest <= _LONGEST_PLAIN
    if longest <= _SHORT or (short and not powers):
        return [plain for plain, _, _ in parts]
    decimals = max(len(mantissa.partition(".")[2]) for _, mantissa, _ in parts)
    return [_power(mantissa, power, decimals) for _, mantissa, power in parts]


def power(value: float, digits: int) -> str:
    """Return a finite number with all these digits and a power of ten: 1.20×10⁵.

    Args:
      value: of any size.
      digits: significant ones.
    """
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_RAISED)}" if value else "0"


#: Letters of a power that are written plainly: 1000 and 0.01 need no exponent.
_SHORT = 4
#: Letters of any other number that are, and where it begins to be large.
_LONGEST_PLAIN, _LARGE = 7, 1e5
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _parts(value: float, digits: int) -> tuple[str, str, int]:
    """Return a finite number written out, and its mantissa and power of ten."""
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0:
        return "0", "0", 0
    decimal = Decimal(repr(rounded)).normalize()
    sign, figures, exponent = decimal.as_tuple()
    mantissa = str(figures[0]) + ("." + "".join(map(str, figures[1:])) if figures[1:] else "")
    return f"{decimal:f}", ("-" if sign else "") + mantissa, int(exponent) + len(figures) - 1


def _power(mantissa: str, power: int, decimals: int) -> str:
    raised = f"10{str(power).translate(_RAISED)}"
    if mantissa == "0" or (mantissa in ("1", "-1") and not decimals):
        return {"0": "0", "1": raised, "-1": f"-{raised}"}[mantissa]
    whole, _, rest = mantissa.partition(".")
    return f"{whole}{'.' * bool(decimals)}{rest.ljust(decimals, '0')}×{raised}"


def layers(weights: dict[str, float], digits: int = 17) -> str:
    """Return layers and weights in short: "conv1_1 to conv4_1", "conv1_1 0.8 + conv2_1 0.2".

    Args:
      weights: by layer, or by style image; one of weight 0 has no part in the loss and is left out.
      digits: significant ones of the weights.
    """
    parts = sorted(((name, weight) for name, weight in weights.items() if weight), key=_deep)
    names = [name for name, _ in parts]
    if not parts:
        return "none"
    alike = len({weight for _, weight in parts}) == 1
    alike &= len(parts) == 1 or all(
        map(_is_layer, names)
    )  # "scream starry" would be one style image
    whole = abs(sum(weight for _, weight in parts) - 1) < 1e-6
    if not alike or (len(parts) == 1 and not whole):
        return " + ".join(f"{name} {number(weight, digits)}" for name, weight in parts)
    chains = [[f"{kind}{block}_1" for block in range(1, len(names) + 1)] for kind in _KINDS]
    short = f"{names[0]} to {names[-1]}" if len(names) > 1 and names in chains else " ".join(names)
    return short if whole else f"{short}, {number(parts[0][1], digits)} each"


_KINDS = ("conv", "relu")


def label(value: Any, digits: int = 17) -> str:
    """Return any value of a configuration as text.

    Args:
      value: as read from a record.
      digits: significant ones of a number.
    """
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return number(value, digits)
    text = layers(value, digits) if isinstance(value, dict) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def shown(value: Any, digits: int = 17) -> str:
    """Return any value of a configuration as a sheet shows it: 10⁻⁴ where `label` has 1e-4.

    Args:
      value: as read from a record.
      digits: significant ones of a number.
    """
    return numbers([value], digits)[0] if isinstance(value, float) else label(value, digits)


def title(key: str) -> str:
    """Return what a key is called on an axis, "TV weight gamma" say."""
    return (entries()[key].key.label if key in entries() else "") or key


def place(value: Any) -> tuple[Any, ...] | None:
    """Return what sorts a value: numbers by size, layers by depth; none for text, as first seen.

    Args:
      value: as read from a record.
    """
    if isinstance(value, bool):
        return (0, float(value))
    if isinstance(value, int | float) and value == value:
        return (0, value)
    if not isinstance(value, dict):
        return None
    if not any(map(_is_layer, value)):
        # Style images, by the weight of the first and so on: from one style image to the other.
        return (2, tuple(sorted(value)), tuple(value[name] for name in sorted(value)))
    parts = sorted(((name, weight) for name, weight in value.items() if weight), key=_deep)
    depths = [_deep(part) for part in parts]
    # The deepest layer first: it says how large the features are.
    return (1, depths[-1:], depths, [weight for _, weight in parts])


def _is_layer(name: str) -> bool:
    return name in _DEPTH


def _deep(part: tuple[str, float]) -> tuple[int, str]:
    return (_DEPTH.get(part[0], len(_DEPTH)), part[0])
