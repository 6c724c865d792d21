"""What a run is made from: its pictures and its network, found, read and looked at."""

import dataclasses
import functools
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import jax
import numpy as np

from nst.base import interrupt
from nst.base.program import Hyperparameters, Static
from nst.config import places
from nst.config.layers import check_layers
from nst.config.program import split
from nst.config.schema import Config
from nst.engine.program import compute_targets
from nst.images import color, files
from nst.images.initial import gray_picture, initial_picture
from nst.images.output import NOTHING, Carried
from nst.losses.guided import Regions
from nst.losses.total import Targets
from nst.networks.vgg import frozen
from nst.runner import pictures
from nst.runner.carried import carried
from nst.sources import weights
from nst.sources.resolve import ResolvedSource

log = logging.getLogger("nst")


@dataclass(frozen=True)
class Prepared:
    """A run of which everything that can be refused has been looked at."""

    config: Config
    static: Static
    hyperparameters: Hyperparameters
    #: "content", "network", "style" or "style/NAME" of a blend, and where there are, "init",
    #: "content_mask" and "style_mask", or "place/NAME" for each of a blend.
    sources: dict[str, ResolvedSource]
    params: dict
    content_image: np.ndarray  # (H, W, 3) float32 in gray levels
    style_images: tuple[np.ndarray, ...]  # one, or those of a blend, (H', W', 3) in gray levels
    initial: np.ndarray | None  # (H, W, 3) float32 in gray levels: the picture of init.path
    #: At the sizes of content image and style image; none: there are neither masks nor places.
    regions: Regions | None
    coarser: tuple["Prepared", ...] = ()  # the same run at its smaller sizes, rising
    carried: Carried = NOTHING  # what files beside result.png take over

    @property
    def style_shares(self) -> tuple[float, ...]:
        """How much each of the style images counts, sum 1: by weight, or by its region's area."""
        if places.of(self.config.style.blend) and self.regions:
            return tuple(float(one.mean()) for one in self.regions.content_image)
        return self.hyperparameters.blend or (1.0,)

    @property
    def scales(self) -> tuple["Prepared", ...]:
        """The run at each of its sizes, as in the configuration's `stages`."""
        return (*self.coarser, self)

    def at(self, shape: tuple[int, ...]) -> "Prepared":
        """Return the run at the size of a picture of `shape`, (H, W, 3)."""
        return next(one for one in self.scales if one.content_image.shape == shape)


def prepare(config: Config, given: Mapping[str, ResolvedSource] | None = None) -> Prepared:
    """Find and read the pictures and the network of a run.

    Args:
      config: validated.
      given: pictures that a program holds, as `nst.runner.pictures.find` takes them.

    Raises:
      UserError: a picture or the weights can't be had or read, or don't fit the layers.
    """
    sources = pictures.find(config, given)
    network = sources["network"].name if sources["network"].fallback else config.network.source.name
    check_layers(config, network)
    static, _ = split(config, network)
    # The smallest first, which is the likeliest to be refused.
    sizes = [dataclasses.replace(config, size=scale.size) for scale in config.stages[:-1]]
    sizes.append(config)
    # Beside the rest, as most of it is reading and arithmetic.
    beside = ThreadPoolExecutor(1)
    loading = beside.submit(_parameters, sources["network"], network, config.precision)
    beside.shutdown(wait=False)
    # Before a file is decoded, which takes time and memory by itself.
    for one in sizes:
        pictures.check_shapes(one, static, sources)
    read = pictures.read(sizes, sources, static)
    interrupt.check()
    params = loading.result()
    *coarser, whole = [
        Prepared(one, static, split(one, network)[1], sources, params, *own)
        for one, own in zip(sizes, read, strict=True)
    ]
    own = carried(config.output, sources["content"], whole.content_image.shape)
    return dataclasses.replace(whole, coarser=tuple(coarser), carried=own)


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
        seed=np.uint32(prepared.config.seed),
    )


def start(prepared: Prepared) -> np.ndarray:
    """Return the picture a run starts from, (H, W, 3) float32 in gray levels."""
    prepared = prepared.scales[0]
    config, picture = prepared.config, prepared.content_image
    if config.init.name in ("style", "recolored"):
        seen, style_image = color.seen(config.color, picture, prepared.style_images[0])
        if config.init.name == "style":
            picture = files.stretched(style_image, picture.shape[:2])
        else:
            picture = color.matched(seen, style_image).clip(0, 255)
    elif prepared.initial is not None:
        picture = prepared.initial
    init = config.init
    if init.name == "gray":
        mean_pixel = np.asarray(prepared.params["mean"])
        picture = gray_picture(picture.shape, mean_pixel, init.amplitude, config.seed)
    else:
        mix = 1.0 if init.name == "noise" else init.mix
        picture = initial_picture(picture, mix, init.amplitude, config.seed)
    return color.gray(picture) if config.color == "luminance" else picture


@functools.lru_cache(maxsize=2)
def _parameters(asset: ResolvedSource, network: str, precision: str) -> dict:
    # The runs of a process share one copy on the device.
    if precision == "tensorfloat32" and jax.default_backend() == "cpu":
        log.warning(
            "precision=tensorfloat32 is for GPUs: on this CPU it computes what float32 does"
        )
    return jax.device_put(frozen(weights.load(asset, network), precision))
