"""One run from a checked configuration to its record: what run.py and the sweeps call."""

import contextlib
import dataclasses
import functools
import logging
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import jax
import numpy as np

from nst import (
    assets,
    blend,
    color,
    history,
    identity,
    images,
    interrupt,
    metrics,
    record,
    saved,
    weights,
)
from nst.assets import Asset
from nst.config import Config, Hyperparameters, Static, split
from nst.errors import UserError
from nst.losses import Targets
from nst.optimise import Check, checks, compute_targets, initial_picture
from nst.progress import Display
from nst.record import Outcome, Record
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
    sources: dict[str, Asset]  # "content", "network", "style" or "style/NAME" of a blend, "init"
    params: dict
    photograph: np.ndarray  # (H, W, 3) float32 in grey levels
    paintings: tuple[np.ndarray, ...]  # one, or those of a blend, (H', W', 3) in grey levels
    initial: np.ndarray | None  # (H, W, 3) float32 in grey levels: the picture of init.path


@dataclass(frozen=True)
class Place:
    """Where a run leaves what it finds."""

    folder: Path  # of the run
    overrides: tuple[str, ...] = ()  # what the user asked for on top of the defaults
    tracking: Path | None = None  # where W&B's folder goes; none: into `folder`
    group: str | None = None  # the sweep this run belongs to


def prepare(config: Config) -> Prepared:
    """Find and read the pictures and the network of a run.

    Args:
      config: validated.

    Raises:
      UserError: a picture or the weights can't be had or read, or don't fit the layers.
    """
    sources = _sources(config)
    network = sources["network"].name if sources["network"].fallback else config.network.name
    check_layers(config, network)
    static, hyperparameters = split(config, network)
    photograph = _picture(sources["content"], config.size, "content.path")
    paintings = _paintings(config, sources, config.style.size or config.size)
    initial = None
    if "init" in sources:
        initial = _picture(sources["init"], photograph.shape[:2], "init.path")
    # The picture takes the photograph's shape, so the photograph must suit every layer.
    own = images.dimensions(sources["content"].path)
    check_positions("content", own, photograph.shape, static.layers, config.size)
    own_size = (config.style.size, "style.size") if config.style.size else (config.size, "size")
    for key, painting in paintings.items():
        own = images.dimensions(sources[key].path)
        check_positions(key, own, painting.shape, static.style_layers, *own_size)
    interrupt.check()
    return Prepared(
        config=config,
        static=static,
        hyperparameters=hyperparameters,
        sources=sources,
        params=_parameters(sources["network"], network),
        photograph=photograph,
        paintings=tuple(paintings.values()),
        initial=initial,
    )


def _sources(config: Config) -> dict[str, Asset]:
    fallback = config.assets.fallback
    content, network = config.content, config.network
    sources = {
        "content": assets.locate(content, content.path, key="content.path", fallback=fallback),
        **{
            key: assets.locate(one.source, one.path, key=one.key, fallback=fallback)
            for key, one in blend.paintings(config.style).items()
        },
        "network": assets.locate(
            network, network.weights, key="network.weights", fallback=fallback
        ),
    }
    if config.init.path is not None:
        sources["init"] = assets.own_file(config.init.path, key="init.path")
    return sources


def _paintings(config: Config, sources: dict[str, Asset], size: int) -> dict[str, np.ndarray]:
    return {
        key: _picture(sources[key], size, one.key)
        for key, one in blend.paintings(config.style).items()
    }


def perform(prepared: Prepared, place: Place) -> Outcome:
    """Run the optimisation, or what is left of it, and keep its record in the place's folder.

    Raises:
      UserError: the folder holds another run, W&B can't be reached, or nothing can be written.
    """
    use_compilation_cache()
    if ended := ended_before(prepared, place):
        return ended
    earlier = saved.load(place.folder, prepared.static, prepared.hyperparameters)
    display = Display(prepared.config)
    with (
        Session(prepared, place, earlier) as session,
        display.live,
        contextlib.suppress(KeyboardInterrupt),
    ):
        for check in _checks(prepared, earlier):
            session.add(check)
            display.show(check)
            interrupt.check()
    return session.outcome


def _checks(prepared: Prepared, earlier: saved.Saved | None) -> Iterator[Check]:
    return checks(
        prepared.static,
        prepared.params,
        targets(prepared, prepared.static),
        start(prepared),
        prepared.hyperparameters,
        steps=prepared.config.steps,
        check_every=prepared.config.check_every,
        after=earlier.last if earlier else None,
        lowest=earlier.lowest if earlier else math.inf,
    )


def targets(prepared: Prepared, static: Static) -> Targets:
    """Return the targets of a run for the layers of `static`, its own or its group's."""
    pairs = [
        color.seen(prepared.config.color, prepared.photograph, painting)
        for painting in prepared.paintings
    ]
    photograph, _ = pairs[0]
    return compute_targets(static, prepared.params, photograph, *(own for _, own in pairs))


def start(prepared: Prepared) -> np.ndarray:
    """Return the picture a run starts from, (H, W, 3) float32 in grey levels."""
    config, picture = prepared.config, prepared.photograph
    if config.init.name == "style":
        _, painting = color.seen(config.color, prepared.photograph, prepared.paintings[0])
        picture = images.stretched(painting, picture.shape[:2])
    elif prepared.initial is not None:
        picture = prepared.initial
    picture = initial_picture(config.init, picture, config.seed)
    return color.grey(picture) if config.color == "luminance" else picture


def ended_before(prepared: Prepared, place: Place) -> Outcome | None:
    """Return how this run ended when it was run in this folder before, or None if it is to run.

    Raises:
      UserError: the folder holds another run; the message names what differs.
    """
    fields = record.read(place.folder)
    if fields is None or fields["config_hash"] is None:  # refused before it started
        return None
    config = dataclasses.asdict(prepared.config)
    if fields["config_hash"] != identity.config_hash(
        prepared.config, prepared.static.network, prepared.sources
    ):
        differ = identity.differences(fields["config"], config) or [
            "the pictures' or weights' bytes"
        ]
        raise UserError(f"{place.folder} holds another run, which differs in {'; '.join(differ)}")
    status, best = fields["status"], fields["best"] or {"step": 0, "total": None}
    over = status == "finished" or (
        status in ("diverged", "failed") and not prepared.config.sweep.retry
    )
    if not over:
        return None
    picture = place.folder / "result.png"
    return Outcome(status, picture, best["step"], best["total"], fields["error"])


class Session:
    """A run while it goes on: its record and its tracking, to be entered and then fed checks."""

    def __init__(self, prepared: Prepared, place: Place, earlier: saved.Saved | None = None):
        """Go on from `earlier`, what a process that was cut off saved in the folder, or anew."""
        self._prepared = prepared
        self._place = place
        self._stack = contextlib.ExitStack()
        self._earlier = earlier
        self.outcome = Outcome("interrupted", None, 0, None, "stopped before the first check")

    def __enter__(self) -> "Session":
        prepared, place = self._prepared, self._place
        config = prepared.config
        settings = dataclasses.asdict(config) | {"overrides": list(place.overrides)}
        folder = place.tracking or place.folder
        self._tracker = self._stack.enter_context(track(config, settings, folder, place.group))
        self._record = Record(
            place.folder,
            prepared.static.network,
            config,
            prepared.sources,
            place.overrides,
            prepared.photograph,
            self._earlier,
        )
        if self._earlier:
            folder = place.folder
            self._tracker.restore(history.rows(folder / "history.csv"), folder / "images")
        return self

    def add(self, check: Check) -> None:
        """Record and track a check."""
        self._tracker.log(check, self._record.add(check))
        log.info("step %d: total %g", check.step, check.terms.total)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:
            if kind is None:
                self._finish(*self._status())

    def _status(self) -> tuple[str, str | None]:
        last = self._record.last
        if last is not None and last.overflow:
            return "diverged", f"the gradient overflowed before step {last.step}"
        if last is not None and not last.finite:
            return "diverged", f"the loss became {last.terms.total} at step {last.step}"
        if last is None or last.step < self._prepared.config.steps:
            return "interrupted", "stopped by Ctrl-C"
        return "finished", None

    def _finish(self, status: str, error: str | None) -> None:
        best = self._record.best
        numbers = {} if status == "interrupted" else _measured(best, self._prepared)
        picture = self._record.finish(status, error, numbers)
        self._tracker.finish(status, best, self._prepared.sources, picture, numbers)
        step, total = (best.step, best.terms.total) if best else (0, None)
        self.outcome = Outcome(status, picture, step, total, error)


def _measured(best: Check | None, prepared: Prepared) -> dict[str, float | None]:
    if best is None:
        return {}
    try:
        # Of the picture that is saved, against the pictures that were given.
        shown = color.finished(prepared.config.color, best.picture, prepared.photograph)
        # At the photograph's size, so that the numbers compare across style.size.
        paintings = _paintings(prepared.config, prepared.sources, prepared.config.size).values()
        shares = prepared.hyperparameters.blend or (1.0,)
        pairs = [pair for pair in zip(shares, paintings, strict=True) if pair[0]]
        each = [metrics.evaluate(shown, prepared.photograph, painting) for _, painting in pairs]
        return blend.means([weight for weight, _ in pairs], each)
    except (UserError, jax.errors.JaxRuntimeError) as error:
        # The picture is what the run was for.
        log.warning("the picture's metrics could not be taken: %s", str(error).split("\n")[0])
        return {}


@functools.lru_cache(maxsize=16)
def _picture(asset: Asset, size: int | tuple[int, int], key: str) -> np.ndarray:
    return images.load(asset.path, size, key=key)


@functools.lru_cache(maxsize=2)
def _parameters(asset: Asset, network: str) -> dict:
    # The runs of a process share one copy on the device.
    return jax.device_put(with_backward(weights.load(asset, network)))


def use_compilation_cache() -> None:
    """Let the next process find what this one compiles, where there is a place for it."""
    folder = assets.cache_dir() / "compiled"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
