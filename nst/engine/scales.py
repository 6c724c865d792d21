"""Coarse to fine: a run through several sizes, each started from where the one before ended.

As in crowsonkb/style-transfer-pytorch: the picture goes on, resized, and so do Adam's moments.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import jax
import numpy as np
import optax

from nst.base.program import Static
from nst.engine import lanes as batch
from nst.engine.lanes import Lane
from nst.engine.loop import Check
from nst.losses.total import Targets
from nst.optimizers import steps
from nst.optimizers.steps import State
from nst.rundir.checkpoint import Saved
from nst.runner import prepare
from nst.runner.prepare import Prepared


def lane(prepared: Prepared, static: Static, earlier: Saved | None) -> Lane:
    """Return a run as one of a group's lanes.

    Args:
      prepared: the run.
      static: of the group, or the run's own.
      earlier: what to go on from; none: from the start.
    """
    return Lane(
        prepare.start(prepared),
        batch.widened(prepared.hyperparameters, static),
        earlier.last if earlier else None,
        earlier.lowest if earlier else math.inf,
    )


def targets(prepared: Prepared, static: Static) -> list[Targets]:
    """Return the targets at each size of a run, for the layers of `static`."""
    return [prepare.targets(one, static) for one in prepared.scales]


def checks(
    prepared: Prepared, static: Static, targets: Sequence[Targets], lanes: Sequence[Lane]
) -> Iterator[tuple[int, Check]]:
    """Yield (lane, check) for the runs of a group, size after size, as `lanes.checks` does.

    Losses of different sizes don't compare, so at each size the best picture is looked for anew.

    Args:
      prepared: any of the runs, for what all of them share.
      static: of the group.
      targets: at each size.
      lanes: the runs, all after the same step.
    """
    config, begin = prepared.config, 0
    going = dict(enumerate(lanes))
    for scale, one, target in zip(config.plan, prepared.scales, targets, strict=True):
        done = max(lane.after.step if lane.after else 0 for lane in going.values())
        if done == begin > 0:
            shape = one.photograph.shape
            going = {index: carried(static, lane, shape) for index, lane in going.items()}
        if done < scale.end:
            options = {"steps": scale.end, "check_every": config.check_every}
            now, last = list(going), {}
            earlier = [_evaluations_before(lane) for lane in going.values()]
            found = batch.checks(static, prepared.params, target, list(going.values()), **options)
            for place, check in found:
                if earlier[place]:
                    evaluations = earlier[place] + check.evaluations
                    check = dataclasses.replace(check, evaluations=evaluations)
                last[now[place]] = check
                yield now[place], check
            going = {
                index: dataclasses.replace(going[index], after=check)
                for index, check in last.items()
                if check.finite
            }
        if not going:
            return
        begin = scale.end


def carried(static: Static, lane: Lane, shape: tuple[int, ...]) -> Lane:
    """Return a lane that has ended at one size as it starts at the next, larger one.

    The picture, its average and Adam's mean gradient are resized by bicubic interpolation; Adam's
    mean squared gradient, which may not fall below 0, by bilinear. Its counts go on. L-BFGS starts
    with an empty memory: curvature measured between pictures of another size is that of another
    loss.

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
    if static.optimizer == "lbfgs":
        anew = steps.init(static, lane.hyperparameters, picture)
        state = anew._replace(average=average)
    else:
        mean, squared = (optax.tree.get(state.optimizer, name) for name in ("mu", "nu"))
        moments = {
            "mu": jax.image.resize(mean, shape, "cubic"),
            "nu": jax.image.resize(squared, shape, "linear"),
        }
        state = State(picture, optax.tree.set(state.optimizer, **moments), average)
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
