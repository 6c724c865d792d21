"""One recorded run to W&B's server: its rows, pictures and summary, as far as they aren't there."""

from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nst.base import locks
from nst.config.schema import Config, from_mapping, to_mapping
from nst.config.validation import validated
from nst.report import originals
from nst.rundir.runs import Run
from nst.rundir.values import mapping, text
from nst.sync.waiting import Waiting
from nst.tracking import wandb_kept, wandb_remote
from nst.tracking.tracker import End, Picture
from nst.tracking.wandb_remote import There
from nst.tracking.wandb_summary import summed_up
from nst.tracking.wandb_tracker import WandbTracker, defined

#: What wandb.init takes of what a record keeps.
_GIVEN = ("id", "entity", "project", "group", "name", "job_type", "tags", "notes")


def lacks(one: Waiting, there: There | None) -> bool:
    """Return whether W&B lacks something of a run.

    Args:
      one: the run.
      there: what W&B has of it; none: nothing.
    """
    if there is None or there.rows < len(one.rows):
        return True
    step = int(one.rows[-1]["step"]) if one.rows else -1
    own = summed_up(_config(one), _end(one), _sources(one), step)
    return there.record != own["record"]


def send(one: Waiting, place: Path) -> None:
    """Send what W&B lacks of a run; no other process works on it meanwhile.

    Args:
      one: the run.
      place: folder for W&B's own files.

    Raises:
      UserError: the run is in use, its record is of another version, or W&B doesn't take it.
    """
    config = _config(one)
    links = {key: one.fields[key] for key in ("same_as", "reused_from") if one.fields[key]}
    settings = to_mapping(config) | {"overrides": one.fields["overrides"]} | links
    arguments = {key: one.known[key] for key in _GIVEN if one.known.get(key)}
    with (
        locks.run_lock(one.run.folder),
        defined(wandb_remote.opened(arguments | {"config": settings}, place)) as run,
    ):
        opening: Future[Any] = Future()
        opening.set_result(run)
        tracker = WandbTracker(opening, config, one.known["id"], text(one.known.get("name") or ""))
        tracker.restore(one.rows, one.run.folder / "images")
        tracker.finish(_end(one), _sources(one), {} if one.sweep else _originals(one.run))


def mark(one: Waiting) -> None:
    """Mark a run's offline records as sent, so that `wandb sync` doesn't send them again.

    Args:
      one: the run, which W&B has.
    """
    for folder in {one.run.folder, one.sweep or one.run.folder}:
        wandb_kept.mark_sent(wandb_kept.records(folder, one.known["id"]))


def _config(one: Waiting) -> Config:
    config: Config = validated(from_mapping(one.fields["config"]))
    return config


def _end(one: Waiting) -> End:
    run, best = one.run, one.fields["best"]
    return End(run.status, run.error, best, run.picture, run.metrics)


def _sources(one: Waiting) -> dict[str, Any]:
    """Return what a run used, as far as its record keeps what a tracker is told of it."""
    return {
        key: SimpleNamespace(name=source.get("used"), fallback=bool(source.get("fallback")))
        for key, source in mapping(one.fields, "sources").items()
    }


def _originals(run: Run) -> dict[str, Picture]:
    """Return the content and style images of a run that is in no sweep, named as it names them."""
    found = originals.of([run], run.folder)
    groups = Counter(name.partition("/")[0] for name in found)
    return {
        name if groups[group := name.partition("/")[0]] > 1 else group: picture
        for name, picture in found.items()
    }
