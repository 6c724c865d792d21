"""``nst bench``: from the command line to a table, and with --json to an object."""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

import nst.bench
from nst.base.errors import UserError
from nst.networks.spec import NETWORKS


class _Parser(argparse.ArgumentParser):
    """Says in a sentence what is wrong, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Exit with the message."""
        self.exit(2, f"nst.bench: {message}\n")


def main() -> None:
    """Measure what the command line asks for, print a table, and with --json an object as well."""
    asked = _parser().parse_args()
    try:
        found = _measure(asked)
    except UserError as error:
        sys.exit(f"nst.bench: {error}")
    importlib.import_module(f"nst.bench.{asked.command}").show(found)
    if asked.json:
        print(json.dumps({"asked": vars(asked), **found}))


def _measure(asked: argparse.Namespace) -> dict[str, Any]:
    # Imported when they are asked for: JAX takes a second.
    if asked.command == "grid":
        from nst.bench import grid

        return grid.measure(asked.size, asked.steps, asked.network, asked.repeats)
    if asked.command == "startup":
        from nst.bench import startup

        return startup.measure(asked.size, asked.repeats)
    from nst.bench.case import Case

    peer = _peer() if asked.against == "torch" else None
    kind = (asked.batch, asked.precision, asked.network, asked.pooling)
    if asked.command == "step":
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
    parser = _Parser(prog="nst bench", description=nst.bench.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    step = commands.add_parser("step", help="seconds a step, compile time, GFLOP/s, memory")
    step.add_argument("--size", type=_number(16, 4096), default=256, help="side in pixels")
    step.add_argument("--steps", type=_number(1, 10000), default=10, help="of an interval")
    step.add_argument("--repeats", type=_number(1, 1000), default=5, help="of the interval")
    memory = commands.add_parser("memory", help="bytes at the peak, a process a size")
    memory.add_argument(
        "--size", type=_number(16, 4096), nargs="+", default=[256, 512], help="sides in pixels"
    )
    for command in (step, memory):
        command.add_argument("--batch", type=_number(1, 1024), default=1, help="runs side by side")
        command.add_argument("--precision", default="float32", choices=PRECISIONS)
        command.add_argument("--network", default="vgg19", choices=tuple(NETWORKS))
        command.add_argument("--pooling", default="avg", choices=("avg", "max"))
        command.add_argument("--against", choices=("torch",), help="measure PyTorch beside it")
    grid = commands.add_parser("grid", help="24 runs: batched, basic multirun, separately")
    grid.add_argument("--size", type=_number(16, 4096), default=96, help="long edge in pixels")
    grid.add_argument("--steps", type=_number(1, 10000), default=20, help="of each run")
    grid.add_argument("--network", default="vgg16", choices=tuple(NETWORKS))
    grid.add_argument("--repeats", type=_number(1, 24), default=3, help="turns of the three ways")
    startup = commands.add_parser("startup", help="seconds to the first step, and to --help")
    # The short side must hold a position of conv5_1.
    startup.add_argument("--size", type=_number(24, 4096), default=256, help="long edge in pixels")
    startup.add_argument("--repeats", type=_number(1, 1000), default=3, help="of each")
    for command in (step, memory, grid, startup):
        command.add_argument("--json", action="store_true", help="an object as the last line")
    return parser


#: As `nst.networks.convolution.DTYPES` has them, which needs JAX.
PRECISIONS = ("float32", "tensorfloat32", "bfloat16")


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            allowed = f"a whole number from {lowest} to {highest}"
            raise argparse.ArgumentTypeError(f"must be {allowed}, not {text!r}")
        return int(text)

    return number


if __name__ == "__main__":
    main()
