"""What a sweep will take with its launcher: its estimate, spread over processes and nodes."""

import bisect
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nst.multirun import cluster
from nst.runner.estimate import Estimate
from nst.runner.job import Job


@dataclass(frozen=True)
class Way:
    """How a launcher runs jobs."""

    launcher: str  # its name
    lanes: int | None  # as `nst.runner.grid.run` takes them
    chunk: int | None = None  # runs of a process at most; none: one process has all
    at_a_time: int | None = 1  # processes at a time; none: only the launcher knows


@dataclass(frozen=True)
class Outlook:
    """A sweep before it runs."""

    jobs: Sequence[Job]
    folder: Path
    estimate: Estimate
    way: Way
    count: int | None  # runs of a search to come, each like one of the jobs; none: these are all
    before: int = 0  # runs of a search that have ended

    @property
    def left(self) -> int:
        """Runs that are to be computed."""
        return len(self._numbers) if self.count is None else self.count

    @functools.cached_property
    def _numbers(self) -> list[int]:
        """The numbers of jobs that are to be computed, in the order of the grid."""
        return sorted(number for part in self.estimate.parts for number in part.numbers)

    def counts(self, runs: int) -> list[int]:
        """Return how many of the first so many runs are of each part."""
        parts = self.estimate.parts
        if self.count is not None:
            each, more = divmod(runs, max(len(parts), 1))
            return [each + (at < more) for at in range(len(parts))]
        return self._counts(self._numbers[:runs])

    def _counts(self, numbers: Sequence[int]) -> list[int]:
        wanted = set(numbers)
        return [len(wanted.intersection(part.numbers)) for part in self.estimate.parts]

    def seconds(self, runs: int) -> float:
        """Return the seconds from the command to its end, of the first so many runs."""
        report_s = self.estimate.report_s(runs)
        if self.way.chunk is None or self.count is not None:
            return self.estimate.seconds(self.counts(runs)) + report_s
        width = self.way.at_a_time or runs
        each = self.chunks(runs)
        waves = [each[start : start + width] for start in range(0, len(each), width)]
        return self.estimate.start_s + sum(map(max, waves)) + report_s

    def fitting(self, seconds: float) -> int:
        """Return how many runs, from the first on, are done in so many seconds."""
        return bisect.bisect_right(range(1, self.left + 1), seconds, key=self.seconds)

    def chunks(self, runs: int) -> list[float]:
        """Return the seconds of each process of a cluster, of the first so many runs."""
        assert self.way.chunk
        numbers = self._numbers[:runs]
        parts = cluster.chunks([self.jobs[number].config for number in numbers], self.way.chunk)
        return [self.estimate.seconds(self._counts([numbers[at] for at in own])) for own in parts]
