"""Several style images at once: which they are, with which weights or places, where they come from.

The style loss of a blend is the mean of the style losses towards its style images, by weight; or
each region of the picture has one of them.
Imports nothing heavy, so that a refused blend answers at once.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from nst.base import home
from nst.base.errors import UserError, did_you_mean
from nst.config import named, places
from nst.config.groups import Source, Style
from nst.config.weighted import weights_by_name

KEY = "style.blend"


class StyleImage(NamedTuple):
    """One style image of a run, before its file is found."""

    source: Source
    path: str | None  # a user's own file, which wins over the source
    key: str  # the configuration key that messages name


def checked(style: Style) -> dict[str, float] | dict[str, str] | None:
    """Return the weights of a blend by style image, sum 1 and in the order of names; or None.

    Where it has places instead, these.

    Args:
      style: as composed; its `blend` holds names in conf/style/ and the user's own files.

    Raises:
      UserError: a name is unknown, a weight not allowed, or one style image is given by style.path.
    """
    if style.blend is None:
        return None
    if style.path is not None:
        raise UserError(
            f"style.path={style.path} gives one painting and {KEY} several: put the file into "
            f"{KEY}, {{{style.path}: 0.5, starry: 0.5}}"
        )
    names = _names(style)

    def check(name: str) -> None:
        if not (is_file(name) or name in names):
            raise UserError(
                f"{KEY}: there is no painting {name!r}{did_you_mean(str(name), names)}; there are "
                f"{', '.join(names)}, and files of your own by their path, ./mine.jpg"
            )

    if by_place := places.given(style.blend):
        for name in by_place:
            check(name)
        found = places.checked(KEY, by_place)
        return {home.short(name) or name: found[name] for name in sorted(found)}
    given = weights_by_name(KEY, style.blend, "painting", "starry", check)
    weights = {home.short(name) or name: weight for name, weight in given.items()}
    # Scaled first, since the sum of large weights may overflow.
    largest = max(weights.values())
    total = sum(weight / largest for weight in weights.values())
    # One order for one set: the same style images in another order reuse the compiled program. To
    # 12 digits, so that 7 to 3 is 0.7 to 0.3.
    return {name: float(f"{weights[name] / largest / total:.12g}") for name in sorted(weights)}


def style_images(style: Style) -> dict[str, StyleImage]:
    """Return the style images of a checked `style`: "style", or "style/NAME" for each of a blend.

    A blend of one style image is that style image.
    """
    if style.blend is None:
        return {"style": StyleImage(style.source, style.path, "style.path")}
    found = {f"style/{name}": _style_image(name, style) for name in style.blend}
    return found if len(found) > 1 else {"style": found.popitem()[1]}


def means(
    weights: Iterable[float], each: Iterable[Mapping[str, float | None]]
) -> dict[str, float | None]:
    """Return a picture's metrics: the means, by weight, of those against each style image.

    Args:
      weights: of the style images, above 0.
      each: metrics by name; None where a style image has none, which then has no mean.
    """
    pairs = list(zip(weights, each, strict=True))
    if len(pairs) == 1:
        return dict(pairs[0][1])
    found: dict[str, float | None] = {}
    for name in pairs[0][1]:
        parts = [(weight, metrics[name]) for weight, metrics in pairs]
        known = [weight * value for weight, value in parts if value is not None]
        found[name] = sum(known) if len(known) == len(parts) else None
    return found


def is_file(name: str) -> bool:
    """Return whether a style image of a blend is a file of the user's own rather than a name."""
    return "/" in str(name) or "." in str(name)


def _style_image(name: str, style: Style) -> StyleImage:
    if is_file(name):
        return StyleImage(Source(name=name), name, KEY)
    # What `style=` chose may have been changed on the command line, or lie in a --config-dir.
    source = style.source if name == style.source.name else named.source("style", name)
    assert source is not None  # as checked
    return StyleImage(source, None, KEY)


def _names(style: Style) -> list[str]:
    return sorted({*named.files("style"), style.source.name})
