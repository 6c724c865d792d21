"""Reads damaged files, each of which must end in what it holds or in our own class of error.

    python tests/faults/fuzz.py [INPUTS] [SEED] [TARGET...]

prints for each target how many inputs were read and refused, which was the slowest and after which
the memory rose most, and each fault with the command that repeats it alone:

    python tests/faults/fuzz.py one TARGET SEED NUMBER [FILE]

keeps the input in FILE as well. Exit status 0 says that there was no fault. In short form it is
part of the tests: `tests/faults/test_fuzz.py`.
"""

import contextlib
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import fuzz_mutations as mutations
import fuzz_seeds as seeds

from nst.base.errors import UserError

#: What no input may take: seconds of the processor, and bytes of memory on top of what was there.
SECONDS = 2.0
BYTES = 1e9
#: Seconds after which a worker counts as hung, and is ended by signal 14; bytes that it may have.
PATIENCE = 20
ROOM = 4_000_000_000
#: Seconds of the processor after which HDF5's library is taken to loop for ever.
SOON = 0.25
#: Faults of a target that are shown.
SHOWN = 20


class Target(NamedTuple):
    """A reader, and good files for it."""

    files: Sequence[bytes]
    read: Callable[[bytes], Any]  # raises UserError, or returns None, where it refuses
    damaged: mutations.Mutation = mutations.damaged
    apart: Callable[[bytes], Any] | None = None  # the reader where `read` has killed the worker


# Each worker imports only what its reader needs: JAX alone takes a second.


def pictures(folder: Path) -> Target:
    """Return the reader of picture files.

    imagecodecs crashes on some TIFFs, which is why nst gives it a process of its own. Here it's the
    worker's, and what kills the worker is read again as nst does it.
    """
    from nst.images import files as images
    from nst.images import tiff, tiff_samples

    def apart(data: bytes) -> Any:
        (folder / "picture").write_bytes(data)
        return images.load(folder / "picture", 32, key="style.path")

    def read(data: bytes) -> Any:
        with mock.patch.object(tiff, "_unpacked", tiff_samples.read):
            return apart(data)

    return Target(list(seeds.pictures()), read, mutations.damaged_picture, apart=apart)


def keras(folder: Path) -> Target:
    """Return the reader of Keras's HDF5, for a VGG-16 with a 32nd of the channels.

    HDF5's library crashes and loops on some files, which is why nst gives it a process of its own.
    Here it's the worker's, and what kills the worker is read again as nst does it.
    """
    from nst.networks import keras_h5, keras_layouts
    from nst.networks.spec import NETWORKS, Network

    def narrow(shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(length if length == 3 else length // 32 for length in shape)

    shapes = {
        name: {part: narrow(shape) for part, shape in parts.items()}
        for name, parts in NETWORKS["vgg16"].parameter_shapes.items()
    }
    narrowed = mock.PropertyMock(return_value=shapes)
    mock.patch.object(Network, "parameter_shapes", narrowed).start()
    wanted = keras_h5.wanted(NETWORKS["vgg16"])
    path = folder / "weights.h5"
    resource.setrlimit(resource.RLIMIT_DATA, (keras_layouts.BYTES, keras_layouts.BYTES))

    def read(data: bytes) -> Any:
        path.write_bytes(data)
        signal.setitimer(signal.ITIMER_PROF, SOON)
        try:
            return keras_layouts.read(path, "vgg16", wanted)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def apart(data: bytes) -> Any:
        path.write_bytes(data)
        return keras_h5.read(path, "vgg16")

    return Target(list(seeds.keras(shapes)), read, apart=apart)


def keras_apart(folder: Path) -> Target:
    """Return the reader of weights files, given Keras's HDF5 of VGG-16's own shapes."""
    from nst.networks.conversion import convert
    from nst.networks.spec import NETWORKS

    def read(data: bytes) -> Any:
        (folder / "weights.h5").write_bytes(data)
        return convert(folder / "weights.h5", "vgg16")

    return Target(list(seeds.keras(NETWORKS["vgg16"].parameter_shapes)), read)


def run_json(folder: Path) -> Target:
    """Return the report's reader of run.json."""
    from nst.rundir import reader as run_json
    from nst.rundir.runs import Broken

    def read(data: bytes) -> Any:
        (own / "run.json").write_bytes(data)
        found = run_json.read(own, "3")
        return None if isinstance(found, Broken) else found

    files = [(own / "run.json").read_bytes() for own in seeds.run_folders(folder)]
    own = folder / "adam"
    return Target(files, read, mutations.damaged_json)


def resumed(folder: Path) -> Target:
    """Return what reads the run.json that an earlier process left in a run's folder."""
    from types import SimpleNamespace

    from nst.config import identity
    from nst.config.running import Optimizer
    from nst.config.schema import Config
    from nst.rundir.run_json import STATUSES
    from nst.runner import known

    def read(data: bytes) -> Any:
        (own / "run.json").write_bytes(data)
        known.ended_before(prepared, known.Place(own))
        return True

    config = Config(optimizer=Optimizer(name="adam"))
    prepared: Any = SimpleNamespace(config=config, static=SimpleNamespace(network="vgg16"))
    prepared.sources = {}
    hashed = identity.config_hash(prepared.config, "vgg16", prepared.sources)
    whole, _ = seeds.run_folders(folder)
    fields = json.loads((whole / "run.json").read_bytes())
    own = folder / "own"  # a run that was refused has its record alone
    own.mkdir()
    same = [fields | {"config_hash": hashed, "status": status} for status in STATUSES]
    refused = fields | {"config_hash": None, "best": None, "status": "failed"}
    files = [json.dumps(one).encode() for one in [*same, refused]]
    return Target(files, read, mutations.damaged_json)


def history(folder: Path) -> Target:
    """Return what reads a run's history: a run that goes on, its tracking, the report."""
    from nst.report import curves
    from nst.rundir import history, history_writer

    def read(data: bytes) -> Any:
        path.write_bytes(data)
        curves.read(path)
        found = history.rows(path)
        history_writer.HistoryWriter(path, 20)
        return found

    files = [(own / "history.csv").read_bytes() for own in seeds.run_folders(folder)]
    path = folder / "history.csv"
    tokens = (
        *(b",", b"\n", b"\r", b'"', b"\0", b"nan", b"1e999", b"-", b"9" * 5000, b"step", b"\xff"),
        *(b'"' + b"x" * 140_000 + b'"', b"1_0", b"20", b"\n20\n", b",,,", b"0x10"),
    )
    return Target(files, read, partial(mutations.damaged, tokens=tokens))


def state(folder: Path) -> Target:
    """Return the reader of what a run resumes from."""
    from nst.config import program
    from nst.config.schema import Config
    from nst.rundir import checkpoint as saved

    splits = []
    for name in ("adam", "lbfgs"):
        config = Config()
        config.content.layers = config.style.layers = {}
        config.optimizer.name, config.optimizer.memory = name, 2
        splits.append(program.split(config, "vgg16"))
    files = [(own / saved.FILE).read_bytes() for own in seeds.run_folders(folder)]

    def read(data: bytes) -> Any:
        (folder / saved.FILE).write_bytes(data)
        found = [saved.load(folder, *split) for split in splits]
        return next(filter(None, found), None)

    return Target(files, read, mutations.damaged_state)


TARGETS: dict[str, Callable[[Path], Target]] = {
    "pictures": pictures,
    "keras": keras,
    "run_json": run_json,
    "resumed": resumed,
    "history": history,
    "state": state,
}
#: Starts a process for each input, so it's tried far less often.
SELDOM = {"keras_apart": keras_apart}


# --- One input ----------------------------------------------------------------------------------


def made(target: Target, seed: int, number: int) -> bytes:
    """Return the damaged file of a number."""
    chance = random.Random(f"{seed} {number}")
    return target.damaged(chance, chance.choice(target.files), target.files)


def tried(read: Callable[[bytes], Any], data: bytes) -> tuple[bool, str]:
    """Return whether a file was read, and what is wrong with how it ended."""
    try:
        return read(data) is not None, ""
    except UserError as error:
        lines = str(error).splitlines()
        return False, "" if len(lines) == 1 else f"a message of {len(lines)} lines: {lines[:2]}"
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(str(error).split())[:200]
        return False, f"{type(error).__name__}: {text} ({where.filename}:{where.lineno})"


# --- Many, in a worker --------------------------------------------------------------------------

#: What a worker tells while it works, by index into numbers that it shares with its starter.
NUMBER, READING, READ, REFUSED, SLOWEST, SLOWEST_NUMBER, ROSE, ROSE_NUMBER = range(8)


def work(name: str, seed: int, stop: int, again: bool, told: Any, faults: Any) -> None:
    """Read the inputs from told[NUMBER] up to `stop`; `again`: the first has killed a worker."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (ROOM, ROOM))
    with tempfile.TemporaryDirectory() as place:
        target = (TARGETS | SELDOM)[name](Path(place))
        for data in target.files:
            read, wrong = tried(target.read, data)
            assert read, f"{name}: a good file is refused: {wrong}"
        first = int(told[NUMBER])
        for number in range(first, stop):
            data = made(target, seed, number)
            reader = (again and number == first and target.apart) or target.read
            told[NUMBER], told[READING] = number, True
            before, peak, began = resident(), highest(), processor()
            signal.alarm(PATIENCE)  # which ends the worker
            read, wrong = tried(reader, data)
            signal.alarm(0)
            took, rose = processor() - began, highest() - before
            told[READING] = False
            told[READ if read else REFUSED] += 1
            if took > told[SLOWEST]:
                told[SLOWEST], told[SLOWEST_NUMBER] = took, number
            if highest() > peak and rose > told[ROSE]:
                told[ROSE], told[ROSE_NUMBER] = rose, number
                wrong = wrong or (f"takes {rose / 1e6:.0f} MB" if rose > BYTES else "")
            wrong = wrong or (f"takes {took:.1f} s" if took > SECONDS else "")
            if wrong:
                faults.send((number, wrong))
        told[NUMBER] = stop


def processor() -> float:
    """Return the seconds of the processor that this process and those it started have had."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def highest() -> int:
    """Return the most bytes that this process has had in memory, and one that it started."""
    # getrusage(2) counts what the starter of this process had as its own; proc(5) does not.
    status = Path("/proc/self/status").read_text()
    own = int(status.partition("VmHWM:")[2].split()[0])
    return 1024 * (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def resident() -> int:
    """Return the bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def fuzz(name: str, inputs: int, seed: int = 0) -> list[str]:
    """Read damaged files, print how they ended, and return the faults.

    Args:
      name: of the target.
      inputs: how many.
      seed: of the damage.
    """
    # Started anew, not forked: JAX has threads.
    context = multiprocessing.get_context("spawn")
    told = context.RawArray("d", 8)
    found: list[tuple[int, str]] = []
    began, killed, deaths = time.monotonic(), -1, 0
    while told[NUMBER] < inputs:
        receive, send = context.Pipe(duplex=False)
        again = killed == told[NUMBER]
        given = (name, seed, inputs, again, told, send)
        worker = context.Process(target=work, args=given, daemon=True)
        worker.start()
        send.close()
        with receive, contextlib.suppress(EOFError):
            while True:
                found.append(receive.recv())
        worker.join()
        if told[NUMBER] == inputs:
            break
        if not told[READING]:
            found.append((int(told[NUMBER]), f"the worker itself failed ({worker.exitcode})"))
            break
        if again and killed == told[NUMBER]:
            found.append((killed, f"killed by signal {-(worker.exitcode or 0)}"))
            told[REFUSED], told[NUMBER] = told[REFUSED] + 1, killed + 1
        else:
            killed = int(told[NUMBER])
            deaths += 1
        told[READING] = False
    print(
        f"{name}: {told[READ]:.0f} read, {told[REFUSED]:.0f} refused, {deaths} killed a worker, "
        f"{len(found)} faults, in {time.monotonic() - began:.0f} s; slowest {told[SLOWEST]:.3f} s "
        f"({told[SLOWEST_NUMBER]:.0f}), memory rose by {told[ROSE] / 1e6:.0f} MB "
        f"({told[ROSE_NUMBER]:.0f})",
        flush=True,
    )
    command = f"python tests/faults/fuzz.py one {name} {seed}"
    faults = [f"{command} {number}: {wrong}" for number, wrong in found]
    for fault in faults[:SHOWN]:
        print(fault, flush=True)
    return faults


def one(name: str, seed: int, number: int, keep: str | None = None) -> int:
    """Read one input here, and show how it ends."""
    with tempfile.TemporaryDirectory() as place:
        target = (TARGETS | SELDOM)[name](Path(place))
        data = made(target, seed, number)
        if keep:
            Path(keep).write_bytes(data)
        before, began = resident(), time.process_time()
        try:
            print(f"{len(data)} bytes are read: {target.read(data)!r:.1000}")
        except UserError as error:
            print(f"{len(data)} bytes are refused: {error}")
        print(f"{time.process_time() - began:.3f} s, {(highest() - before) / 1e6:.0f} MB")
    return 0


def main(inputs: int, seed: int, *names: str) -> int:
    """Fuzz the targets; return how many faults there are."""
    return sum(len(fuzz(name, inputs, seed)) for name in names or TARGETS)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        name, seed, number, *keep = sys.argv[2:]
        sys.exit(one(name, int(seed), int(number), *keep))
    given = dict(enumerate(map(int, sys.argv[1:3])))
    sys.exit(main(given.get(0, 2000), given.get(1, 0), *sys.argv[3:]) > 0)
