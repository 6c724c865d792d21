"""A run's summary at W&B, and the digest by which one sees whether W&B has all of the run."""

import hashlib
import json
from collections.abc import Mapping
from math import isfinite, nan
from pathlib import Path
from typing import Any

from nst.config import look
from nst.config.schema import Config
from nst.losses.total import weighted
from nst.sources.resolve import ResolvedSource
from nst.tracking.tracker import End


def summed_up(
    config: Config, end: End, sources: Mapping[str, ResolvedSource], step: int
) -> dict[str, Any]:
    """Return a run's summary but for its pictures.

    Args:
      config: validated.
      end: how the run ended.
      sources: the pictures and the network, as they were used.
      step: of the last row.

    Returns:
      Its values; "record" is a digest of them, the step and the picture, by which one sees whether
      W&B has all of the run.
    """
    summary: dict[str, Any] = {"status": end.status}
    metrics = {name: value for name, value in end.metrics.items() if value is not None}
    summary |= {f"metrics/{name}": value for name, value in metrics.items()}
    if end.best is not None:
        # A record has null for what is not finite.
        terms = {
            name: nan if one is None or not isfinite(one) else one for name, one in end.best.items()
        }
        summary["best/step"] = int(terms.pop("step"))
        found = losses(terms, config, summary["best/step"])
        summary |= {f"best/{key}": value for key, value in found.items()}
    for key, asset in sources.items():
        summary |= {f"sources/{key}": asset.name, f"sources/{key}_fallback": asset.fallback}
    return summary | {"record": digest(summary, step, end.picture)}


def losses(terms: Mapping[str, float], config: Config, step: int) -> dict[str, Any]:
    """Return losses by W&B's names, unweighted and weighted.

    Args:
      terms: losses by nst's names.
      config: validated.
      step: of the check, since weights may depend on the size at it.
    """
    sums = terms["content"], terms["style"], terms["tv"]
    weights = look.weights(config, look.size_at(config, step))
    parts = weighted(*sums, **weights._asdict())
    return {f"loss/{name}": value for name, value in terms.items()} | {
        f"weighted/{name}": value for name, value in parts._asdict().items()
    }


def digest(*parts: Any) -> str:
    """Return 16 hexadecimal digits that change with any of the parts.

    Args:
      parts: what JSON can hold; of a path, which may be None, its file counts.
    """
    found = hashlib.sha256()
    for one in parts:
        data = (
            one.read_bytes() if isinstance(one, Path) else json.dumps(one, sort_keys=True).encode()
        )
        found.update(hashlib.sha256(data).digest())
    return found.hexdigest()[:16]
