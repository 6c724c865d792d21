"""The record of a run that equals another one, and so computes nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nst.base.files import write_whole
from nst.config.schema import Config
from nst.images.output import Carried
from nst.rundir import fields, outputs, run_json
from nst.rundir.ownership import remove_parts, write_hydra
from nst.sources.resolve import ResolvedSource

#: What it takes from the other's run.json.
TAKEN = ("status", "error", "device", "picture", "best", "last", "timings", "metrics")


def write(
    original: Path,
    folder: Path,
    network: str,
    config: Config,
    sources: dict[str, ResolvedSource],
    overrides: Sequence[str],
    hydra: Mapping[str, str],
    own: Mapping[str, Any],
    carried: Carried,
) -> dict[str, Any]:
    """Give a run that equals another one a folder of its own with that one's result.

    Args:
      original: folder of the other, which has ended.
      folder: and the rest as `nst.rundir.record.Record` takes them.
      own: fields that are not the other's: "same_as" or "reused_from", the way to `original`, and
        "tracked".
      carried: what files beside result.png take over from the content image's.

    Returns:
      The run's run.json.

    Raises:
      UserError: the original's record can't be read.
      OSError: something can't be read or written.
    """
    other = run_json.earlier(original) or {}
    found = fields.began(network, config, sources, overrides) | {
        **own,
        **{key: other.get(key) for key in TAKEN},
    }
    # As a run does: what is here is shown to be its own before any of it is.
    fields.write(folder, found | {"status": "running", "metrics": {}})
    remove_parts(folder)
    write_hydra(folder, hydra)
    pictures = sorted((original / "images").glob("step_*.png"))
    for file in [*pictures, original / "history.csv", original / "result.png"]:
        write_whole(folder / file.relative_to(original), file.read_bytes())
    outputs.add(folder, original, config, other, carried)
    fields.write(folder, found)
    return found
