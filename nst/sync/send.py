"""One recorded run to W&B's server: its rows, pictures and summary, as far as they aren't there."""

from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from nst.config.schema import to_mapping
from nst.report import originals
from nst.rundir.runs import Run
from nst.sync import alone
from nst.sync.waiting import Waiting
from nst.tracking import wandb_kept, wandb_remote
from nst.tracking.tracker import Picture
from nst.tracking.wandb_remote import There
from nst.tracking.wandb_tracker import WandbTracker, defined

#: What wandb.init takes of what a record keeps.
_GIVEN = ("id", "entity", "project", "group", "name", "job_type", "tags", "notes")


def lacks(one: Waiting, there: There | None) -> bool:
    """Return whether W&B lacks something of a run.

    Args:
      one: the run.
      there: what W&B has of it; none: nothing.
    """
    return there is None or there.rows < len(one.rows) or there.record != one.record


def send(one: Waiting, place: Path) -> None:
    """Send what W&B lacks of a run; no other process works on it meanwhile.

    Args:
      one: the run.
      place: folder for W&B's own files.

    Raises:
      UserError: the run is in use, or W&B doesn't take it.
    """
    links = {key: one.fields[key] for key in ("same_as", "reused_from") if one.fields[key]}
    settings = to_mapping(one.config) | {"overrides": one.fields["overrides"]} | links
    arguments = {key: one.known[key] for key in _GIVEN if one.known.get(key)}
    with (
        alone.on(one.run.folder),
        defined(wandb_remote.opened(arguments | {"config": settings}, place)) as run,
    ):
        # Another process may have sent it since W&B was asked.
        if run.starting_step > one.step and run.summary.get("record") == one.record:
            return
        opening: Future[Any] = Future()
        opening.set_result(run)
        tracker = WandbTracker(opening, one.config, one.known["id"], one.known.get("name", ""))
        tracker.restore(one.rows, one.run.folder / "images")
        tracker.finish(one.end, one.sources, {} if one.sweep else _originals(one.run))


def mark(one: Waiting) -> None:
    """Mark a run's offline records as sent, so that `wandb sync` doesn't send them again.

    Args:
      one: the run, which W&B has.
    """
    for folder in {one.run.folder, one.sweep or one.run.folder}:
        wandb_kept.mark_sent(wandb_kept.records(folder, one.known["id"]))


def _originals(run: Run) -> dict[str, Picture]:
    """Return the content and style images of a run that is in no sweep, named as it names them."""
    found = originals.of([run], run.folder)
    groups = Counter(name.partition("/")[0] for name in found)
    return {
        name if groups[group := name.partition("/")[0]] > 1 else group: picture
        for name, picture in found.items()
    }
