"""``nst`` and ``python -m nst``: a command's name first, or the settings of a run.

Imports neither Hydra nor JAX, so that help and a misspelt command answer at once.
"""

import importlib
import re
import sys
import textwrap
from collections.abc import Sequence

from nst.base.errors import UserError, did_you_mean, one_line
from nst.version import __version__

#: Each command's module, whose `main` reads the rest of the command line, and what it does.
COMMANDS = {
    "run": ("nst.run", "one run, or every combination with -m; its --help lists all keys"),
    "sweep": ("nst.sweep", "the runs of a sweep file, or of one that nst brings along"),
    "report": ("nst.report.__main__", "finished runs side by side: a grid, a page, a table"),
    "choose": ("nst.choose.__main__", "which of two pictures is better, blind; then a ranking"),
    "sync": ("nst.sync.__main__", "runs that were tracked offline to Weights & Biases, each once"),
    "stats": ("nst.stats.__main__", "what a setting does to a metric: intervals and tests"),
    "rerun": ("nst.rerun.__main__", "a recorded run again, as it was, changed, or larger"),
    "diff": ("nst.diff", "what differs between two runs"),
    "refine": ("nst.refine", "a finer grid around a run"),
    "weights": ("nst.weights", "the networks' weights: show, fetch, convert, install them"),
    "paper": ("nst.paper.__main__", "the figures of the papers, run anew"),
    "bench": ("nst.bench.__main__", "a device in one command; a step, a grid, a start"),
    "figure": ("nst.figure.__main__", "a figure for a paper: grid, effects, front, curves"),
    "dashboard": ("nst.dashboard.__main__", "a sweep's saved view and report at W&B"),
    "paint": ("nst.paint", "the built-in style picture"),
}

HELP = """\
Neural style transfer (Gatys et al. 2015), one run or a sweep of them, each tracked.

A run: nst [group=option ...] [key=value ...]
  nst style=starry tv.gamma=1e3                           The Starry Night, smoothed
  nst content.path=me.jpg style.path=painting.jpg         two pictures of your own
  nst -m style=starry,scream pooling=avg,max              every combination, then a report

{groups}

  size=256        long edge in pixels      alpha=1     weight of the photograph's content
  steps=200       of the optimizer         beta=1e4    weight of the painting's style
  optimizer.lr=10 step size of Adam        tv.gamma=0  weight of smoothness

Something else: nst COMMAND ...
{commands}

nst COMMAND --help says more; nst run --help lists every key. nst --version, nst --hydra-help.
-v shows the whole traceback of an error."""


def main() -> int | None:
    """Run what the command line asks for; return or raise its exit status."""
    arguments = sys.argv[1:]
    first = arguments[0] if arguments else ""
    try:
        if arguments in (["-h"], ["--help"], ["help"]):
            print(_help(), flush=True)
            return 0
        if "--version" in arguments:
            print(_version())
            return 0
        if first not in COMMANDS:
            _check(first)
    except BrokenPipeError:  # nst --help | head
        sys.exit(1)
    except UserError as error:
        sys.exit(f"nst: {one_line(str(error))}")
    if first in COMMANDS:
        del sys.argv[1]
    elif arguments == ["-sc", "query=bash"]:
        from nst.command.completion import offer

        if not offer(COMMANDS):
            return 0
    module, _ = COMMANDS.get(first, COMMANDS["run"])
    return importlib.import_module(module).main()


def _check(word: str) -> None:
    """Refuse a first word that is neither a command nor anything that a run can read."""
    if re.fullmatch(r"[A-Za-z][\w-]*", word):
        raise UserError(
            f"there is no command {word!r}{did_you_mean(word, COMMANDS)}; there are "
            f"{', '.join(COMMANDS)}, and the settings of a run look like style=starry"
        )


def _help() -> str:
    from nst.command.options import options

    groups = "\n".join(_choices(name, them) for name, them in sorted(options().items()))
    commands = "\n".join(f"  {name:<9} {what}" for name, (_, what) in COMMANDS.items())
    return HELP.format(groups=groups, commands=commands)


def _choices(group: str, names: Sequence[str]) -> str:
    """Return the options of a group, as many a line as go on a screen."""
    start = f"  {group}="
    # Broken at the spaces, of which none is shown.
    text = textwrap.fill(
        "| ".join(names),
        width=100,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )
    return text.replace("| ", "|")


def _version() -> str:
    """Return the versions of nst and JAX, and the device; JAX takes a second to say so."""
    from nst.engine import jax_settings

    jax_settings.load()
    import jax

    try:
        device = jax.devices()[0].device_kind
    except (RuntimeError, AssertionError):  # the latter for JAX_PLATFORMS=cuda without a GPU
        device = "none that JAX could start"
    return f"nst {__version__}, JAX {jax.__version__}, device: {device}"


if __name__ == "__main__":
    sys.exit(main())
