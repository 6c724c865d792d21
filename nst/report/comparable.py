"""What a number of a run belongs to, so that it isn't compared where that says nothing."""

from collections.abc import Collection, Mapping
from typing import Any

from nst.metrics.registry import OF_A_PAIR, described

#: What a loss is made of; its own weights, alpha, beta and gamma, are no part of an unweighted one.
_OF_A_LOSS = (
    "content",
    "style",
    "network",
    "pooling",
    "padding",
    "bias_scale",
    "size",
    "scales",
    "preset",
    "color",
)
_OF_ONE = {
    "total": ("alpha", "beta", "alpha/beta", "tv", "same_look"),
    "tv": ("tv.form", "tv.exponent", "tv.reduction"),
}
_CALLED = {"content": "content image", "style": "style image", "style.blend": "blend of styles"}


def of_one(metric: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """Return the keys between whose values a number doesn't compare, of those named.

    Args:
      metric: as nst.report.compared lists it.
      names: dotted keys, such as those that vary.
    """
    if metric["group"] == "metrics":
        known = described(metric["name"])
        within = known.within if known else OF_A_PAIR
        return [name for name in names if name in within]
    if metric["group"] == "time":
        return []
    parts = (*_OF_A_LOSS, *_OF_ONE.get(metric["name"], ()))
    return [name for name in names if name in parts or name.partition(".")[0] in parts]


def reason(metric: Mapping[str, Any], name: str) -> str:
    """Return why a number isn't compared from one value of a key to another.

    Args:
      metric: as nst.report.compared lists it.
      name: the dotted key, one that `of_one` returns.
    """
    if metric["group"] == "metrics":
        what = _CALLED.get(name, name)
        return f"The {metric['title']} of one {what} does not compare with that of another."
    return f"The {metric['title']} is a different sum for each {name}, so it is not compared here."
