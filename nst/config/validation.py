"""What a configuration may hold: every refusal is one sentence with the key, the value, the range.

Imports nothing heavy, so that a refused value answers at once.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, TypeVar

from nst.base import home
from nst.base.errors import UserError
from nst.config import blend, budget, layers, look, output, places
from nst.config.groups import TV, Content, Init, Style
from nst.config.pruning import rungs
from nst.config.ranges import in_range, whole
from nst.config.running import Optimizer, Search, Sweep, Tracking
from nst.config.schema import Config, entries
from nst.images import shapes
from nst.losses.statistics import CONTENT_STATISTICS, STATISTICS, with_masks
from nst.metrics.objective import objective
from nst.optimizers.table import readers

AnySource = TypeVar("AnySource", Content, Style)

#: Characters that W&B has no projects with.
NOT_IN_A_PROJECT = r"/\#?%:"


def validated(config: Config, auto: Callable[[], str] = lambda: "float32") -> Config:
    """Return `config` with whole numbers as ints and layers as ``{name: weight}`` in network order.

    Args:
      config: as composed from conf/ and the command line.
      auto: returns what ``precision=auto`` stands for where the run is to be; of a configuration
        that is only looked at, float32 will do.

    Raises:
      UserError: a value is out of range, a name unknown, or all weights are 0.
    """
    config = in_range(config)
    network = config.network
    _tv(config.tv)
    _read_by_the_optimizer(config.optimizer)
    tracking = _tracking(config.tracking)
    budget.check(config.sweep)
    content = _with_layers("content", config.content, network.source.name, config.preset)
    style = _with_layers("style", config.style, network.source.name, config.preset)
    sizes = _sizes_and_steps(config)
    checked = dataclasses.replace(
        config,
        **sizes,
        # Written out, so that record and hash are of what ran.
        precision=auto() if config.precision == "auto" else config.precision,
        content=content,
        style=dataclasses.replace(style, blend=blend.checked(style)),
        init=_init(config.init),
        network=dataclasses.replace(network, weights=home.short(network.weights)),
        search=searched(config.search),
        sweep=_sweep(config.sweep),
        tracking=tracking,
        output=output.checked(config.output, sizes.get("size", config.size)),
    )
    _masks(checked)
    _gradients(checked)
    _strips(checked)
    look.check(checked)
    rungs(checked)
    if checked.alpha == checked.beta == checked.tv.gamma == 0:
        raise UserError(
            "alpha, beta and tv.gamma are all 0, so there is no loss to lower: "
            "at least one must be above 0"
        )
    return checked


def _gradients(config: Config) -> None:
    if not config.normalize_gradients:
        return
    if config.optimizer.name == "lbfgs":
        raise UserError(
            "normalize_gradients=true needs optimizer=adam or sgd, not lbfgs, which looks for a "
            "step that lowers the loss, and a normalized gradient is that of no loss"
        )
    if config.keep != "last":
        raise UserError(
            "normalize_gradients=true needs keep=last: its weights are of gradients, so that no "
            "total tells which check is the best"
        )


def _strips(config: Config) -> None:
    asked = "strips=always" if config.strips == "always" else "devices=rows"
    if config.strips != "always" and config.devices != "rows":
        return
    tables = {"content.statistic": CONTENT_STATISTICS, "style.statistic": STATISTICS}
    for key, chosen in zip(tables, (config.content.statistic, config.style.statistic), strict=True):
        if not tables[key][chosen].by_strips:
            raise UserError(
                f"{asked} needs a statistic that is a function of sums over positions, which "
                f"{key}={chosen} is not: leave it at auto, or take one of "
                f"{', '.join(name for name, one in tables[key].items() if one.by_strips)}"
            )


def searched(search: Search) -> Search:
    """Return the group ``search`` with what it looks for as a list of whole names.

    Raises:
      UserError: runs log no such name, or it stands twice.
    """
    asked = search.objective if isinstance(search.objective, list) else [search.objective]
    try:
        names = [objective(str(one)).name for one in asked]
    except UserError as error:
        raise UserError(f"search.objective: {error}") from error
    if not names or len(set(names)) < len(names):
        raise UserError(
            f"search.objective must be one name or several different ones, not {search.objective}"
        )
    return dataclasses.replace(search, objective=names)


def _sweep(sweep: Sweep) -> Sweep:
    """Return the group ``sweep`` with its folders to reuse runs from as a list."""
    _finite("sweep.zip", sweep.zip)
    _finite("sweep.exclude", sweep.exclude)
    if sweep.reuse is None:
        return sweep
    asked = sweep.reuse if isinstance(sweep.reuse, list) else [sweep.reuse]
    if not asked or not all(isinstance(one, str) and one for one in asked):
        raise UserError(f"sweep.reuse must be a folder or a list of folders, not {sweep.reuse}")
    return dataclasses.replace(sweep, reuse=[home.short(one) for one in asked])


def _finite(key: str, value: Any) -> None:
    """Refuse a number that no record can hold, however deep it lies."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{key} must hold finite numbers, not {value}")
    inside = value.values() if isinstance(value, Mapping) else value
    for one in inside if isinstance(inside, Iterable) and not isinstance(inside, str) else ():
        _finite(key, one)


def _sizes_and_steps(config: Config) -> dict[str, Any]:
    """Return size, scales and steps; where there are scales, the last is the size."""
    scales, steps = config.scales, config.steps
    if scales is None:
        if isinstance(steps, list):
            raise UserError(
                f"steps must be one whole number, not {steps}: a list gives the steps of each of "
                "scales, and there are none"
            )
        return {"steps": _steps(steps)}
    if scales == "auto":
        scales = _rising(config.size)
    if not isinstance(scales, list) or not scales:
        raise UserError(
            "scales must be auto or a list of rising sizes in pixels, [128, 256, 512], not "
            f"{scales}"
        )
    scales = [whole("each of scales", one, entries()["scales"].key) for one in scales]
    if any(one >= later for one, later in pairwise(scales)):
        raise UserError(f"scales must rise, each above the one before, and {scales} does not")
    if not isinstance(steps, list):
        steps = [steps] * len(scales)
    if len(steps) != len(scales):
        sizes = f"scales=auto, which are {scales}" if config.scales == "auto" else scales
        raise UserError(
            f"steps must be one whole number or one for each of scales, and {steps} has "
            f"{len(steps)} for the {len(scales)} of {sizes}"
        )
    steps = [_steps(one) for one in steps]
    if len(scales) == 1:  # the same run as of that size
        return {"size": scales[0], "scales": None, "steps": steps[0]}
    return {"size": scales[-1], "scales": scales, "steps": steps}


def _rising(size: int) -> list[int]:
    """Return sizes from 128 or a little more up to `size`, each the root of 2 of the one before.

    They are those that style-transfer-pytorch goes through.
    """
    fewer = max(0, math.floor(2 * math.log2(size / 127.5)))
    return [round(size / 2 ** (times / 2)) for times in range(fewer, -1, -1)]


def _steps(value: object) -> int:
    return whole("steps", value, entries()["steps"].key)


def _tv(tv: TV) -> None:
    if tv.form != "power" and tv.exponent != TV.exponent:
        raise UserError(
            f"tv.exponent={tv.exponent:g} needs tv.form=power: tv.form={tv.form} has no exponent"
        )


def _init(init: Init) -> Init:
    if init.name == "file" and init.path is None:
        raise UserError("init=file needs a picture file in init.path, which is not given")
    if init.name != "file" and init.path is not None:
        raise UserError(
            f"init.path goes with init=file alone, not with init={init.name}: {init.path!r}"
        )
    return dataclasses.replace(init, path=home.short(init.path))


def _masks(config: Config) -> None:
    content, style = config.content, config.style
    for key, mask in (("content.mask", content.mask), ("style.mask", style.mask)):
        if mask is not None:
            shapes.read(mask, key)
    if places.of(style.blend) and style.statistic not in with_masks():
        raise UserError(
            f"style.blend with places needs style.statistic={' or '.join(with_masks())}, not "
            f"{style.statistic}: each region has Gram matrices of its own"
        )
    if content.mask is None and style.mask is None:
        return
    if style.mask is None:
        raise _lone_mask("content.mask", content.mask, "style.mask")
    if content.mask is None:
        raise _lone_mask("style.mask", style.mask, "content.mask")
    if style.statistic not in with_masks():
        raise UserError(
            f"content.mask and style.mask need style.statistic={' or '.join(with_masks())}, not "
            f"{style.statistic}: each region has Gram matrices of its own"
        )
    if style.blend and len(style.blend) > 1:
        raise UserError(
            "content.mask and style.mask need one painting, but style.blend has "
            f"{len(style.blend)}: leave style.blend away, or the masks"
        )


def _lone_mask(given: str, path: str | None, lacking: str) -> UserError:
    return UserError(
        f"{given}={path} needs {lacking} beside it: a region is a color that both masks have"
    )


def _read_by_the_optimizer(optimizer: Optimizer) -> None:
    """Refuse a key that would change nothing: it was set for another run than this."""
    changed = {
        entry.name: entry.default
        for entry in dataclasses.fields(optimizer)
        if getattr(optimizer, entry.name) != entry.default
    }
    for key, default in changed.items():
        others = readers(key)
        if others and optimizer.name not in others:
            names = " or ".join(others)
            raise UserError(
                f"optimizer.{key}={getattr(optimizer, key)} is for optimizer={names}, and this run "
                f"has optimizer={optimizer.name}: leave it at its default, {default}, "
                f"or take {names}"
            )
    if "decay" in changed and optimizer.schedule == "constant":
        raise UserError(
            f"optimizer.decay={optimizer.decay:g} needs optimizer.schedule=cosine or exponential: "
            "a constant learning rate does not decay"
        )


def _tracking(tracking: Tracking) -> Tracking:
    project = tracking.project or ""
    if len(project) > 128 or set(project) & set(NOT_IN_A_PROJECT):
        raise UserError(
            f"tracking.project must be at most 128 characters, none of them of {NOT_IN_A_PROJECT} "
            f"(W&B refuses them), not {project!r}"
        )
    if not isinstance(tracking.tags, list):
        raise UserError(f"tracking.tags must be a list of texts, not {tracking.tags}")
    for tag in tracking.tags:
        if not (isinstance(tag, str) and 1 <= len(tag) <= 64):
            raise UserError(
                f"each of tracking.tags must be a text of 1 to 64 characters, not {tag!r}"
            )
    return dataclasses.replace(tracking, notes=tracking.notes and home.without(tracking.notes))


def _with_layers(key: str, source: AnySource, network: str, preset: str | None) -> AnySource:
    weights = layers.weights(f"{key}.layers", source.layers, network, preset)
    path, mask = home.short(source.path), home.short(source.mask)
    return dataclasses.replace(source, layers=weights, path=path, mask=mask)
