"""More memory than there is: refused with the estimate, or caught, and the rest goes on."""

import os
import re
import sys

import pytest
from helpers import Command, record, refusal

from nst.base.errors import UserError
from nst.engine import memory
from nst.runner import prepare

RUN = ("network=vgg16", "content=chelsea", "style=night", "steps=1", "tracking=disabled")
#: A command of its own, whose address space ends where that of a small machine would.
LIMITED = (
    sys.executable,
    "-c",
    "import resource, runpy, sys; size = int(sys.argv.pop(1)) * 2**20\n"
    "resource.setrlimit(resource.RLIMIT_AS, (size, size))\n"
    "runpy.run_module('nst.run', run_name='__main__', alter_sys=True)",
)


@pytest.mark.parametrize("key", ["size", "style.size", "scales"])
def test_what_can_t_fit_is_refused_at_once(command: Command, key: str):
    value = "[256,16384]" if key == "scales" else "16384"
    line = refusal(command, *RUN, f"{key}={value}")
    found = re.fullmatch(
        rf"nst: {key}=16384 needs at least (\d+\.\d) GiB of memory at 16384 x \d+ pixels, and "
        rf"there are (\d+\.\d) GiB: take at most {key}=(\d+)",
        line,
    )
    assert found, line
    assert float(found[1]) > float(found[2])
    assert int(found[3]) % 16 == 0


def test_the_size_that_fits_is_not_refused(compose, monkeypatch: pytest.MonkeyPatch):
    prepared = prepare.prepare(compose(*RUN, "size=64"))
    monkeypatch.setattr(memory, "of_a_device", lambda: 2**25)
    with pytest.raises(UserError, match="size=300 needs") as refused:
        memory.check_memory(prepared.static, (200, 300, 3), "size")
    fits = int(str(refused.value).rpartition("=")[2])
    assert 64 < fits < 300
    memory.check_memory(prepared.static, (fits * 2 // 3, fits, 3), "size")
    with pytest.raises(UserError):
        memory.check_memory(prepared.static, (fits * 7 // 6, fits * 5 // 4, 3), "size")
    with pytest.raises(UserError, match="size=200 needs") as refused:
        memory.check_memory(prepared.static, (200, 300, 3), "size", edge="height")
    fits = int(str(refused.value).rpartition("=")[2])
    memory.check_memory(prepared.static, (fits, fits * 3 // 2, 3), "size", edge="height")
    assert 64 * 2 // 3 < fits < 200


def test_the_limit_of_a_container_counts(monkeypatch: pytest.MonkeyPatch):
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setattr(memory.Path, "read_text", lambda path: "1000000\n")
    assert memory.of_a_device() == 1_000_000
    monkeypatch.setattr(memory.Path, "read_text", lambda path: "max\n")
    assert memory.of_a_device() == machine


@pytest.mark.slow
def test_the_device_s_error_is_a_sentence(command: Command):
    """5 GiB of address space: enough for 32 pixels, not for 2500."""
    done = command("5000", *RUN, "size=2500", "hydra.run.dir=one", program=LIMITED)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    fields = record(command.folder / "one")
    assert fields["status"] == "failed"
    assert fields["error"].startswith("the device's memory is used up: take a smaller size")
    assert done.stderr.startswith(f"nst: {fields['error']}")


@pytest.mark.slow
def test_the_device_s_error_is_of_one_run_of_a_sweep(command: Command):
    grid = ("-m", "hydra/launcher=batched", "size=2500,32", "hydra.sweep.dir=sweep")
    done = command("5000", *grid, *RUN, "sweep.report=false", program=LIMITED)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr
    large, small = (record(command.folder / "sweep" / name) for name in "01")
    assert (large["status"], small["status"]) == ("failed", "finished")
    assert large["error"].startswith("the device's memory is used up: take a smaller size")
