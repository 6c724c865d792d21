"""``nst bench``: from the command line to a table, and with --json to an object."""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nst.base.commands import Parser, ended
from nst.base.errors import UserError
from nst.config.schema import entries
from nst.networks.spec import NETWORKS

HELP = """\
How fast it is, and what it needs: tables, and with --json an object as the last line.

  nst bench KIND [option ...]

KIND is one of
  device    one device within eight minutes: right or wrong, speed, lanes, memory, start-up
  step      seconds a step, compile time, GFLOP/s, memory
  memory    bytes at the peak, a process a size
  losses    each style statistic, content statistic and padding against the defaults
  grid      24 runs: batched, basic multirun, separately
  startup   seconds to the first step, and to --help
  quick     preset=quick against the defaults: time, losses and look on six pairs of pictures

  nst bench device --json
  nst bench step --size 512 --precision bfloat16 --against torch

nst bench KIND --help lists its options."""

#: Where each kind's `show` is, if not in the module of its name.
_TABLES = {"device": "device_tables"}


def main() -> None:
    """Measure what the command line asks for, print a table, and with --json an object as well."""
    with ended():
        asked = _parser().parse_args()
        found = _measure(asked)
        importlib.import_module(f"nst.bench.{_TABLES.get(asked.kind, asked.kind)}").show(found)
        if asked.json:
            print(json.dumps({"asked": vars(asked), **found}))
        if found.get("stopped"):
            sys.exit(130)
        if found.get("wrong"):
            sys.exit(1)


def _measure(asked: argparse.Namespace) -> dict[str, Any]:
    # Imported when they are asked for: JAX takes a second, and the processes that `device` starts
    # need all of a GPU's memory.
    if asked.kind == "device":
        from nst.bench import device

        return device.measure(asked.small, asked.seconds, asked.against)
    if asked.kind == "grid":
        from nst.bench import grid

        return grid.measure(asked.size, asked.steps, asked.network, asked.repeats)
    if asked.kind == "losses":
        from nst.bench import losses

        return losses.measure(asked.size, asked.network, asked.repeats)
    if asked.kind == "quick":
        from nst.bench import quick

        return quick.measure(asked.size, asked.repeats, asked.keep)
    if asked.kind == "startup":
        from nst.bench import startup

        return startup.measure(asked.size, asked.repeats)
    from nst.bench.case import Case

    peer = _peer() if asked.against == "torch" else None
    kind = (asked.batch, asked.precision, asked.network, asked.pooling)
    if asked.kind == "step":
        from nst.bench import step

        return step.measure(Case(asked.size, *kind), asked.steps, asked.repeats, peer)
    from nst.bench import memory

    cases = [Case(size, *kind) for size in asked.size]
    return memory.measure(cases, ["nst", "torch"] if peer else ["nst"])


def _peer() -> ModuleType:
    # JAX would take three quarters of a GPU's memory before PyTorch asks.
    os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.45")
    try:
        from nst.bench import torch_peer
    except ImportError as error:
        if error.name != "torch":
            raise
        raise UserError("--against torch needs PyTorch, which is not installed") from error
    return torch_peer


def _parser() -> argparse.ArgumentParser:
    parser = Parser("nst bench", HELP)
    own: Any = lambda prog, **_: Parser(prog, _ABOUT[prog.split()[-1]])  # noqa: E731
    hidden = argparse.SUPPRESS
    kinds = parser.add_subparsers(
        prog="nst bench", dest="kind", metavar="KIND", required=True, help=hidden, parser_class=own
    )
    device, step, memory, losses, grid, startup, quick = map(kinds.add_parser, _ABOUT)
    device.add_argument("--small", action="store_true", help="the smallest form, about a minute")
    device.add_argument(
        "--seconds", type=_number(10, 86400), help="for everything; what doesn't fit is left out"
    )
    device.add_argument(
        "--against", choices=("torch", "nothing"), default="torch",
        help="PyTorch beside it where that is installed, or not",
    )  # fmt: skip
    step.add_argument("--size", type=_number(16, 4096), default=256, help="side in pixels")
    step.add_argument("--steps", type=_number(1, 10000), default=10, help="of an interval")
    step.add_argument("--repeats", type=_number(1, 1000), default=5, help="of the interval")
    memory.add_argument(
        "--size", type=_number(16, 4096), nargs="+", default=[256, 512], help="sides in pixels"
    )
    for command in (step, memory):
        command.add_argument("--batch", type=_number(1, 1024), default=1, help="runs side by side")
        command.add_argument("--precision", default="float32", choices=PRECISIONS)
        command.add_argument("--network", default="vgg19", choices=tuple(NETWORKS))
        command.add_argument("--pooling", default="avg", choices=entries()["pooling"].key.choices)
        command.add_argument("--against", choices=("torch",), help="measure PyTorch beside it")
    losses.add_argument(
        "--size", type=_number(16, 4096), nargs="+", default=[256, 512], help="sides in pixels"
    )
    losses.add_argument("--network", default="vgg19", choices=tuple(NETWORKS))
    losses.add_argument("--repeats", type=_number(1, 1000), default=2, help="turns that count")
    grid.add_argument("--size", type=_number(16, 4096), default=96, help="long edge in pixels")
    grid.add_argument("--steps", type=_number(1, 10000), default=20, help="of each run")
    grid.add_argument("--network", default="vgg16", choices=tuple(NETWORKS))
    grid.add_argument("--repeats", type=_number(1, 24), default=3, help="turns of the three ways")
    # The short side must hold a position of conv5_1.
    startup.add_argument("--size", type=_number(24, 4096), default=256, help="long edge in pixels")
    startup.add_argument("--repeats", type=_number(1, 1000), default=3, help="of each")
    quick.add_argument("--size", type=_number(24, 4096), default=256, help="long edge in pixels")
    quick.add_argument("--repeats", type=_number(1, 1000), default=3, help="of each pair")
    quick.add_argument("--keep", metavar="DIR", help="keep the runs in this new folder")
    for command in (device, step, memory, losses, grid, startup, quick):
        command.add_argument("--json", action="store_true", help="an object as the last line")
    return parser


#: What each kind's help begins with.
_ABOUT = {
    "device": """\
Measure a device within eight minutes, on a GPU or smaller on a CPU, in sections: losses against
those of a CPU; seconds a step and runs side by side against PyTorch's; start-up; memory against its
estimate; the largest picture. What has no time left is left out and named. Exits with 1 where a
loss is wrong or a measurement failed.""",
    "step": "Measure seconds a step of the report's run, alone or beside PyTorch's.",
    "memory": "Measure the bytes at the peak of a run, each size in a process of its own.",
    "losses": """\
Measure seconds a step and the program's memory with each style statistic, content statistic and
padding, in turns with the defaults.""",
    "grid": "Measure the same 24 runs as one batched grid, as a basic multirun and separately.",
    "startup": "Measure the seconds from a process's start to its first step, and to its help.",
    "quick": """\
Measure preset=quick against the defaults on six pairs of pictures: ratios with 95 % intervals, the
two in turns. Fetches the papers' pictures that are not in the cache; 36 runs, 25 minutes on two
cores.""",
}

#: Those that the configuration knows, as `nst.networks.convolution.DTYPES`, which needs JAX.
PRECISIONS = tuple(one for one in entries()["precision"].key.choices or () if one != "auto")


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            allowed = f"a whole number from {lowest} to {highest}"
            raise argparse.ArgumentTypeError(f"must be {allowed}, not {text!r}")
        return int(text)

    return number


if __name__ == "__main__":
    main()
