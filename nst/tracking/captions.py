"""What stands below a picture: short, and without the user's home folder."""

from collections.abc import Mapping

from nst.base import home


def of_check(step: int, total: float, size: tuple[int, int]) -> str:
    """Return the caption of a picture on the way: "step 40, loss 1.234e+06, 256 x 192".

    Args:
      step: steps taken.
      total: the picture's loss.
      size: width and height in pixels.
    """
    return f"step {step}, loss {total:.4g}, {size[0]} x {size[1]}"


def of_result(
    name: str,
    best: tuple[int, float] | None,
    metrics: Mapping[str, float | None],
    *notes: str,
) -> str:
    """Return the caption of a result: what sets the run apart, step and loss, metrics, notes.

    Args:
      name: of the run, its settings say.
      best: step and loss of the picture; none: not known.
      metrics: of the picture, by name; one without a value is left out.
      notes: what else to know; an empty one is left out.
    """
    numbers = ", ".join(f"{key} {one:.3g}" for key, one in metrics.items() if one is not None)
    reached = f"step {best[0]}, loss {best[1]:.4g}" if best else ""
    return home.without("; ".join(filter(None, [name, reached, numbers, *notes])))


def of_original(name: str, title: str, asked: str | None, mask: str | None) -> str:
    """Return the caption of a content or style image: "night: Moonlit bay; in place of starry".

    Args:
      name: of the picture that was used.
      title: its work, author and license, or its file's name.
      asked: the name that was asked for, where this is its fallback.
      mask: name of the file of its regions.
    """
    parts = [title if title.lower().startswith(name.lower()) else f"{name}: {title}"]
    parts += [f"in place of {asked}"] if asked else []
    parts += [f"regions of {mask}"] if mask else []
    return home.without("; ".join(parts))
