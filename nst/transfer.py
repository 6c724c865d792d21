"""One run from a checked configuration to its record: what run.py and the sweeps call."""

import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

from nst import assets, images, interrupt, weights
from nst.assets import Asset
from nst.config import Config, Hyperparameters, Static, split
from nst.optimise import Check, checks, compute_targets, initial_picture
from nst.progress import Display
from nst.record import Record
from nst.tracking import track
from nst.validation import check_layers, check_positions
from nst.vgg import with_backward

log = logging.getLogger("nst")


@dataclass(frozen=True)
class Prepared:
    """A run of which everything that can be refused has been looked at."""

    config: Config
    static: Static
    hyperparameters: Hyperparameters
    sources: dict[str, Asset]  # "content", "style" and "network"
    params: dict
    photograph: np.ndarray  # (H, W, 3) float32 in grey levels
    painting: np.ndarray  # (H', W', 3) float32 in grey levels


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: str  # finished, diverged or interrupted
    picture: Path | None
    record: Record
    error: str | None


def prepare(config: Config) -> Prepared:
    """Find and read the pictures and the network of a run.

    Args:
      config: validated.

    Raises:
      UserError: a picture or the weights can't be had or read, or don't fit the layers.
    """
    fallback = config.assets.fallback
    sources = {
        "content": assets.locate(
            config.content, config.content.path, key="content.path", fallback=fallback
        ),
        "style": assets.locate(
            config.style, config.style.path, key="style.path", fallback=fallback
        ),
        "network": assets.locate(
            config.network, config.network.weights, key="network.weights", fallback=fallback
        ),
    }
    network = sources["network"].name if sources["network"].fallback else config.network.name
    check_layers(config, network)
    static, hyperparameters = split(config, network)
    photograph = images.load(sources["content"].path, config.size, key="content.path")
    painting = images.load(sources["style"].path, config.size, key="style.path")
    # The picture takes the photograph's shape, so the photograph must suit every layer.
    for key, picture, layers in (
        ("content", photograph, static.layers),
        ("style", painting, static.style_layers),
    ):
        own = images.dimensions(sources[key].path)
        check_positions(key, own, picture.shape, layers, config.size)
    interrupt.check()
    return Prepared(
        config=config,
        static=static,
        hyperparameters=hyperparameters,
        sources=sources,
        params=jax.device_put(with_backward(weights.load(sources["network"], network))),
        photograph=photograph,
        painting=painting,
    )


def perform(
    prepared: Prepared,
    folder: Path,
    *,
    overrides: Sequence[str] = (),
    tracking_folder: Path | None = None,
    group: str | None = None,
) -> Outcome:
    """Run the optimisation and keep its record in `folder`.

    Args:
      prepared: the run.
      folder: of the run.
      overrides: what the user asked for on top of the defaults.
      tracking_folder: where W&B's folder goes; none: into `folder`.
      group: the sweep this run belongs to, if any.

    Raises:
      UserError: W&B can't be reached, or the folder can't be written.
    """
    config = prepared.config
    _use_compilation_cache()
    settings = dataclasses.asdict(config) | {"overrides": list(overrides)}
    with contextlib.ExitStack() as stack:
        tracker = stack.enter_context(track(config, settings, tracking_folder or folder, group))
        record = Record(folder, prepared.static.network, config, prepared.sources, overrides)
        display = stack.enter_context(Display(config))
        status, error = "finished", None
        try:
            for check in _checks(prepared):
                picture = record.add(check)
                tracker.log(check, picture)
                display.show(check)
                log.info("step %d: total %g", check.step, check.terms.total)
                if not check.finite:
                    status = "diverged"
                    error = f"the loss became {check.terms.total} at step {check.step}"
                    if check.overflow:
                        error = f"the gradient overflowed before step {check.step}"
                interrupt.check()
        except KeyboardInterrupt:
            status, error = "interrupted", "stopped by Ctrl-C"
        picture = record.finish(status, error)
        tracker.finish(status, record.best, prepared.sources, picture)
    return Outcome(status, picture, record, error)


def _checks(prepared: Prepared) -> Iterator[Check]:
    config, static, params = prepared.config, prepared.static, prepared.params
    targets = compute_targets(static, params, prepared.photograph, prepared.painting)
    return checks(
        static,
        params,
        targets,
        initial_picture(config.init.name, prepared.photograph, config.seed),
        prepared.hyperparameters,
        steps=config.steps,
        check_every=config.check_every,
    )


def _use_compilation_cache() -> None:
    """Let the next process find what this one compiles, where there is a place for it."""
    folder = assets.cache_dir() / "compiled"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
