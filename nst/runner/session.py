"""One run from a checked configuration to its record: what run.py and the sweeps call."""

import contextlib
import logging
from collections.abc import Callable, Collection, Generator, Sequence
from types import TracebackType

import jax
from rich.console import Console

from nst.base import interrupt, locks
from nst.base.errors import DeviceError, UserError
from nst.base.program import Static
from nst.config import blend
from nst.config.schema import Config, to_mapping
from nst.engine import cache, memory
from nst.engine.check import Check
from nst.images import color
from nst.metrics import evaluate
from nst.metrics.objective import Objective
from nst.metrics.registry import METRICS
from nst.rundir import checkpoint, fields, history, runlog
from nst.rundir.record import Record
from nst.runner import measured, pictures, stages
from nst.runner.job import Place
from nst.runner.known import known, tracked
from nst.runner.measured import Clock
from nst.runner.originals import originals
from nst.runner.outcome import Outcome
from nst.runner.prepare import Prepared
from nst.runner.progress import Display
from nst.runner.together import Together
from nst.tracking.tracker import End

log = logging.getLogger("nst")


def perform(
    prepared: Prepared,
    place: Place,
    on_check: Callable[[Check], None] | None = None,
    console: Console | None = None,
    others: Together | None = None,
) -> Outcome:
    """Run the optimization, or what is left of it, and keep its record in the place's folder.

    Args:
      prepared: the run.
      place: where its record goes.
      on_check: is called with every check, once that is recorded.
      console: for the progress; none: the standard error stream.
      others: the processes that compute it with this one, which leads; none: it is alone.

    Raises:
      UserError: the folder holds another run, W&B can't be reached, or nothing can be written.
    """
    cache.use_cache()
    devices = len(memory.local_devices())
    if prepared.config.devices == "lanes" and devices > 1:
        log.warning("devices=lanes spreads a sweep, and this is one run: it has 1 of %d", devices)
    with locks.run_lock(place.folder):
        return known(prepared, place) or _perform(prepared, place, on_check, console, others)


def _perform(
    prepared: Prepared,
    place: Place,
    on_check: Callable[[Check], None] | None,
    console: Console | None,
    others: Together | None,
) -> Outcome:
    earlier = checkpoint.load(place.folder, prepared.static, prepared.hyperparameters)
    display = Display(prepared.config, console)
    with (
        Session(prepared, place, earlier) as session,
        display.live,
        contextlib.suppress(KeyboardInterrupt),
        memory.memory_errors(),
    ):
        if others:
            others.begin(place.folder, earlier)
        with contextlib.closing(_checks(prepared, earlier, others)) as checks:
            for check in checks:
                session.add(check)
                display.show(check)
                if on_check:
                    on_check(check)
                interrupt.check()
    return session.outcome


def _checks(
    prepared: Prepared, earlier: checkpoint.Saved | None, others: Together | None = None
) -> Generator[Check]:
    checks = stages.checks(prepared, earlier)
    yield from others.each(checks) if others else checks


class Session:
    """A run while it lasts: its record and its tracking, to be entered and then fed checks."""

    def __init__(
        self,
        prepared: Prepared,
        place: Place,
        earlier: checkpoint.Saved | None = None,
        program: tuple[Static, int] | None = None,
    ):
        """Begin a run, or go on with one.

        Args:
          prepared: the run.
          place: where its record goes.
          earlier: what a process that was cut off saved in the folder; none: the run is new.
          program: what was compiled, and for how many runs side by side; none: its own, for one.
        """
        self._prepared = prepared
        self._place = place
        self._earlier = earlier
        self._closed = False
        self._program = program or (prepared.static, 1)
        self._clock = Clock(self._program[1], earlier.last if earlier else None)
        self._pruned: str | None = None
        self._taken: dict[str, float | None] = {}  # metrics of the best picture at a rung
        self.outcome = Outcome("interrupted", None, 0, None, "stopped before the first check")

    def __enter__(self) -> "Session":
        prepared, place = self._prepared, self._place
        config = prepared.config
        settings = to_mapping(config) | {"overrides": list(place.overrides)}
        with contextlib.ExitStack() as stack:
            self._tracker = stack.enter_context(tracked(config, settings, place))
            self._record = Record(
                place.folder,
                prepared.static.network,
                config,
                prepared.sources,
                place.overrides,
                [one.content_image for one in prepared.scales],
                self._earlier,
                place.hydra,
                lanes=self._program[1],
                tracked=self._tracker.known,
                carried=prepared.carried,
            )
            runlog.keep(place.folder)
            if self._earlier:
                folder = place.folder
                self._tracker.restore(history.rows(folder / "history.csv"), folder / "images")
            self._stack = stack.pop_all()
        return self

    @property
    def config(self) -> Config:
        """The run's configuration."""
        return self._prepared.config

    @property
    def place(self) -> Place:
        """Where the run's record goes."""
        return self._place

    def reached(self, objectives: Sequence[Objective]) -> list[float | None]:
        """Return what the run would have if it ended here; None for what has no finite value.

        Args:
          objectives: of which metrics are taken no others.
        """
        names = [one.name.partition("/")[2] for one in objectives if one.of_result]
        best, last = self._record.best, self._record.last
        metrics = _measured(best, self._prepared, names) if names else {}
        self._taken = metrics
        numbers = {"best": fields.losses(best), "last": fields.losses(last), "metrics": metrics}
        return [one.of(numbers) for one in objectives]

    def prune(self, why: str) -> None:
        """End the run here, so that it can continue from here another time.

        Args:
          why: one sentence.
        """
        self._pruned = why
        self.__exit__(None, None, None)
        self._closed = True

    def add(self, check: Check) -> None:
        """Record and track a check.

        Raises:
          OSError: it can't be written; the session is closed, and its run stays unfinished.
        """
        try:
            self._tracker.log(check, self._record.add(check))
            self._record.track(self._tracker.known)
        except OSError as error:
            self._stack.__exit__(type(error), error, error.__traceback__)
            self._closed = True
            raise
        self._clock.add(check)
        log.info("step %d: total %g", check.step, check.terms.total)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._closed:
            return
        with self._stack:
            if kind is None:
                self._finish(*self._status())
            elif isinstance(error, DeviceError | jax.errors.JaxRuntimeError) and self._record.last:
                # What was reached is kept, if the device still hands it out; if not, what was
                # saved before.
                with contextlib.suppress(jax.errors.JaxRuntimeError):
                    status, why = self._status()
                    self._finish(status, str(error) if status == "interrupted" else why)
            elif isinstance(error, UserError):
                self._finish("failed", str(error))

    def _status(self) -> tuple[str, str | None]:
        last = self._record.last
        if self._pruned:
            return "pruned", self._pruned
        if last is not None and last.overflow:
            return "diverged", f"the gradient overflowed before step {last.step}"
        if last is not None and not last.finite:
            return "diverged", f"the loss became {last.terms.total} at step {last.step}"
        if last is None or last.step < self._prepared.config.total_steps:
            return "interrupted", "stopped by Ctrl-C"
        return "finished", None

    def _finish(self, status: str, error: str | None) -> None:
        best = self._record.best
        numbers: dict[str, float | None] = {}
        if status == "pruned":
            numbers = self._taken
        elif status not in ("interrupted", "failed"):
            numbers = _measured(best, self._prepared)
        picture = self._record.keep_result()
        # Before the last record: once that says that the run is over, nothing is made up for.
        losses = {"step": best.step, **best.losses} if best else None
        self._tracker.finish(
            End(status, error, losses, picture, numbers),
            self._prepared.sources,
            originals(self._prepared, self._place),
        )
        self._record.finish(status, error, numbers)
        step, total = (best.step, best.terms.total) if best else (0, None)
        found = {
            "best": fields.losses(best),
            "last": fields.losses(self._record.last),
            "metrics": numbers,
        }
        self.outcome = Outcome(status, picture, step, total, error, found)
        if status == "finished":
            static, lanes = self._program
            measured.keep(
                lanes,
                self._clock.speeds(
                    lambda shape: stages.compiled(static, self._prepared.at(shape), lanes)
                ),
            )


def _measured(
    best: Check | None, prepared: Prepared, names: Collection[str] = METRICS
) -> dict[str, float | None]:
    if best is None:
        return {}
    # A run that diverged may have its best picture at a smaller size.
    prepared = prepared.at(best.picture.shape)
    try:
        # Of the picture that is saved, against the pictures that were given.
        shown = color.finished(prepared.config.color, best.picture, prepared.content_image)
        # At the content image's size, so that the numbers compare across style.size.
        style_images = pictures.style_images(
            prepared.config, prepared.sources, prepared.config.size
        ).values()
        shares = prepared.style_shares
        pairs = [pair for pair in zip(shares, style_images, strict=True) if pair[0]]
        each = [
            evaluate.evaluate(shown, prepared.content_image, style_image, names)
            for _, style_image in pairs
        ]
        return blend.means([weight for weight, _ in pairs], each)
    except (UserError, jax.errors.JaxRuntimeError) as error:
        # The picture is what the run was for.
        log.warning("the picture's metrics could not be taken: %s", str(error).split("\n")[0])
        return {}
