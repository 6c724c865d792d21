"""Two steps of a program, for a plan: compiled and taken, and kept nowhere but in the cache."""

from dataclasses import replace
from typing import Any

from nst.base.program import Static
from nst.engine import cache, loop
from nst.engine.memory import memory_errors
from nst.runner import measured, prepare
from nst.runner.measured import Clock, Speed
from nst.runner.plan import Member
from nst.runner.stages import as_lane


def probe(static: Static, member: Member, lanes: int) -> dict[tuple[int, ...], Speed]:
    """Return how fast a program runs, by the shape of the picture.

    Args:
      static: of its runs together.
      member: one of them, which is taken for all.
      lanes: runs side by side.

    Raises:
      UserError: the device's memory does not suffice.
    """
    cache.use_cache()
    found: dict[tuple[int, ...], Speed] = {}
    with memory_errors():
        for one in member.prepared.scales:
            clock = Clock(static, lanes)
            alone = replace(one, coarser=())
            targets = prepare.targets(alone, static)
            several = [as_lane(alone, static, None)] * lanes
            steps: dict[str, Any] = {"steps": 2, "check_every": 1}
            for lane, check in loop.checks(static, one.params, targets, several, **steps):
                if lane == 0:
                    clock.add(check)
            found |= clock.speeds(whole=False)
    measured.keep(static, lanes, found)
    return found
