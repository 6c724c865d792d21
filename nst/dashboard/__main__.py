"""``nst dashboard DIR``: a sweep's saved view at W&B, and its report."""

import importlib.util
import shlex

from nst.base import locks
from nst.base.commands import Parser, ended, folder, say_line
from nst.base.errors import UserError, of_file
from nst.config.validation import NOT_IN_A_PROJECT
from nst.dashboard import record, sweep
from nst.dashboard.sweep import Sweep

HELP = """\
Make a saved view of a sweep in its W&B project, or bring the one of before up to date.

  nst dashboard DIR [--report]

The view shows the sweep's runs alone: the picture grid, every result, the pictures on the way with
a slider, the settings with what they lead to, how much each matters, seeds, what differs between
runs, the losses. A report has the grid, the pictures of the Pareto front, the statistics and the
command.

  nst dashboard outputs/pooling/2026-11-22_10-00-00
  nst dashboard DIR --report --name "Pooling, cat and moon"
  nst dashboard DIR --dry-run --entity me

The runs must be at W&B: tracking=online, or nst sync DIR. DIR/dashboard.json has what was made, and
what you change by hand in the view is replaced: save it there under another name to keep it."""

_MISSING = (
    "nst dashboard needs W&B's library wandb-workspaces: pip install wandb-workspaces, which the "
    "extra `wandb` of nst brings along"
)


def main() -> None:
    """Make what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    with ended():
        options = _parser().parse_args()
        if options.dry_run and options.report:
            raise UserError(
                "--report asks W&B's server while it is written, so --dry-run shows the view alone"
            )
        found = sweep.read(options.folder, options.entity, options.project)
        if importlib.util.find_spec("wandb_workspaces") is None:
            raise UserError(_MISSING)
        if options.dry_run:
            _show(found, options.name)
            return
        try:
            # Two at once would make two views.
            with locks.file_lock(found.folder / record.FILE):
                _make(found, options.name, options.report)
        except OSError as error:
            raise UserError(
                f"{of_file(error)}: nst dashboard keeps {record.FILE} in the sweep's folder"
            ) from error


def _show(found: Sweep, name: str | None) -> None:
    from nst.dashboard import as_json
    from nst.dashboard.view import name_of, view

    if found.entity is None:
        raise UserError("--dry-run asks no server whose key this is: name the account by --entity")
    print(as_json.text(view(found, found.entity, name_of(found, name))), flush=True)


def _make(found: Sweep, name: str | None, with_report: bool) -> None:
    """Make the view, and the report if it is asked for; keep and print where they are."""
    from nst.dashboard import server
    from nst.dashboard.view import name_of, view

    called = name_of(found, name)
    made = record.read(found.folder)
    entity = server.owner(found.entity, found.folder)
    seen = _checked(found, entity, server.runs(entity, found.project, found.group))
    own = made.setdefault(f"{entity}/{found.project}", {})
    for kind in ("view", "report")[: 1 + with_report]:
        known = own.get(kind)
        if kind == "view":
            url, fresh = server.save_view(view(found, entity, called), known)
        else:
            from nst.dashboard.document import report

            document = report(found, entity, called, seen, own["view"])
            url, fresh = server.save_report(document, known)
        own[kind] = url
        record.keep(found.folder, made)
        if known and fresh:
            say_line(f"the {kind} of before, {known}, is no longer at W&B: this is a new one")
        say_line(f"{kind} {'made' if fresh else 'updated'}: {url}")


def _checked(found: Sweep, entity: str, seen: set[str] | None) -> set[str]:
    """Refuse a dashboard of nothing, and say so where some of the runs are still to come."""
    place = f"{entity}/{found.project}"
    sync = f"`nst sync {shlex.quote(str(found.folder))}`"
    if not seen and not found.tracked:
        raise UserError(
            f"the runs of {found.folder} have tracking=disabled, so W&B has none to show: "
            "tracking=offline keeps the runs of a sweep for nst sync, tracking=online sends them"
        )
    if seen is None:
        raise UserError(
            f"W&B has no project {place} that this key may see: {sync} makes it with the sweep's "
            "runs, and --entity and --project name another one"
        )
    if not seen:
        raise UserError(
            f"W&B has no runs of the group {found.group!r} in {place} yet: {sync} sends them"
        )
    if missing := len(set(found.ids.values()) - seen):
        say_line(f"{missing} of the {len(found.ids)} runs are not at W&B yet: {sync} sends them")
    return seen


def _parser() -> Parser:
    parser = Parser("nst dashboard", HELP)
    parser.add_argument("folder", type=folder, metavar="DIR", help="folder of a sweep")
    parser.add_argument("--report", action="store_true", help="make or update a W&B Report, too")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the view as JSON; asks no server"
    )
    parser.add_argument(
        "--entity", metavar="NAME", type=_name, help="team or user; without it as the runs have it"
    )
    parser.add_argument(
        "--project", metavar="NAME", type=_name, help="project; without it as the runs have it"
    )
    parser.add_argument("--name", metavar="TEXT", help="of view and report; without it the sweep's")
    return parser


def _name(text: str) -> str:
    if not text.strip() or set(text) & set(NOT_IN_A_PROJECT):
        raise UserError(
            f"--entity and --project are names without any of {NOT_IN_A_PROJECT}, not {text!r}"
        )
    return text


if __name__ == "__main__":
    main()
