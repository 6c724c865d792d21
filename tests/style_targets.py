"""The target of any style statistic, also of those that ask for a shape or draw."""

from typing import Any

from nst.losses import total


def target_of(statistic: str, *style_images: Any, shape: tuple[int, ...], seed: int = 3) -> Any:
    """Return the target of the activations of one style image, or of several.

    Args:
      statistic: its name.
      style_images: activations, each (H', W', N).
      shape: (H, W, N), of the picture's activations.
      seed: of what is drawn.
    """
    layers = [{"conv1_1": one} for one in style_images]  # whose positions are the picture's
    asked: dict[str, Any] = {"network": "vgg16", "picture": shape, "seed": seed}
    return total.targets({}, layers, (), ("conv1_1",), statistic, **asked).style["conv1_1"]
