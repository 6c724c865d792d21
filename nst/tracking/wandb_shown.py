"""What W&B shows of its own forms: pictures with captions and masks, and alerts."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nst.base import home
from nst.tracking.tracker import Alert, Picture
from nst.tracking.wandb_settings import utf8

#: Characters of an alert's title: W&B wants less than 64.
LONGEST_TITLE = 63


def image(picture: Picture) -> Any:
    """Return a picture as a wandb.Image.

    Args:
      picture: a file goes as it is, pixels as PNG.
    """
    import wandb

    given: Any = picture.image
    if not isinstance(given, Path):
        given = Image.fromarray(np.rint(np.clip(given, 0, 255)).astype(np.uint8))
    return wandb.Image(given, caption=utf8(picture.caption), masks=_masks(picture))


def key(original: str) -> str:
    """Return what W&B has a content or style image under.

    Args:
      original: "content", "style" or "style/NAME".
    """
    group, _, name = original.partition("/")
    return f"{group}_image/{utf8(name)}" if name else f"{group}_image"


def send(run: Any, alert: Alert) -> None:
    """Send W&B's alert of a run; offline its record keeps it, and `wandb sync` sends it.

    Args:
      run: a wandb.Run.
      alert: a long title is cut.
    """
    title = alert.title if len(alert.title) <= LONGEST_TITLE else f"{alert.title[:60]}..."
    level = "INFO" if alert.good else "WARN"
    run.alert(utf8(home.without(title)), utf8(home.without(alert.text)), level=level)


def _masks(picture: Picture) -> dict[str, Any] | None:
    if picture.regions is None:
        return None
    # From 1, since W&B's own examples take 0 for what belongs to no class.
    names = {number: name for number, name in enumerate(picture.names, 1)}
    data = (picture.regions + 1).astype(np.uint8)
    return {"regions": {"mask_data": data, "class_labels": names}}
