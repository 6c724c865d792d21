"""Files of ill will: damaged at random, made to crash a library, made to run something."""

import ast
import ctypes
import functools
import importlib
import marshal
import operator
import os
import pickle
import pty
import runpy
import shutil
import struct
import subprocess
import timeit
import webbrowser
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fuzz
import fuzz_seeds as seeds
import h5py
import numpy as np
import pytest
from PIL import Image

from nst.base.errors import UserError
from nst.images import files
from nst.networks.keras_h5 import read
from nst.networks.spec import NETWORKS
from nst.weights import unpickle

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("inputs", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_a_damaged_file_is_read_or_refused(target: str, inputs: int):
    assert fuzz.fuzz(target, inputs) == []


@pytest.mark.parametrize("inputs", [10, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("target", fuzz.SELDOM)
def test_a_damaged_file_is_read_or_refused_by_a_process_of_its_own(target: str, inputs: int):
    assert fuzz.fuzz(target, inputs) == []


# --- What random damage seldom meets ------------------------------------------------------------


def test_a_small_file_that_says_it_is_a_large_picture_is_refused_by_its_header(tmp_path: Path):
    path = tmp_path / "small.png"
    Image.new("L", (16, 16), "white").save(path)
    small = path.read_bytes()
    for side, sentence in (
        (4096, "truncated or damaged"),
        (4104, "4104x4104 pixels in .* damaged"),
    ):
        header = b"IHDR" + struct.pack(">II", side, side) + small[24:29]
        checked = header + struct.pack(">I", zlib.crc32(header))
        path.write_bytes(small[:12] + checked + small[33:])
        with pytest.raises(UserError, match=sentence):
            files.load(path, 32, key="style.path")


def test_a_state_with_one_wrong_bit_is_not_gone_on_from(tmp_path: Path):
    target = fuzz.state(tmp_path)
    for data in target.files:
        assert target.read(data)
        for place in range(0, len(data), len(data) // 20):
            wrong = bytearray(data)
            wrong[place] ^= 1
            assert target.read(bytes(wrong)) is None


# --- What HDF5's library itself can't bear ------------------------------------------------------


def test_a_file_that_hdf5_reads_for_ever_is_refused(tmp_path: Path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs.create("layer_names", ["block1_conv1"], dtype=h5py.string_dtype())
    data = bytearray(path.read_bytes())
    # A global heap: 16 bytes of header, an object of 16 + 16, the free space with its size at 8.
    place = data.index(b"GCOL") + 16 + 32 + 8
    assert data[place : place + 2] == (4096 - 48).to_bytes(2, "little")
    data[place : place + 2] = bytes(2)
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"is damaged HDF5 of .* bytes.* never ends"):
        read(path, "vgg16")


def test_a_file_that_hdf5_crashes_on_is_refused(tmp_path: Path):
    path = tmp_path / "weights.h5"
    filtered = list(seeds.keras(NETWORKS["vgg16"].parameter_shapes))[2]
    # A chunk of 64 float32 and their checksum, which the library takes off without looking.
    chunk = struct.pack("<IIQ", 64 * 4 + 4, 0, 0)
    assert chunk in filtered
    path.write_bytes(filtered.replace(chunk, struct.pack("<IIQ", 2, 0, 0)))
    with pytest.raises(UserError, match=r"is damaged HDF5 of .* bytes.* crashes"):
        read(path, "vgg16")


# --- Pickles that run something -----------------------------------------------------------------


class Call:
    """Pickled, it is a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any):
        self.reduced = (function, arguments)

    def __reduce__(self) -> Any:
        return self.reduced

    def __call__(self) -> None:
        """Be what the pickler takes for a function; the call that comes of it is one."""


def calls(trace: Path) -> Iterator[Call]:
    """Yield calls that make a file at `trace`, or lead to such a call."""
    touch, code, opened = f"touch {trace}", f"open({str(trace)!r}, 'w')", (str(trace), "w")
    yield Call(os.system, touch)
    yield Call(os.popen, touch)
    yield Call(os.execvp, "touch", ["touch", str(trace)])
    yield Call(subprocess.Popen, ["touch", str(trace)])
    yield Call(subprocess.getoutput, touch)
    yield Call(pty.spawn, ["touch", str(trace)])
    yield Call(eval, code)
    yield Call(exec, code)
    yield Call(open, *opened)
    yield Call(timeit.timeit, code)
    yield Call(runpy.run_path, str(trace))
    yield Call(webbrowser.open, f"file://{trace}")
    yield Call(shutil.copy, __file__, str(trace))
    yield Call(getattr, Call(importlib.import_module, "os"), "system")
    yield Call(Call(functools.partial, open, *opened))
    yield Call(Call(operator.attrgetter, "system"), Call(importlib.import_module, "os"))
    yield Call(Call(operator.methodcaller, "touch"), trace)
    yield Call(list, Call(map, open, [str(trace)], ["w"]))
    yield Call(ctypes.CDLL, None)
    yield Call(marshal.loads, b"")
    yield Call(np.load, str(trace), None, True)
    yield Call(np.save, str(trace), 1)
    yield Call(np.memmap, str(trace), "u1", "w+", 0, (1,))
    yield Call(np.fromfile, str(trace))
    yield Call(np.lib.format.open_memmap, str(trace), "w+", "u1", (1,))


def test_a_pickle_of_a_call_calls_it_elsewhere(tmp_path: Path):
    data = pickle.dumps(Call(open, str(tmp_path / "trace"), "w"))
    pickle.loads(data).close()  # noqa: S301
    assert (tmp_path / "trace").exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_a_call_calls_nothing(protocol: int, tmp_path: Path):
    trace = tmp_path / "trace"
    for call in calls(trace):
        for tree in (call, {"VGG16_0": call}, {call: 1}, [call], np.array([call, None])):
            # As numpy 1 wrote it, for its name to be one that is admitted.
            data = pickle.dumps(tree, protocol).replace(b"numpy._core", b"numpy.core")
            with pytest.raises(UserError, match="a pickle of weights may name numpy arrays only"):
                unpickle(data)
    assert list(tmp_path.iterdir()) == []


#: Calls of os.system in opcodes that Python's own pickler doesn't write, and other traps.
WRITTEN = {
    "INST": b"(S'TOUCH'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'TOUCH'\no.",
    "REDUCE": b"cos\nsystem\n(S'TOUCH'\ntR.",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\n(S'TOUCH'\nt\x81.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93(S'TOUCH'\ntR.",
    "EXT1": b"\x80\x02\x82\x01(S'TOUCH'\ntR.",
    "PERSID": b"Pos.system\n.",
    "protocol 3": b"\x80\x03cos\nsystem\nX\x05\0\0\0TOUCH\x85R.",
    "a method": b"\x80\x03cnumpy\nndarray.tofile\n.",
    "its globals": b"\x80\x03cnumpy.core.multiarray\n_reconstruct.__globals__\n.",
    "a base class": b"\x80\x03cnumpy\nndarray.__base__.__subclasses__\n(tR.",
    "a class's own state": b"\x80\x03cnumpy\nndarray\n}X\1\0\0\0xNsb.",
    "a class as an array": b"\x80\x03}X\1\0\0\0xcnumpy\nndarray\ns.",
    "a dtype of a name": b"\x80\x03cnumpy\ndtype\nX\2\0\0\0O8\x85R.",
    "16 GB of memos": b"\x80\x03}r\xff\xff\xff\x7f.",
    "4 GB of bytes": b"\x80\x05\x96\0\0\0\0\1\0\0\0.",
}


@pytest.mark.parametrize("data", WRITTEN.values(), ids=WRITTEN)
def test_a_pickle_written_by_hand_calls_nothing(data: bytes, tmp_path: Path):
    with pytest.raises(UserError, match="a pickle of weights "):
        unpickle(data.replace(b"TOUCH", f"touch {tmp_path}/trace".encode()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "array",
    [np.array([1, "text"], object), np.array(["text"]), np.zeros(2, "f4,O"), np.zeros(2, "M8[s]")],
    ids=["objects", "texts", "records", "times"],
)
def test_arrays_of_other_than_numbers_are_refused(array: np.ndarray):
    data = pickle.dumps({"kernel": array}, 3).replace(b"numpy._core", b"numpy.core")
    with pytest.raises(UserError, match="a pickle of weights "):
        unpickle(data)


@pytest.mark.parametrize("kind", ["f4", ">f8", "f2", "u1", "<i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_numbers_are_what_they_were(kind: str, order: Any):
    array = np.asarray(np.arange(60).reshape(3, 4, 5), kind, order=order)
    data = pickle.dumps({"a": {"kernel": array}}, 3).replace(b"numpy._core", b"numpy.core")
    found = unpickle(data)["a"]["kernel"]
    np.testing.assert_array_equal(found, array, strict=True)


# --- The source ---------------------------------------------------------------------------------

#: What would run, or write, what a file says.
NEVER = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "marshal.loads"}
NEVER |= {
    "yaml.load",
    "yaml.full_load",
    "yaml.unsafe_load",
    "yaml.load_all",
    "yaml.unsafe_load_all",
}
NEVER |= {"shutil.unpack_archive", "pickle.load", "pickle.loads", "pickle.Unpickler"}
#: Modules for which there is no use.
UNUSED = {"tarfile", "zipfile", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
#: The reader of weights, and a copy of what the process itself pickled.
PICKLES = {"nst/networks/pickles.py", "nst/multirun/compose.py"}


def used(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module uses or imports, and keywords that are true."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
            yield f"{node.arg}={ast.unparse(node.value)}"


def test_no_file_is_run_or_unpacked():
    sources = [path for folder in ("nst", "sweeps") for path in (ROOT / folder).rglob("*.py")]
    assert len(sources) > 50
    for path in sources:
        name = path.relative_to(ROOT).as_posix()
        found = set(used(ast.parse(path.read_text())))
        never = {one for one in NEVER if name not in PICKLES or not one.startswith("pickle.")}
        assert not found & (never | UNUSED), name
        assert not found & {"shell=True", "allow_pickle=True"}, name
        assert "pickle" not in found or name in PICKLES, name
