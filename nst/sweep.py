"""``nst sweep FILE|NAME``: the runs of a W&B sweep file, here and without an account."""

import os
import re
import sys
import textwrap
from pathlib import Path

from nst.base.errors import UserError, did_you_mean
from nst.base.files import sweep_files
from nst.command.grammar import literal
from nst.multirun.sweep_file import read

HELP = """\
Run a W&B sweep file here, with no account.

  nst sweep FILE|NAME [key=value ...]

A key set on the command line takes that value in every run, also where the file sweeps it.
  nst sweep pooling style=starry
  nst sweep weights_random hydra.sweeper.run_cap=8 search.seed=1
  nst sweep my/own.yaml size=128 steps=50

NAME is that of a file which nst brings along:
{shipped}

Keys of a run: nst run --help. Sweep files: docs/sweeps.md.
-v shows the whole traceback of an error."""


def main() -> None:
    """Run what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(HELP.format(shipped="\n".join(map(_about, sweep_files().items()))))
        return
    try:
        file = _file(arguments)
        path = _path(file)
        read(path)
    except UserError as error:
        sys.exit(f"nst: {error}")
    arguments.remove(file)
    sys.argv[1:] = multirun(path, arguments)
    # Hydra loads here, so that a mistake in the file answers at once.
    from nst import run

    run.main()


def multirun(file: Path, arguments: list[str]) -> list[str]:
    """Return the arguments with which ``nst run`` runs a sweep file.

    Args:
      file: the sweep file.
      arguments: what else stands on the command line.
    """
    chosen = ["-m", "hydra/sweeper=sweep_file", f"hydra.sweeper.file={literal(str(file))}"]
    if not any(argument.startswith("name=") for argument in arguments):
        chosen.append(f"name={literal(file.stem)}")
    return chosen + arguments


def _file(arguments: list[str]) -> str:
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    if first is None or ("=" in first and not os.path.exists(os.path.expanduser(first))):
        raise UserError(
            f"which sweep file? nst sweep FILE [key=value ...], or for FILE one of "
            f"{', '.join(sweep_files())}"
        )
    return first


def _path(file: str) -> Path:
    """Return a file of the user's own, or the one that nst brings along under that name."""
    path, shipped = Path(os.path.expanduser(file)), sweep_files()
    if path.is_file():
        return path
    if file in shipped:
        return shipped[file]
    if not path.exists():
        raise UserError(
            f"{file}: no such sweep file{did_you_mean(path.stem, shipped)}; there must be a file "
            f"of this name, or it is one of nst's own: {', '.join(shipped)}"
        )
    return path


def _about(shipped: tuple[str, Path]) -> str:
    """Return a line with a sweep's name, its runs and its question."""
    name, path = shipped
    said = " ".join(re.findall("^# (.*)", path.read_text(encoding="utf-8"), re.MULTILINE))
    found = re.match(r"Question: (.*?) Runs: (\d+)", said)
    question, runs = found.groups() if found else ("", "?")
    return f"  {name:<16}{runs:>2} runs  {textwrap.shorten(question, 72, placeholder=' ...')}"


if __name__ == "__main__":
    main()
