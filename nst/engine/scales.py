"""Coarse to fine: a run through several sizes, each started from where the one before ended.

As in crowsonkb/style-transfer-pytorch: the picture carries over, resized, and so do Adam's moments.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from nst.base.program import Static
from nst.engine import loop
from nst.engine.check import Check
from nst.engine.lanes import Lane
from nst.losses.total import Targets
from nst.optimizers.method import State
from nst.optimizers.table import OPTIMIZERS


@dataclass(frozen=True)
class Stage:
    """What the runs of a group share at one of their sizes."""

    shape: tuple[int, ...]  # of the picture, (H, W, 3)
    end: int  # steps of the run when it is over
    targets: Targets
    strips: int = 0  # as `Static` has them
    devices: int = 1


def checks(
    static: Static,
    params: dict,
    stages: Sequence[Stage],
    lanes: Sequence[Lane],
    *,
    check_every: int,
    dropped: Callable[[int], bool] = lambda lane: False,
) -> Iterator[tuple[int, Check]]:
    """Yield (lane, check) for the runs of a group, size after size, as `loop.checks` does.

    Losses of different sizes don't compare, so at each size the best picture is looked for anew.

    Args:
      static: of the group.
      params: the network's parameters.
      stages: the sizes, rising; the one there is for a run without scales.
      lanes: the runs, all after the same step.
      check_every: steps between two checks.
      dropped: whether a lane is to end after the check that was yielded last.
    """
    begin = 0
    going = dict(enumerate(lanes))
    for number, stage in enumerate(stages):
        going = {index: lane.at(number) for index, lane in going.items()}
        done = max(lane.after.step if lane.after else 0 for lane in going.values())
        if done == begin > 0:
            going = {index: carried(static, one, stage.shape) for index, one in going.items()}
        if done < stage.end:
            now, last = list(going), {}
            options: dict[str, Any] = {"steps": stage.end, "check_every": check_every}
            options["dropped"] = lambda place, now=now: dropped(now[place])
            earlier = [_evaluations_before(lane) for lane in going.values()]
            own = dataclasses.replace(static, strips=stage.strips, devices=stage.devices)
            found = loop.checks(own, params, stage.targets, list(going.values()), **options)
            for place, check in found:
                if earlier[place]:
                    evaluations = earlier[place] + check.evaluations
                    check = dataclasses.replace(check, evaluations=evaluations)
                last[now[place]] = check
                yield now[place], check
            going = {
                index: dataclasses.replace(going[index], after=check)
                for index, check in last.items()
                if check.finite and not dropped(index)
            }
        if not going:
            return
        begin = stage.end


def carried(static: Static, lane: Lane, shape: tuple[int, ...]) -> Lane:
    """Return a lane that has ended at one size as it starts at the next, larger one.

    The picture and its average are resized by bicubic interpolation; what becomes of the
    optimizer's own state its module says.

    Args:
      static: of the group.
      lane: with a check to go on from.
      shape: of the larger picture, (H, W, 3).
    """
    assert lane.after is not None
    # On the host, so that it makes no difference whether the state comes from a device or a file.
    state: State = jax.tree.map(np.asarray, lane.after.state)
    picture = _picture(static, state.picture, shape)
    average = state.average
    if average is not None:
        average = average._replace(mean=_picture(static, average.mean, shape))
    method = OPTIMIZERS[static.optimizer].load()
    state = method.resized(
        static, lane.hyperparameters, state._replace(picture=picture, average=average)
    )
    after = dataclasses.replace(lane.after, state=state)
    return dataclasses.replace(lane, after=after, lowest=math.inf)


def _picture(static: Static, picture: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    resized = jax.image.resize(picture, shape, "cubic")
    # Bicubic interpolation overshoots at edges.
    return resized.clip(0, 255) if static.clamp else resized


def _evaluations_before(lane: Lane) -> int:
    """Return the evaluations of loss and gradient at the sizes before, which L-BFGS's state lacks.

    With an empty memory it counts from 0 again, which is how its first step knows that it has to
    evaluate the picture.
    """
    if lane.after is None or lane.after.state.evaluations is None:
        return 0
    return lane.after.evaluations - int(lane.after.state.evaluations)
