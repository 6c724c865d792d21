"""Runs that needn't be computed: those that ended before, and those that equal another one."""

import logging
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from nst.base import home, locks
from nst.base.errors import UserError, one_line
from nst.config import identity, output
from nst.config.schema import Config, to_mapping
from nst.rundir import checkpoint, history, outputs, ownership, repeat, reuse, run_json, runlog
from nst.rundir.outputs import Deep
from nst.rundir.reuse import Same
from nst.runner.job import Place
from nst.runner.originals import originals
from nst.runner.outcome import Outcome, recorded
from nst.runner.prepare import Prepared
from nst.tracking.tracker import End, Tracker, sweep_group, track

log = logging.getLogger("nst")

#: The finished runs in the folders of `sweep.reuse`, by these and the folder that doesn't count.
Reusable = dict[tuple[tuple[str, ...], Path], reuse.Finished]


def repeated(prepared: Prepared, place: Place, original: Path | None = None) -> Outcome | None:
    """Return how a run ended that needn't be computed: it ended before, or equals another one.

    Args:
      prepared: the run.
      place: of the run.
      original: a run of another sweep that `reusable` has found for it.

    Raises:
      UserError: as `ended_before`, or the folder is in use.
    """
    with locks.run_lock(place.folder):
        return _ended(prepared, place) or _as_another(prepared, place, original)


def known(prepared: Prepared, place: Place) -> Outcome | None:
    """Return what `repeated` does, for one who holds the run lock; looks for runs to reuse, too."""
    if ended := _ended(prepared, place):
        return ended
    return _as_another(prepared, place, reusable(prepared, place, {}))


def reusable(prepared: Prepared, place: Place, found: Reusable) -> Path | None:
    """Return the folder of another sweep's run that `sweep.reuse` allows this one to take.

    Args:
      prepared: the run.
      place: of the run.
      found: what was found for the runs before it in the same folders.

    Raises:
      UserError: `sweep.reuse` names no folder.
    """
    within = tuple(prepared.config.sweep.reuse or ())
    if not within:
        return None
    key = within, place.sweep or place.folder
    if key not in found:
        found[key] = reuse.Finished(*key)
    return found[key].find(*same_files(prepared))


def _ended(prepared: Prepared, place: Place) -> Outcome | None:
    ended = ended_before(prepared, place)
    if ended:
        over(ended, place.folder)
        complete(prepared, place.folder)
    return ended


def over(ended: Outcome, folder: Path) -> None:
    """Remove what a run saved to resume from, which a kill may have left; a pruned one needs it.

    Args:
      ended: how the run ended before.
      folder: of the run.
    """
    if ended.status != "pruned":
        checkpoint.remove(folder)


def complete(prepared: Prepared, folder: Path) -> None:
    """Write the files beside result.png that a run which is over is asked for only now.

    Args:
      prepared: the run.
      folder: of the run, as `ended_before` has looked at it.
    """
    fields = run_json.earlier(folder)
    if fields and output.files(prepared.config.output):
        outputs.add(folder, folder, prepared.config, fields, prepared.carried)


def ended_before(prepared: Prepared, place: Place) -> Outcome | None:
    """Return how this run ended when it was run in this folder before, or None if it is to run.

    Raises:
      UserError: the folder holds another run, and the message names what differs; or it holds
        files that are not nst's.
    """
    beside = output.files(prepared.config.output)
    fields = ownership.check(place.folder, log=False, beside=beside)
    if fields is None or fields["config_hash"] is None:  # refused before it started
        return None
    config = to_mapping(prepared.config)
    if fields["config_hash"] != identity.config_hash(
        prepared.config, prepared.static.network, prepared.sources
    ):
        differ = identity.differences(fields["config"], config) or [
            "the pictures' or weights' bytes"
        ]
        found = one_line("; ".join(differ))
        raise UserError(
            f"{place.folder} holds another run, which differs in {found}: take another folder"
        )
    status = fields["status"]
    again = status in ("diverged", "failed", "pruned") and prepared.config.sweep.retry
    if status in ("running", "interrupted") or again:
        return None
    if fields["best"]:
        wanted = outputs.deep(prepared.config.output)
        missing = outputs.lacking(place.folder, fields["config"], wanted)
        outputs.refuse(place.folder, missing, prepared.config.output)
    return recorded(fields, place.folder)


def same_files(prepared: Prepared) -> tuple[Same, Deep]:
    """Return what two runs that leave the same files have in common, with those made of them.

    Offline, style=starry and style=night are the same run: the one is the other's fallback.
    """
    config = prepared.config
    own = identity.config_hash(config, prepared.static.network, prepared.sources)
    return (own, config.tracking.images_every), outputs.deep(config.output)


def _as_another(prepared: Prepared, place: Place, other: Path | None) -> Outcome | None:
    """Take the result of a finished run that leaves the same files: this sweep's, or `other`."""
    config, folder = prepared.config, place.folder
    same, deep = same_files(prepared)
    of_sweep = place.sweep and ownership.find_equal(
        folder,
        *same,
        lambda one, fields: not outputs.lacking(one, fields["config"], deep),
    )
    original = of_sweep or other
    if original is None:
        return None
    links = (
        {"same_as": os.path.relpath(original, folder)}
        if of_sweep
        else {"reused_from": reuse.way(folder, original)}
    )
    settings = to_mapping(config) | {"overrides": list(place.overrides)} | links
    theirs = run_json.earlier(original) or {}
    with tracked(config, settings, place) as tracker:
        tracker.restore(history.rows(original / "history.csv"), original / "images")
        ended, metrics = recorded(theirs, original), theirs["metrics"] or {}
        end = End(ended.status, ended.error, theirs["best"], ended.picture, metrics)
        tracker.finish(end, prepared.sources, originals(prepared, place))
        # Last: once the record says that the run is over, nothing is made up for.
        fields = repeat.write(
            original,
            folder,
            prepared.static.network,
            config,
            prepared.sources,
            place.overrides,
            place.hydra,
            links | {"tracked": dict(tracker.known) or None},
            prepared.carried,
        )
        checkpoint.remove(folder)
        runlog.keep(folder)
    log.info("the same run as %s, whose result it takes", original)
    return recorded(fields, folder)


def tracked(
    config: Config, settings: dict[str, Any], place: Place
) -> AbstractContextManager[Tracker]:
    """Open the tracker of a run; of a sweep's, in the sweep's group and named by its label."""
    group = sweep_group(place.sweep) if place.sweep else None
    name = home.without(place.label or ",".join(place.overrides) or config.name)
    earlier = run_json.earlier(place.folder) or {}
    folder = place.sweep or place.folder
    return track(config, settings, folder, group, name, earlier.get("tracked"))
