"""What a run is made from: its pictures and its network, found, read and looked at."""

import dataclasses
import functools
from dataclasses import dataclass

import jax
import numpy as np

from nst.base import interrupt
from nst.base.program import Hyperparameters, Static
from nst.config import blend
from nst.config.layers import check_layers, check_positions
from nst.config.program import split
from nst.config.schema import Config
from nst.engine.memory import check_memory
from nst.engine.program import compute_targets
from nst.images import color, files, masks
from nst.images.initial import initial_picture
from nst.losses.guided import Regions
from nst.losses.total import Targets
from nst.networks.vgg import frozen
from nst.sources import resolve, weights
from nst.sources.resolve import ResolvedSource


@dataclass(frozen=True)
class Prepared:
    """A run of which everything that can be refused has been looked at."""

    config: Config
    static: Static
    hyperparameters: Hyperparameters
    #: "content", "network", "style" or "style/NAME" of a blend, and where there are, "init",
    #: "content_mask" and "style_mask".
    sources: dict[str, ResolvedSource]
    params: dict
    content_image: np.ndarray  # (H, W, 3) float32 in gray levels
    style_images: tuple[np.ndarray, ...]  # one, or those of a blend, (H', W', 3) in gray levels
    initial: np.ndarray | None  # (H, W, 3) float32 in gray levels: the picture of init.path
    regions: Regions | None  # at the sizes of content image and style image; none: no masks
    coarser: tuple["Prepared", ...] = ()  # the same run at its smaller sizes, rising

    @property
    def scales(self) -> tuple["Prepared", ...]:
        """The run at each of its sizes, as in the configuration's `plan`."""
        return (*self.coarser, self)

    def at(self, shape: tuple[int, ...]) -> "Prepared":
        """Return the run at the size of a picture of `shape`, (H, W, 3)."""
        return next(one for one in self.scales if one.content_image.shape == shape)


def prepare(config: Config) -> Prepared:
    """Find and read the pictures and the network of a run.

    Args:
      config: validated.

    Raises:
      UserError: a picture or the weights can't be had or read, or don't fit the layers.
    """
    sources = _sources(config)
    network = sources["network"].name if sources["network"].fallback else config.network.source.name
    check_layers(config, network)
    static, hyperparameters = split(config, network)
    # The smallest first, which is the likeliest to be refused.
    sizes = [dataclasses.replace(config, size=scale.size) for scale in config.plan[:-1]]
    sizes.append(config)
    # Before a file is decoded, which takes time and memory by itself.
    for one in sizes:
        _check_shapes(one, static, sources)
    content_images = _at_sizes(sources["content"], [one.size for one in sizes], "content.path")
    shapes = [content_image.shape for content_image in content_images]
    painted = _style_images(config, sources, [_style_size(one)[0] for one in sizes])
    initials: list[np.ndarray] | list[None] = [None] * len(sizes)
    if "init" in sources:
        initials = _at_sizes(sources["init"], [shape[:2] for shape in shapes], "init.path")
    masked: list[Regions | None] = [None] * len(sizes)
    if "content_mask" in sources:
        pairs = zip(shapes, [own["style"].shape for own in painted], strict=True)
        masked = [paired_regions(sources, *pair, network, static.style_layers) for pair in pairs]
    interrupt.check()
    whole = Prepared(
        config=config,
        static=static,
        hyperparameters=hyperparameters,
        sources=sources,
        params=_parameters(sources["network"], network, config.precision),
        content_image=content_images[-1],
        style_images=tuple(painted[-1].values()),
        initial=initials[-1],
        regions=masked[-1],
    )
    coarser = tuple(
        dataclasses.replace(
            whole,
            config=one,
            content_image=content_images[number],
            style_images=tuple(painted[number].values()),
            initial=initials[number],
            regions=masked[number],
        )
        for number, one in enumerate(sizes[:-1])
    )
    return dataclasses.replace(whole, coarser=coarser)


def _style_size(config: Config) -> tuple[int, str]:
    """Return the long edge of the style images in pixels at `config.size`, and the key it is of."""
    if config.style.size:
        return config.style.size, "style.size"
    return config.size, "scales" if config.scales else "size"


def _check_shapes(config: Config, static: Static, sources: dict[str, ResolvedSource]) -> None:
    """Refuse pictures too large for the memory or too small for the layers, by their headers."""
    size = config.size, "scales" if config.scales else "size"
    own_size = _style_size(config)
    own = {"content": _own_shape(sources["content"], "content.path")}
    check_memory(static, _shape(own["content"], config.size), size[1])
    for key, one in blend.style_images(config.style).items():
        own[key] = _own_shape(sources[key], one.key)
        check_memory(static, _shape(own[key], own_size[0]), own_size[1], once=True)
    # The picture takes the content image's shape, so the content image must suit every layer.
    for key, found in own.items():
        layers = static.layers if key == "content" else static.style_layers
        longest, name = size if key == "content" else own_size
        check_positions(key, found, _shape(found, longest), static.network, layers, longest, name)


def _sources(config: Config) -> dict[str, ResolvedSource]:
    fallback = config.assets.fallback
    content, network = config.content, config.network
    sources = {
        "content": resolve.locate(
            content.source, content.path, key="content.path", fallback=fallback
        ),
        **{
            key: resolve.locate(one.source, one.path, key=one.key, fallback=fallback)
            for key, one in blend.style_images(config.style).items()
        },
        "network": resolve.locate(
            network.source, network.weights, key="network.weights", fallback=fallback
        ),
    }
    if config.init.path is not None:
        sources["init"] = resolve.own_file(config.init.path, key="init.path")
    if config.content.mask is not None and config.style.mask is not None:
        sources["content_mask"] = resolve.own_file(config.content.mask, key="content.mask")
        sources["style_mask"] = resolve.own_file(config.style.mask, key="style.mask")
    return sources


def style_images(
    config: Config, sources: dict[str, ResolvedSource], size: int
) -> dict[str, np.ndarray]:
    """Return the style image, or those of a blend, by their keys in `sources`.

    Args:
      config: validated.
      sources: where they are.
      size: long edge in pixels.

    Raises:
      UserError: one can't be read.
    """
    return _style_images(config, sources, [size])[0]


def _style_images(
    config: Config, sources: dict[str, ResolvedSource], sizes: list[int]
) -> list[dict[str, np.ndarray]]:
    """Return `style_images` at each of several sizes."""
    each = {
        key: _at_sizes(sources[key], sizes, one.key)
        for key, one in blend.style_images(config.style).items()
    }
    return [{key: own[number] for key, own in each.items()} for number in range(len(sizes))]


def paired_regions(
    sources: dict[str, ResolvedSource],
    content_image: tuple[int, ...],
    style_image: tuple[int, ...],
    network: str,
    style_layers: tuple[str, ...],
) -> Regions:
    """Return the regions of content image and style image that the masks in `sources` give.

    Args:
      sources: where the pictures and their masks are.
      content_image: shape in the run, (H, W, 3).
      style_image: shape in the run, (H', W', 3).
      network: whose layers they are.
      style_layers: in each of which each region must be found.

    Raises:
      UserError: a mask can't be read, doesn't fit its picture or the other mask, or has a region
        too small for a layer.
    """
    return masks.paired(
        _mask(sources["content_mask"], sources["content"], content_image, "content"),
        _mask(sources["style_mask"], sources["style"], style_image, "style"),
        network,
        style_layers,
    )


def targets(prepared: Prepared, static: Static) -> Targets:
    """Return the targets of a run for the layers of `static`, its own or its group's.

    Args:
      prepared: of a run with several sizes, the run at one of them.
      static: whose layers count.
    """
    pairs = [
        color.seen(prepared.config.color, prepared.content_image, style_image)
        for style_image in prepared.style_images
    ]
    content_image, _ = pairs[0]
    return compute_targets(
        static,
        prepared.params,
        content_image,
        *(own for _, own in pairs),
        masks=prepared.regions,
    )


def start(prepared: Prepared) -> np.ndarray:
    """Return the picture a run starts from, (H, W, 3) float32 in gray levels."""
    prepared = prepared.scales[0]
    config, picture = prepared.config, prepared.content_image
    if config.init.name == "style":
        _, style_image = color.seen(config.color, prepared.content_image, prepared.style_images[0])
        picture = files.stretched(style_image, picture.shape[:2])
    elif prepared.initial is not None:
        picture = prepared.initial
    init = config.init
    mix = 1.0 if init.name == "noise" else init.mix
    picture = initial_picture(picture, mix, init.amplitude, config.seed)
    return color.gray(picture) if config.color == "luminance" else picture


@functools.lru_cache(maxsize=16)
def _own_shape(source: ResolvedSource, key: str) -> tuple[int, int]:
    return files.upright_shape(source.path, key=key)


def _shape(own: tuple[int, int], size: int) -> tuple[int, int]:
    height, width = own
    return files.scaled_shape(width, height, size)


def _at_sizes(
    source: ResolvedSource, sizes: list[int] | list[tuple[int, int]], key: str
) -> list[np.ndarray]:
    """Return a picture at several sizes, for which its file is decoded once at most."""
    try:
        return [_picture(source, size, key) for size in sizes]
    finally:
        _decoded.cache_clear()  # a large content image takes hundreds of megabytes


@functools.lru_cache(maxsize=16)
def _picture(source: ResolvedSource, size: int | tuple[int, int], key: str) -> np.ndarray:
    return files.scaled(_decoded(source, key), size)


@functools.lru_cache(maxsize=1)
def _decoded(source: ResolvedSource, key: str) -> files.Decoded:
    return files.decoded(source.path, key=key)


@functools.lru_cache(maxsize=8)
def _mask(
    mask: ResolvedSource, picture: ResolvedSource, shape: tuple[int, ...], group: str
) -> masks.Mask:
    own = _own_shape(picture, f"{group}.path")
    return masks.read(mask.path, f"{group}.mask", own, picture.path.name, shape)


@functools.lru_cache(maxsize=2)
def _parameters(asset: ResolvedSource, network: str, precision: str) -> dict:
    # The runs of a process share one copy on the device.
    return jax.device_put(frozen(weights.load(asset, network), precision))
