"""What a run needs to go on after it was cut off: its last state and the picture it keeps."""

import dataclasses
import math
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from flax import serialization

from nst.base import checksummed
from nst.base.program import Hyperparameters, Static
from nst.engine.check import Check
from nst.losses.total import Terms
from nst.optimizers.table import OPTIMIZERS

FILE = "state.msgpack"


class Saved(NamedTuple):
    """Where a run had got to."""

    last: Check  # the check to go on from
    best: Check  # the one to keep

    @property
    def lowest(self) -> float:
        """The lowest total so far; the picture before the first step doesn't count."""
        return self.best.terms.total if self.best.best else math.inf


def save(folder: Path, last: Check, best: Check) -> None:
    """Write `last` and `best` into the run's folder, whole or not at all."""
    tree = {"last": _tree(last), "best": _tree(best) | {"state": None}}
    checksummed.write(folder / FILE, tree)


def load(folder: Path, static: Static, hyperparameters: Hyperparameters) -> Saved | None:
    """Return what `save` wrote, or None where there is nothing whole to go on from.

    Args:
      folder: of the run.
      static: the run's choices, which tell what the optimizer's state is made of.
      hyperparameters: the traced numbers of the run.
    """
    try:
        tree = checksummed.read(folder / FILE)
        last = _check(tree["last"])
        init = OPTIMIZERS[static.optimizer].load().init
        template = init(static, hyperparameters, last.picture)
        state = serialization.from_state_dict(template, tree["last"]["state"])
        return Saved(dataclasses.replace(last, state=state), _check(tree["best"]))
    except Exception:  # Whatever is wrong with it, the run starts anew.
        return None


def remove(folder: Path) -> None:
    """Remove the saved state of a run that has ended."""
    (folder / FILE).unlink(missing_ok=True)


def _tree(check: Check) -> dict:
    tree = {entry.name: getattr(check, entry.name) for entry in dataclasses.fields(check)}
    state = jax.tree.map(np.asarray, check.state)
    return tree | {
        "terms": check.terms._asdict(),
        "state": serialization.to_state_dict(state),
    }


def _check(tree: dict) -> Check:
    return Check(**(tree | {"terms": Terms(**tree["terms"])}))
