"""What a run's files beside result.png take over from the content image's: colors, transparency."""

import functools
import logging

from nst.base.errors import UserError
from nst.config.output import Output
from nst.images import files, icc
from nst.images.output import NOTHING, Carried
from nst.sources.resolve import ResolvedSource

log = logging.getLogger("nst")


def carried(asked: Output, content: ResolvedSource, shape: tuple[int, ...]) -> Carried:
    """Return what files beside result.png take over from the content image's file.

    Args:
      asked: which files.
      content: the content image.
      shape: of the result, (H, W, 3).

    Raises:
      UserError: its ICC profile is asked for, and can't be read.
    """
    return _carried(asked.profile == "content", asked.transparency, content, (shape[0], shape[1]))


@functools.lru_cache(maxsize=8)
def _carried(
    profile: bool, transparency: bool, content: ResolvedSource, shape: tuple[int, int]
) -> Carried:
    if not (profile or transparency):
        return NOTHING
    picture = content.held
    if picture is None:
        picture = files.decoded(content.path, key="content.path")
    alpha = files.alpha(picture, shape) if transparency else None
    if transparency and alpha is None:
        log.warning("output.transparency=true changes nothing: %s is opaque", content.name)
    return Carried(_profile(picture.profile, content.name) if profile else None, alpha)


def _profile(data: bytes | None, name: str) -> bytes | None:
    if data is None:
        log.warning("output.profile=content: %s has no ICC profile, so colors stay sRGB", name)
        return None
    try:
        icc.check(data)
    except icc.UnfitError as error:
        log.warning(
            "output.profile=content: the ICC profile of %s %s, so colors stay sRGB", name, error
        )
        return None
    except ValueError as error:
        raise UserError(
            f"output.profile=content: the ICC profile of {name} can't be read ({error}): "
            "output.profile=srgb does without"
        ) from error
    return data
