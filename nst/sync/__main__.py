"""``nst sync DIR``: the runs of a sweep to Weights & Biases, each once."""

import contextlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nst.base.commands import Parser, ended, folder, say_line
from nst.base.errors import UserError
from nst.report.reading import runs_in

if TYPE_CHECKING:
    from nst.sync.every import Done
    from nst.sync.waiting import Waiting

HELP = """\
Send runs to Weights & Biases that were tracked offline, or whose server was gone.

  nst sync DIR [DIR ...]

Sends what W&B lacks of each run at any depth below DIR: rows, pictures and summary, with the
voters' preference, and of a sweep its table of cells. What is there is left as it is, so the
command can be repeated, and no run comes twice. What is sent comes from the runs' own folders and
not from W&B's wandb/, so any machine that has the folders can send them.

  nst sync outputs/pooling/2026-11-22_10-00-00
  nst sync DIR --project styles --entity our-team"""


def main() -> None:
    """Send what the command line names; exit 0, 1 for an error, 130 after Ctrl-C."""
    with ended():
        options = _parser().parse_args()
        runs, broken, _ = runs_in(options.folders)
        from nst.sync import alone, every, waiting  # they load JAX and W&B
        from nst.tracking import wandb_settings

        found, left = waiting.waiting(runs)
        left |= {str(one.folder): one.reason for one in broken}
        if not found:
            raise UserError(f"there is nothing to send: {_reasons(left)}")
        wandb_settings.from_environment("of several runs")  # refuses what no sweep can have
        with (
            tempfile.TemporaryDirectory(prefix="nst-") as place,
            alone.ended_soon(Path(place)),
            alone.by_records(Path(place)),
            contextlib.ExitStack() as stack,
        ):
            for one in {one.resolve(): one for one in options.folders}.values():
                if not (one / "run.json").exists():
                    stack.enter_context(alone.on(one))
            placed = _placed(found, options.entity, options.project)
            done = every.every(placed, Path(place), say_line)
        _say(done, left)


def _placed(found: Sequence["Waiting"], entity: str | None, project: str | None) -> list["Waiting"]:
    """Return runs with where they go: what was asked for, or what their records say."""
    from nst.tracking import wandb_remote

    own = {"entity": wandb_remote.owner(entity)}
    given = {"entity": entity, "project": project}
    asked = {key: value for key, value in given.items() if value}
    return [replace(one, known=own | one.known | asked) for one in found]


def _say(done: "Done", left: Mapping[str, str]) -> None:
    """Say what became of the runs.

    Raises:
      UserError: some were not sent.
    """
    count = len(done.sent) + len(done.there)
    if left := {**left, **done.gone}:
        say_line(f"left out: {_reasons(left)}")
    if count:
        places = {f"{one.known['entity']}/{one.known['project']}" for one in done.sent + done.there}
        now = f"{len(done.sent)} of them sent now" if done.sent else "all of them before"
        runs = "1 run is" if count == 1 else f"{count} runs are"
        say_line(f"{runs} at W&B in {', '.join(sorted(places))}, {now}")
    if done.failed:
        total = count + len(done.failed)
        raise UserError(
            f"{len(done.failed)} of {total} runs were not sent ({_reasons(done.failed)}); "
            "the same command sends what is missing"
        )


def _reasons(why: Mapping[str, str], most: int = 3) -> str:
    """Return the names of runs by what is said of them."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in why.items():
        by_reason.setdefault(reason, []).append(name)
    parts = []
    for reason, names in by_reason.items():
        more = f" and {len(names) - most} more" if len(names) > most else ""
        parts.append(f"{', '.join(names[:most])}{more}: {reason}")
    return "; ".join(parts)


def _parser() -> Parser:
    parser = Parser("nst sync", HELP)
    parser.add_argument("folders", nargs="+", type=folder, metavar="DIR", help="folder with runs")
    parser.add_argument("--entity", metavar="NAME", help="user or team; else as the runs say")
    parser.add_argument("--project", metavar="NAME", help="project; else as the runs say")
    return parser


if __name__ == "__main__":
    main()
