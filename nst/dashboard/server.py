"""W&B's server as a dashboard needs it: who asks, which runs it has, views and reports.

W&B's client prints, asks and warns by itself; here it says what it has to say as a sentence.
"""

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import wandb
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from nst.base.errors import UserError
from nst.tracking import wandb_remote, wandb_run, wandb_settings


@contextlib.contextmanager
def asked(what: str) -> Iterator[None]:
    """Keep W&B's own words off the terminal; say what goes wrong in a sentence.

    Args:
      what: could not be done, "make the view".

    Raises:
      UserError: the server refused it, or did not answer.
    """
    with (
        wandb_remote.asked(what),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(action="ignore"),
    ):
        yield


def owner(entity: str | None, folder: Path) -> str:
    """Return whose project it is, once the server has taken the key.

    Args:
      entity: that was named; none: the account's default.
      folder: of the sweep, for W&B's files where the home folder can't be written.

    Raises:
      UserError: there is no key, the server refuses it or is not there, there is no default, or a
        variable of W&B's is refused.
    """
    wandb_settings.from_environment(None)  # names a variable that W&B refuses
    wandb_run.give_folders(folder)
    with asked("say whose key this is"):
        return wandb_remote.owner(entity)


def runs(entity: str, project: str, group: str) -> set[str] | None:
    """Return the ids of a group's runs, the run `cells` among them; None without such a project.

    Args:
      entity: whose project it is.
      project: at W&B.
      group: of a sweep.

    Raises:
      UserError: the server refused it, or did not answer.
    """
    with asked("list the runs"):
        found = wandb.Api().runs(f"{entity}/{project}", filters={"group": group})
        try:
            return {one.id for one in found}
        except ValueError as error:
            if "Could not find project" not in str(error):
                raise
            return None


def save_view(fresh: ws.Workspace, known: str | None) -> tuple[str, bool]:
    """Save a view in place of the one that is there; return its address, and whether it is new.

    Args:
      fresh: as it is to be.
      known: address of the one that was made before; none: there is none.

    Raises:
      UserError: the server refused it, or did not answer.
    """
    with asked("take the view"):
        there = _view(known) if known else None
        if there is None:
            return fresh.save().url, True
        there.name = fresh.name
        there.sections = fresh.sections
        there.settings = fresh.settings
        there.runset_settings = fresh.runset_settings
        return there.save().url, False


def save_report(fresh: wr.Report, known: str | None) -> tuple[str, bool]:
    """Save a report in place of the one that is there; return its address, and whether it is new.

    Args:
      fresh: as it is to be.
      known: address of the one that was made before; none: there is none.

    Raises:
      UserError: the server refused it, or did not answer.
    """
    with asked("take the report"):
        there = _report(known) if known else None
        if there is None:
            return _address(fresh.save()), True
        there.title, there.description = fresh.title, fresh.description
        there.blocks, there.width = fresh.blocks, fresh.width
        return _address(there.save()), False


def _view(url: str) -> ws.Workspace | None:
    """Return the view of an address, None where it has been deleted."""
    try:
        return ws.Workspace.from_url(url)
    except ValueError as error:
        # The only word for it that wandb-workspaces has.
        if re.match("(Workspace|Project) `.*not found", str(error)):
            return None
        raise _unreadable(url, error) from error


def _report(url: str) -> wr.Report | None:
    """Return the report of an address, None where it has been deleted."""
    try:
        return wr.Report.from_url(url)
    except TypeError:
        # W&B has null in its place, which wandb-workspaces does not look for.
        return None
    except ValueError as error:
        raise _unreadable(url, error) from error


def _unreadable(url: str, error: Exception) -> UserError:
    return UserError(
        f"wandb-workspaces can't read what is at {url} ({' '.join(str(error).split())}): to have "
        "another one made, move dashboard.json out of the sweep's folder"
    )


def _address(report: wr.Report) -> str:
    """Return a report's address with the title as W&B's own pages have it there."""
    before, _, last = report.url.rpartition("/reports/")
    title, _, identity = last.rpartition("--")
    return f"{before}/reports/{re.sub(r'[^0-9A-Za-z]+', '-', title).strip('-')}--{identity}"
