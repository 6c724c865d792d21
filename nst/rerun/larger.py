"""``--same-look``: what makes of a run the same picture at another size."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nst.base.errors import UserError
from nst.command import grammar


def enlarged(folder: Path, fields: Mapping[str, Any], changes: Sequence[str]) -> list[str]:
    """Return the changes besides a new size that leave a run's look as it is.

    It starts from the picture that the run found, enlarged, and with weights and style images as
    they act at the run's own size. What is among the changes already stays as it was asked for.

    Args:
      folder: of the run.
      fields: of its run.json.
      changes: overrides, a size among them.

    Raises:
      UserError: there is no size among them, or the run has no picture.
    """
    given = {one.lstrip("+~").partition("=")[0] for one in changes}
    if not given & {"size", "scales"}:
        raise UserError(f"--same-look goes with a size: nst rerun {folder} size=1024 --same-look")
    config = fields["config"]
    found = []
    if "same_look" not in given and not config.get("same_look"):
        found.append(f"same_look={config.get('size')}")
    if not given & {"init", "init.path", "init.name"}:
        picture = folder / "result.png"
        if not picture.is_file():
            raise UserError(
                f"{folder} has no result.png to start from: init=content starts from the photograph"
            )
        found += ["init=file", f"init.path={grammar.literal(str(picture))}", "init.mix=0"]
    if config.get("scales") and "scales" not in given:
        found.append("scales=null")
        steps = config.get("steps")
        if "steps" not in given and isinstance(steps, list):
            found.append(f"steps={steps[-1]}")
    return found
