"""Several runs that have ended: chosen from, compared, shown as a grid."""

import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from PIL import Image

from nst.base.errors import UserError, did_you_mean
from nst.library.result import Result
from nst.metrics.front import front
from nst.metrics.registry import METRICS, PREFERENCE
from nst.report import axes, build
from nst.rundir.runs import Run

if TYPE_CHECKING:
    import pandas


class Results(Sequence[Result]):
    """Runs that have ended, in the order of their grid or of their names."""

    def __init__(self, results: Iterable[Result], keys: Sequence[str] | None = None):
        """Hold `results` in this order; `keys` varied in what they were chosen from."""
        self._results = tuple(results)
        self._keys = axes.differing(self._runs) if keys is None else keys

    @property
    def _runs(self) -> list[Run]:
        return [one.record for one in self]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._results)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> "Results": ...
    def __getitem__(self, index: int | slice) -> "Result | Results":
        """Return one, or those of a slice."""
        chosen = self._results[index]
        return chosen if isinstance(chosen, Result) else Results(chosen, self._keys)

    def __iter__(self) -> Iterator[Result]:
        """Yield each."""
        return iter(self._results)

    def __repr__(self) -> str:
        """Return how many there are, and which keys tell them apart."""
        keys = ", ".join(axes.differing(self._runs))
        return f"<nst.Results: {len(self)} runs{f' over {keys}' if keys else ''}>"

    def filter(self, keep: Callable[[Result], bool] | None = None, /, **values: Any) -> "Results":
        """Return the runs with these values.

        Args:
          keep: says of a run whether it stays; none: by its values alone.
          **values: by key, ``beta=1e4`` or ``**{"tv.gamma": 1e3}``; of a list, any of its values
            will do.

        Raises:
          UserError: there is no such key.
        """
        known = {name for one in self for name in one.values}
        for key in values:
            if key not in known:
                raise UserError(f"no run has a key {key!r}{did_you_mean(key, known)}")
        chosen = [
            one
            for one in self
            if (keep is None or keep(one))
            and all(_is(one.values.get(key), value) for key, value in values.items())
        ]
        return Results(chosen, self._keys)

    def best(self, metric: str) -> Result:
        """Return the finished run whose metric is best, the lowest or the highest as it may be.

        Args:
          metric: one of `nst.metrics.registry.METRICS` for which one way is better.

        Raises:
          UserError: there is no such metric, or no finished run has it.
        """
        best = max if self._better([metric]) == ["higher"] else min
        return best(self._measured([metric]), key=lambda one: one.metrics[metric])

    def pareto(self, *metrics: str) -> "Results":
        """Return the finished runs that no other one beats in one metric without losing in another.

        Args:
          *metrics: two or more; none: style and content distance.

        Raises:
          UserError: there is no such metric, or no finished run has them.
        """
        names = metrics or ("style_distance", "content_distance")
        better = self._better(names)
        found = self._measured(names)
        values = [[one.metrics[name] for name in names] for one in found]
        return Results([found[place] for place in front(values, better)], self._keys)

    def show(
        self, rows: str | None = None, cols: str | None = None, cell: int | None = None
    ) -> Image.Image:
        """Return the labeled grid of the pictures, as `nst report` draws it.

        Args:
          rows: key of the rows; none: chosen.
          cols: key of the columns; none: chosen.
          cell: long edge of the pictures in pixels; none: as fits.

        Raises:
          UserError: there are no runs, or a key is unknown or doesn't vary.
        """
        if not self:
            raise UserError("there are no runs to show")
        title = None if all(one.folder for one in self) else "Grid"
        return Image.open(io.BytesIO(build.drawn(self._runs, rows, cols, cell, title)))

    def to_pandas(self) -> "pandas.DataFrame":
        """Return a table with a row a run: the keys that vary, metrics, losses.

        What was chosen from several runs keeps the keys that varied in those.

        Raises:
          UserError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise UserError("to_pandas needs pandas: pip install pandas") from None
        return pandas.DataFrame([_row(one, self._keys) for one in self])

    def _repr_jpeg_(self) -> bytes | None:
        """Show the grid in a notebook, in a third of a PNG's bytes."""
        if not self:
            return None
        file = io.BytesIO()
        self.show().convert("RGB").save(file, format="JPEG", quality=90)
        return file.getvalue()

    def _better(self, names: Sequence[str]) -> list[str]:
        """Return which way each of these metrics is better."""
        known = {name: one.better for name, one in METRICS.items() if one.better}
        voted = {name for run in self for name in run.metrics if name.startswith(PREFERENCE.name)}
        known |= dict.fromkeys(sorted(voted), PREFERENCE.better or "higher")
        for name in names:
            if name not in known:
                raise UserError(
                    f"there is no metric {name!r}{did_you_mean(name, known)}, or neither more nor "
                    f"less of it is better: there are {', '.join(known)}"
                )
        return [known[name] for name in names]

    def _measured(self, names: Sequence[str]) -> list[Result]:
        """Return the finished runs that have every one of these metrics."""
        finished = [one for one in self if one.status == "finished"]
        found = [one for one in finished if set(names) <= set(one.metrics)]
        if not found:
            raise UserError(
                f"none of the {len(finished)} finished runs has a {' and a '.join(names)}"
            )
        return found


def _is(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list | tuple | set):
        return any(_is(found, one) for one in wanted)
    if isinstance(wanted, Path):
        wanted = wanted.stem
    numbers = isinstance(found, int | float) and isinstance(wanted, int | float)
    return math.isclose(found, wanted, rel_tol=1e-9) if numbers else found == wanted


def _row(result: Result, keys: Sequence[str]) -> dict[str, Any]:
    run = result.record
    return {
        "run": result.name,
        "status": result.status,
        **{key: result.values.get(key) for key in keys},
        **result.metrics,
        "best_step": result.step,
        **{f"loss/{name}": value for name, value in result.losses.items()},
        "steps_s": run.steps_s,
        "folder": None if result.folder is None else str(result.folder),
    }
