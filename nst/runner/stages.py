"""A prepared run as the engine takes it: what its sizes share with the group, and its lane."""

import logging
import math
from collections.abc import Iterator

from nst.base.program import Static
from nst.engine import scales
from nst.engine.check import Check
from nst.engine.cut import cut
from nst.engine.lanes import Lane, widened
from nst.engine.scales import Stage
from nst.rundir.checkpoint import Saved
from nst.runner import prepare
from nst.runner.prepare import Prepared

log = logging.getLogger("nst")


def stages_of(prepared: Prepared, static: Static, lanes: int = 1) -> list[Stage]:
    """Return what a run shares at each of its sizes with its group, targets among it.

    Args:
      prepared: any of the group's runs.
      static: of the group, or the run's own.
      lanes: runs side by side.
    """
    return [
        _stage(one, scale.end, compiled(static, one, lanes))
        for scale, one in zip(prepared.config.stages, prepared.scales, strict=True)
    ]


def compiled(static: Static, prepared: Prepared, lanes: int = 1) -> Static:
    """Return what is compiled for a run at one of its sizes: `static`, with strips and devices.

    Args:
      static: of the group, or the run's own.
      prepared: the run at that size.
      lanes: runs side by side.
    """
    config = prepared.config
    return cut(static, prepared.content_image.shape, config.strips, config.devices, lanes)


def _stage(prepared: Prepared, end: int, own: Static) -> Stage:
    shape = prepared.content_image.shape
    if own.strips:
        over = f" over {own.devices} devices" if own.devices > 1 else ""
        # Asked for, it is no news.
        asked = prepared.config.strips == "always" or prepared.config.devices == "rows"
        say = log.info if asked else log.warning
        say(
            "%d x %d pixels are computed in strips of %d rows%s, to the same result",
            *(shape[1], shape[0], own.strips, over),
        )
    return Stage(shape, end, prepare.targets(prepared, own), own.strips, own.devices)


def checks(prepared: Prepared, earlier: Saved | None) -> Iterator[Check]:
    """Yield the checks of a run that no other shares its program with.

    Args:
      prepared: the run.
      earlier: what to go on from; none: from the start.
    """
    static = prepared.static
    lanes, shared = [as_lane(prepared, static, earlier)], stages_of(prepared, static)
    every = prepared.config.check_every
    found = scales.checks(static, prepared.params, shared, lanes, check_every=every)
    return (check for _, check in found)


def as_lane(prepared: Prepared, static: Static, earlier: Saved | None) -> Lane:
    """Return a run as one of a group's lanes.

    Args:
      prepared: the run.
      static: of the group, or the run's own.
      earlier: what to go on from; none: from the start.
    """
    return Lane(
        prepare.start(prepared),
        widened(prepared.hyperparameters, static),
        earlier.last if earlier else None,
        earlier.lowest if earlier else math.inf,
        prepared.config.keep == "last",
        tuple(widened(one.hyperparameters, static) for one in prepared.scales),
    )
