"""What each metric of a run is called, and which way is better; evaluate.py computes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A number of a finished run that does not depend on the run's own weights."""

    name: str  # in run.json, "style_distance"
    title: str  # for people
    better: str | None  # "lower" or "higher"; none: neither is
    meaning: str  # one sentence with range


METRICS = (
    Metric(
        "style_distance",
        "style distance",
        "lower",
        "Distance of the Gram matrices to the style picture's, over that of the photograph: "
        "0 is the style picture's own, 1 is nothing transferred.",
    ),
    Metric(
        "content_distance",
        "content distance",
        "lower",
        "Distance of conv4_2 to the photograph's, over that of the style picture: "
        "0 is the photograph, 1 is as far from it as the style picture.",
    ),
    Metric(
        "lpips",
        "LPIPS",
        "lower",
        "Perceptual distance to the photograph: 0 is the photograph, above 0.7 nothing is alike.",
    ),
    Metric(
        "ssim",
        "SSIM",
        "higher",
        "Structural similarity of luminance to the photograph: 1 is the same, 0 nothing alike.",
    ),
    Metric(
        "tv",
        "total variation",
        None,
        "Total variation in grey levels a pixel: 0 is one flat colour, higher is busier.",
    ),
    Metric(
        "color_distance",
        "color distance",
        "lower",
        "Sliced Wasserstein distance of the colors to the style picture's, in CIELAB units: "
        "0 is the same palette.",
    ),
)
