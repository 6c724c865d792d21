"""A run that several processes compute: process 0 leads and alone writes, the others follow."""

import contextlib
import enum
import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType

from nst.base.errors import DeviceError, UserError
from nst.base.processes import Process
from nst.config import identity
from nst.engine import cache, processes
from nst.engine.check import Check
from nst.engine.memory import memory_errors
from nst.rundir import checkpoint
from nst.rundir.checkpoint import Saved
from nst.runner import stages
from nst.runner.prepare import Prepared

_GO_ON, _STOP = b"+", b"-"
_REFUSED = bytes(32)


class _Others(enum.Enum):
    """What the processes that follow are at."""

    LEAVING = enum.auto()
    WAITING = enum.auto()  # for word from process 0
    COMPUTING = enum.auto()


class Together:
    """This process's part in a run that several compute."""

    def __init__(self, process: Process):
        """Find the other processes.

        Args:
          process: which this is.

        Raises:
          UserError: they can't be found.
        """
        # Said before: where the others don't come, JAX ends the process in its own words.
        print(
            f"process {process.number} of {process.among}: waits up to {processes.STARTING} s for "
            "the others; process 0 writes all files",
            file=sys.stderr,
            flush=True,
        )
        processes.join(process)
        self._others = _Others.LEAVING

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes."""
        return processes.leads()

    def prepared(self, prepare: Callable[[], Prepared]) -> Prepared:
        """Return what `prepare` does, once each process has the same run.

        Raises:
          UserError: as `prepare`; or another process refused, or has another run.
        """
        with memory_errors():
            try:
                found = prepare()
            except UserError:
                processes.of_each(_REFUSED)
                raise
            each = processes.of_each(_digest(found))
        for number, digest in enumerate(each):
            if digest == _REFUSED:
                raise UserError(f"process {number} refused the run: its own output says why")
            if digest != each[0]:
                raise UserError(
                    f"process {number} has another run than process 0: give each the same "
                    "command, the same files and the same version of nst"
                )
        self._others = _Others.WAITING
        return found

    def begin(self, folder: Path, earlier: Saved | None) -> None:
        """Tell the others where the run continues.

        Args:
          folder: of the run.
          earlier: what is saved there; none: it is new.
        """
        self._others = _Others.COMPUTING
        processes.told(_GO_ON)
        processes.told((folder / checkpoint.FILE).read_bytes() if earlier else b"")

    def each(self, checks: Iterable[Check]) -> Iterator[Check]:
        """Yield checks for as long as process 0 takes them; to be closed where it takes no more.

        Args:
          checks: each is computed by all processes.
        """
        for check in checks:
            self._others = _Others.WAITING
            try:
                yield check
            except GeneratorExit:
                self._stop()
                raise
            self._others = _Others.COMPUTING
            if processes.told(_GO_ON if self.leads else b"") == _STOP:
                break
        self._others = _Others.LEAVING

    def follow(self, prepared: Prepared) -> None:
        """Compute what process 0 asks for.

        Raises:
          DeviceError: process 0 has ended.
        """
        cache.use_cache()
        with memory_errors():
            if processes.told() == _STOP:
                return
            earlier = _saved(processes.told(), prepared)
            for _ in self.each(stages.checks(prepared, earlier)):
                pass

    def __enter__(self) -> "Together":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.leads and self._others is _Others.WAITING:
            self._stop()
        # Amid a step that another has left, the others see its connections end.
        if not (self._others is _Others.COMPUTING or isinstance(error, DeviceError)):
            processes.leave()

    def _stop(self) -> None:
        self._others = _Others.LEAVING
        # Where another has ended there is nobody to tell.
        with contextlib.suppress(DeviceError), memory_errors():
            processes.told(_STOP)


def _digest(prepared: Prepared) -> bytes:
    own = identity.config_hash(prepared.config, prepared.static.network, prepared.sources)
    steering = prepared.config.strips, prepared.config.check_every
    return hashlib.sha256(f"{own} {steering} {prepared.static}".encode()).digest()


def _saved(data: bytes, prepared: Prepared) -> Saved | None:
    """Return what process 0 continues from, as it read it itself."""
    if not data:
        return None
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / checkpoint.FILE).write_bytes(data)
        return checkpoint.load(Path(folder), prepared.static, prepared.hyperparameters)
