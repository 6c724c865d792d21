"""How fast a program runs, from the best that is known of it."""

import functools
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from nst.base.program import Static
from nst.engine import ceiling, flops
from nst.runner import folder_speeds, measured
from nst.runner.measured import Program, Speed
from nst.runner.plan import Member

#: Measures a program: what is compiled, one of its runs, and how many run side by side.
Probe = Callable[[Static, Member, int], dict[Program, Speed]]

#: A step's share of the speed of a matrix product on a CPU: 0.7 seen at 96 px, 1.2 at 256 px.
OF_CEILING = 0.9


@dataclass(frozen=True)
class Known:
    """What is known of speeds beside the cache: in a folder, or by measuring."""

    in_folder: Mapping[folder_speeds.Program, Speed]
    probe: Probe | None = None
    #: By program: groups that differ in their pictures alone are one.
    probed: dict[Hashable, dict[Program, Speed]] = field(default_factory=dict)

    def speeds(
        self, static: Static, member: Member, lanes: int, programs: Sequence[Program]
    ) -> list[tuple[Speed, str]]:
        """Return how fast a group's program runs at each size, and what that is from.

        Args:
          static: of its runs together.
          member: one of them.
          lanes: runs side by side.
          programs: what is compiled for each size.
        """
        if self.probe:
            own = static, tuple(programs), lanes
            if own not in self.probed:
                self.probed[own] = self.probe(static, member, lanes)
            return [(self.probed[own][each], "two steps measured now") for each in programs]
        return [self._speed(*each, lanes) for each in programs]

    def _speed(self, static: Static, shape: tuple[int, ...], lanes: int) -> tuple[Speed, str]:
        if found := self.in_folder.get(folder_speeds.program(static, max(shape))):
            return found, "runs in this folder"
        if found := measured.known(static, shape, lanes):
            return found, "earlier runs on this machine"
        work = float(lanes * flops.per_step(static, shape))
        if found := measured.alike(static, work):
            return Speed(found.rate, work), "arithmetic at the speed of other runs here"
        rate = OF_CEILING * _ceiling(static.precision)
        return Speed(rate, work), "arithmetic at the speed of a matrix product here"


@functools.cache
def _ceiling(precision: str) -> float:
    """Return the operations a second of a matrix product, the best of some."""
    product = ceiling.matmul(precision)
    return 1e9 * max(product() for _ in range(5))
