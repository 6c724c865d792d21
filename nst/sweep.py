"""``python -m nst.sweep FILE``: the runs of a W&B sweep file, here and without an account."""

import os
import sys
from pathlib import Path

from nst.base.errors import UserError
from nst.command.grammar import literal
from nst.multirun.sweep_file import read

#: What runs the jobs where the command line names no ``hydra/launcher=``.
LAUNCHER = "batched"

HELP = """\
Run a W&B sweep file here, with no account.

  python -m nst.sweep FILE [key=value ...]

A key set on the command line takes that value in every run, also where the file sweeps it.
  python -m nst.sweep sweeps/pooling.yaml style=starry
  python -m nst.sweep sweeps/weights_random.yaml hydra.sweeper.run_cap=8 hydra.sweeper.seed=1
  python -m nst.sweep sweeps/weights_bayes.yaml hydra.sweeper.round=4
Keys of a run: python -m nst.run --help. Sweep files: docs/sweeps.md.
-v shows the whole traceback of an error."""


def main() -> None:
    """Run what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return
    try:
        file = _file(arguments)
        path = Path(os.path.expanduser(file))
        read(path)
    except UserError as error:
        sys.exit(f"nst: {error}")
    arguments.remove(file)
    sys.argv[1:] = multirun(path, arguments)
    # Hydra loads here, so that a mistake in the file answers at once.
    from nst import run

    run.main()


def multirun(file: Path, arguments: list[str]) -> list[str]:
    """Return the arguments with which ``python -m nst.run`` runs a sweep file.

    Args:
      file: the sweep file.
      arguments: what else stands on the command line.
    """
    chosen = ["-m", "hydra/sweeper=sweep_file", f"hydra.sweeper.file={literal(str(file))}"]
    for key, value in (("hydra/launcher", LAUNCHER), ("name", literal(file.stem))):
        if not any(argument.startswith(f"{key}=") for argument in arguments):
            chosen.append(f"{key}={value}")
    return chosen + arguments


def _file(arguments: list[str]) -> str:
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    if first is None or ("=" in first and not os.path.exists(os.path.expanduser(first))):
        raise UserError("which sweep file? python -m nst.sweep FILE [key=value ...]")
    return first


if __name__ == "__main__":
    main()
