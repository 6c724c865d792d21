"""The saved view of a sweep: its runs alone, and what a person looks at, from the top down."""

import re
import unicodedata

import wandb_workspaces.workspaces as ws

from nst.base.errors import UserError
from nst.dashboard import panels, runset
from nst.dashboard.columns import swept
from nst.dashboard.sweep import Sweep

#: Characters of the longest name, as of a report's title at W&B.
LONGEST = 128


def view(sweep: Sweep, entity: str, name: str) -> ws.Workspace:
    """Return the view of a sweep, of no server's yet.

    Args:
      sweep: to be shown.
      entity: whose project it is.
      name: that W&B lists it by, as `name_of` returns it.
    """
    return ws.Workspace(
        entity=entity,
        project=sweep.project,
        name=name,
        sections=sections(sweep),
        settings=settings(sweep),
        runset_settings=runs(sweep),
        auto_generate_panels=False,
    )


def sections(sweep: Sweep) -> list[ws.Section]:
    """Return the panels of a sweep's view, from the top down.

    Args:
      sweep: to be shown.
    """
    learned = [
        panels.coordinates(sweep),
        *panels.scatters(sweep),
        *panels.importances(sweep),
        *panels.bars(sweep),
    ]
    return [
        _section("Picture grid", [panels.grid()], 1),
        _section("Results", [panels.results(), panels.on_the_way(), panels.originals(sweep)], 3),
        _section("What the settings do", learned, 2, rows=(len(learned) + 1) // 2),
        _section("Runs against each other", [panels.comparer()], 1),
        _section("Losses", panels.losses(), 3),
    ]


def settings(sweep: Sweep) -> ws.WorkspaceSettings:
    """Return how many runs a panel shows: all of a sweep's, as far as W&B draws them.

    Args:
      sweep: to be shown.
    """
    return ws.WorkspaceSettings(max_runs=min(len(sweep.report.runs) + 1, panels.MOST_RUNS))


def runs(sweep: Sweep) -> ws.RunsetSettings:
    """Return which runs are shown, in the order of their settings, and by which columns.

    Args:
      sweep: to be shown.
    """
    keys = swept(sweep.report)
    shown = [*keys, *panels.numbers(sweep)]
    by_name = ws.Ordering(ws.Metric("Name"), ascending=True)
    order = [ws.Ordering(ws.Config(one.key), ascending=True) for one in keys if one.of_config]
    return ws.RunsetSettings(
        filters=runset.of_group(sweep.group),
        order=order or [by_name],
        pinned_columns=["run:displayName", *(one.path for one in shown)],
    )


def name_of(sweep: Sweep, given: str | None) -> str:
    """Return the name of a view and of a report, as W&B takes it.

    Args:
      sweep: to be shown.
      given: by the user; none: the group's.

    Raises:
      UserError: W&B does not take the one that was given.
    """
    if given is None:
        kept = "".join(" " if _refused(one) else one for one in f"Sweep {sweep.group}")
        return re.sub(r"\s+", " ", kept).strip()[:LONGEST]
    name = given.strip()
    wrong = next((one for one in name if _refused(one) or not one.isprintable()), None)
    if wrong is not None:
        raise UserError(f"--name: W&B takes letters, digits and punctuation, and not {wrong!r}")
    if not 1 <= len(name) <= LONGEST:
        raise UserError(f"--name must be of 1 to {LONGEST} characters, not {len(name)}")
    return name


def _refused(one: str) -> bool:
    """Return whether wandb-workspaces takes a character for an emoji, = and + among them."""
    return unicodedata.category(one) in ("So", "Sk", "Sm", "Sc", "Cs", "Cc")


def _section(name: str, shown: list, columns: int, rows: int = 1) -> ws.Section:
    layout = ws.SectionLayoutSettings(columns=columns, rows=rows)
    return ws.Section(name=name, panels=shown, is_open=True, layout_settings=layout)
