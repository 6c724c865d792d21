"""The pictures of a run, each file decoded once for all sizes that the run goes through."""

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nst.base.program import Static
from nst.config import blend, look, places
from nst.config.layers import check_positions
from nst.config.schema import Config
from nst.engine.cut import check_devices
from nst.engine.memory import check_memory
from nst.images import files, masks, paired, placed, shapes
from nst.images.decoded import Decoded
from nst.losses.guided import Regions
from nst.sources import resolve
from nst.sources.resolve import ResolvedSource


class Pictures(NamedTuple):
    """The pictures of a run at one of its sizes."""

    content_image: np.ndarray  # (H, W, 3) float32 in gray levels
    style_images: tuple[np.ndarray, ...]  # one, or those of a blend, (H', W', 3) in gray levels
    initial: np.ndarray | None  # (H, W, 3) float32 in gray levels: the picture of init.path
    regions: Regions | None  # at the sizes of content image and style image; none: no masks


def find(
    config: Config, given: Mapping[str, ResolvedSource] | None = None
) -> dict[str, ResolvedSource]:
    """Find the files of a run: its network's, its pictures' and their masks'.

    Args:
      config: validated.
      given: pictures that a program holds, by "content" and "style": they are used for these.

    Returns:
      By "content", "network", "style" or "style/NAME" of a blend, and where there are, "init",
      "content_mask" and "style_mask", or "place/NAME" for each of a blend.

    Raises:
      UserError: one can't be had.
    """
    content, network = config.content, config.network
    wanted = {
        "content": (content.source, content.path, "content.path"),
        **{
            key: (one.source, one.path, one.key)
            for key, one in blend.style_images(config.style).items()
        },
        "network": (network.source, network.weights, "network.weights"),
    }
    sources = dict(given or {})
    for name, (source, path, key) in wanted.items():
        if name not in sources:
            sources[name] = resolve.locate(source, path, key=key, fallback=config.assets.fallback)
    if config.init.path is not None:
        sources["init"] = resolve.own_file(config.init.path, key="init.path")
    if config.content.mask is not None and config.style.mask is not None:
        sources["content_mask"] = resolve.region(config.content.mask, key="content.mask")
        sources["style_mask"] = resolve.region(config.style.mask, key="style.mask")
    for name, place in places.of(config.style.blend).items():
        sources[f"place/{name}"] = resolve.region(place, key=blend.KEY)
    return sources


def check_shapes(config: Config, static: Static, sources: dict[str, ResolvedSource]) -> None:
    """Refuse pictures too large for the memory or too small for the layers, by their headers.

    Args:
      config: validated, at one size.
      static: whose layers read the pictures.
      sources: as `find` returns them.

    Raises:
      UserError: names the picture, and the size that fits.
    """
    size = config.size, "scales" if config.scales else "size"
    own_size = _style_size(config)
    own = {"content": _own_shape(sources["content"], "content.path")}
    shape = _shape(own["content"], config.size, config.edge)
    check_memory(static, shape, size[1], edge=config.edge, strips=config.strips)
    check_devices(static, shape, config.devices)
    for key, one in blend.style_images(config.style).items():
        own[key] = _own_shape(sources[key], one.key)
        painted = _shape(own[key], own_size[0], config.edge)
        check_memory(
            static, painted, own_size[1], edge=config.edge, strips=config.strips, once=True
        )
    # The picture takes the content image's shape, so the content image must suit every layer.
    for key, found in own.items():
        layers = static.layers if key == "content" else static.style_layers
        pixels, name = size if key == "content" else own_size
        shape = _shape(found, pixels, config.edge)
        check_positions(key, found, shape, static.network, layers, pixels, name, config.edge)


def read(
    sizes: Sequence[Config], sources: dict[str, ResolvedSource], static: Static
) -> list[Pictures]:
    """Read a run's pictures at each of its sizes.

    Args:
      sizes: the run's configuration at each size.
      sources: as `find` returns them.
      static: whose style layers must find each region of a mask.

    Raises:
      UserError: a file can't be read, or a mask doesn't fit.
    """
    wanted = [one.size for one in sizes]
    content_images = _at_sizes(sources["content"], wanted, "content.path", sizes[-1].edge)
    sides = [one.shape for one in content_images]
    painted = _style_images(sizes[-1], sources, [_style_size(one)[0] for one in sizes])
    initials: Sequence[np.ndarray | None] = [None] * len(sizes)
    if "init" in sources:
        initials = _at_sizes(sources["init"], [shape[:2] for shape in sides], "init.path")
    regions: list[Regions | None] = [None] * len(sizes)
    if "content_mask" in sources:
        pairs = zip(sides, [own["style"].shape for own in painted], strict=True)
        regions = [_paired_regions(sources, *pair, static) for pair in pairs]
    elif by_place := places.of(sizes[-1].style.blend):
        regions = [_placed_regions(sources, by_place, shape, static) for shape in sides]
    each = zip(content_images, painted, initials, regions, strict=True)
    return [Pictures(one, tuple(own.values()), start, held) for one, own, start, held in each]


def style_images(
    config: Config, sources: dict[str, ResolvedSource], size: int
) -> dict[str, np.ndarray]:
    """Return the style image, or those of a blend, by their keys in `sources`.

    Args:
      config: validated.
      sources: where they are.
      size: of the edge that `config.edge` says, in pixels.

    Raises:
      UserError: one can't be read.
    """
    return _style_images(config, sources, [size])[0]


def _style_images(
    config: Config, sources: dict[str, ResolvedSource], sizes: list[int]
) -> list[dict[str, np.ndarray]]:
    """Return `style_images` at each of several sizes."""
    each = {
        key: _at_sizes(sources[key], sizes, one.key, config.edge)
        for key, one in blend.style_images(config.style).items()
    }
    return [{key: own[number] for key, own in each.items()} for number in range(len(sizes))]


def _paired_regions(
    sources: dict[str, ResolvedSource],
    content_image: tuple[int, ...],
    style_image: tuple[int, ...],
    static: Static,
) -> Regions:
    """Return the regions of content image and style image that the masks in `sources` give.

    Args:
      sources: where the pictures and their masks are.
      content_image: shape in the run, (H, W, 3).
      style_image: shape in the run, (H', W', 3).
      static: in each of whose style layers each region must be found.

    Raises:
      UserError: a mask can't be read, doesn't fit its picture or the other mask, or has a region
        too small for a layer.
    """
    return paired.regions(
        mask(sources["content_mask"], sources["content"], content_image, "content"),
        mask(sources["style_mask"], sources["style"], style_image, "style"),
        static.network,
        static.style_layers,
    )


def _placed_regions(
    sources: dict[str, ResolvedSource],
    by_place: Mapping[str, str],
    shape: tuple[int, ...],
    static: Static,
) -> Regions:
    """Return the regions of the content image that the places of a blend give, one a style image.

    Args:
      sources: where the pictures and the masks are.
      by_place: painting -> place.
      shape: of the content image in the run, (H, W, 3).
      static: in each of whose style layers each region must be found.

    Raises:
      UserError: a mask can't be read or doesn't fit its picture, a region is too small for a
        layer, or some of the picture is left to none.
    """
    given = {
        name: None if place == places.REST else _share(sources[f"place/{name}"], sources, shape)
        for name, place in by_place.items()
    }
    return placed.regions(given, static.network, static.style_layers)


def _share(
    file: ResolvedSource, sources: dict[str, ResolvedSource], shape: tuple[int, ...]
) -> np.ndarray:
    content = sources["content"]
    if part := shapes.read(file.requested, blend.KEY):
        return masks.covered(part, shape)
    own = _own_shape(content, "content.path")
    return masks.read_share(file.path, blend.KEY, own, content.path.name, shape)


def _style_size(config: Config) -> tuple[int, str]:
    """Return the size of the style images in pixels at `config.size`, and the key it is of."""
    if config.style.size:
        return look.style_size(config, config.size), "style.size"
    return config.size, "scales" if config.scales else "size"


@functools.lru_cache(maxsize=16)
def _own_shape(source: ResolvedSource, key: str) -> tuple[int, int]:
    if source.held is not None:
        return source.held.shape
    return files.upright_shape(source.path, key=key)


def _shape(own: tuple[int, int], size: int, edge: str) -> tuple[int, int]:
    height, width = own
    return files.scaled_shape(width, height, size, edge)


def _at_sizes(
    source: ResolvedSource,
    sizes: list[int] | list[tuple[int, int]],
    key: str,
    edge: str = "long",
) -> list[np.ndarray]:
    """Return a picture at several sizes, for which its file is decoded once at most."""
    try:
        return [_picture(source, size, key, edge) for size in sizes]
    finally:
        _decoded.cache_clear()  # a large content image takes hundreds of megabytes


@functools.lru_cache(maxsize=16)
def _picture(
    source: ResolvedSource, size: int | tuple[int, int], key: str, edge: str
) -> np.ndarray:
    return files.scaled(_decoded(source, key), size, edge)


@functools.lru_cache(maxsize=1)
def _decoded(source: ResolvedSource, key: str) -> Decoded:
    return files.decoded(source.path, key=key) if source.held is None else source.held


@functools.lru_cache(maxsize=8)
def mask(
    file: ResolvedSource, picture: ResolvedSource, shape: tuple[int, ...], group: str
) -> masks.Mask:
    """Return the mask of a picture at its size in the run.

    Args:
      file: the mask's.
      picture: that it is of.
      shape: of that picture in the run, (H, W, 3).
      group: "content" or "style".

    Raises:
      UserError: it can't be read, or doesn't fit its picture.
    """
    key = f"{group}.mask"
    if part := shapes.read(file.requested, key):
        return masks.of_shape(part, key, file.requested, shape)
    own = _own_shape(picture, f"{group}.path")
    return masks.read(file.path, key, own, picture.path.name, shape)
