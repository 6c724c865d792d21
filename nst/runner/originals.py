"""The content image and the style images of a run, as a tracker shows them."""

import contextlib
from pathlib import Path

import numpy as np

from nst.base.errors import UserError
from nst.config import blend
from nst.images import shapes
from nst.runner import pictures
from nst.runner.job import Place
from nst.runner.prepare import Prepared
from nst.sources.resolve import ResolvedSource
from nst.tracking import captions
from nst.tracking.tracker import Picture, told_apart


def originals(prepared: Prepared, place: Place) -> dict[str, Picture]:
    """Return a run's content image and style images at its size, as `Tracker.finish` takes them.

    Args:
      prepared: the run.
      place: of the run; one of a sweep has none, since the sweep shows each of them once.
    """
    if place.sweep:
        return {}
    keys = ["content", *blend.style_images(prepared.config.style)]
    images = [prepared.content_image, *prepared.style_images]
    return told_apart(
        (_name(prepared, key), _picture(prepared, key, image))
        for key, image in zip(keys, images, strict=True)
    )


def _name(prepared: Prepared, key: str) -> str:
    group, _, several = key.partition("/")
    return f"{group}/{Path(prepared.sources[key].name).stem}" if several else group


def _called(mask: ResolvedSource) -> str:
    return mask.name if shapes.is_shape(mask.name) else Path(mask.name).stem


def _picture(prepared: Prepared, key: str, image: np.ndarray) -> Picture:
    sources = prepared.sources
    source, mask = sources[key], sources.get(f"{key}_mask")
    asked = source.requested if source.fallback else None
    caption = captions.of_original(
        source.name, source.title, asked, _called(mask) if mask else None
    )
    with contextlib.suppress(UserError):  # a mask that has gone meanwhile costs no run its end
        if mask:
            found = pictures.mask(mask, source, image.shape, key)
            return Picture(image, caption, found.regions, found.names)
    return Picture(image, caption)
