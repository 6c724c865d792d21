"""Two steps of a program, for a plan: compiled and taken, and kept nowhere but in the cache."""

from dataclasses import replace
from itertools import pairwise

from nst.base.program import Static
from nst.engine import cache, flops, loop
from nst.engine.check import Check
from nst.engine.memory import memory_errors
from nst.runner import measured, prepare
from nst.runner.measured import COMPILED, OF_A_CHECK, Program, Speed
from nst.runner.plan import Member
from nst.runner.prepare import Prepared
from nst.runner.stages import as_lane, compiled

#: Steps that are taken at most, and seconds after which two will do.
MOST, MOMENT = 20, 0.5


def probe(static: Static, member: Member, lanes: int) -> dict[Program, Speed]:
    """Return how fast a group's programs run.

    Args:
      static: of its runs together.
      member: one of them, which is taken for all.
      lanes: runs side by side.

    Raises:
      UserError: the device's memory does not suffice.
    """
    cache.use_cache()
    found = {}
    with memory_errors():
        for one in member.prepared.scales:
            own = compiled(static, one, lanes)
            found[own, one.content_image.shape] = _speed(own, replace(one, coarser=()), lanes)
    measured.keep(lanes, found)
    return found


def _speed(static: Static, alone: Prepared, lanes: int) -> Speed:
    targets = prepare.targets(alone, static)
    several = [as_lane(alone, static, None)] * lanes
    found = loop.checks(static, alone.params, targets, several, steps=MOST, check_every=2)
    checks: list[Check] = []
    for lane, check in found:
        if lane == 0:
            checks.append(check)
            # The first two steps take longer, as arrays are made; small pictures' pass in a moment.
            if len(checks) > 2 and check.seconds - checks[1].seconds > MOMENT:
                break
    # The fastest, since something else may run now and then.
    step_s = min(
        (after.seconds - before.seconds) / (after.step - before.step + OF_A_CHECK)
        for before, after in pairwise(checks)
    )
    work = float(lanes * flops.per_step(static, alone.content_image.shape))
    compile_s = checks[-1].compile_seconds
    return Speed(work / max(step_s, 1e-9), work, compile_s if compile_s > COMPILED else None)
