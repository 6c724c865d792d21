"""The metrics of a run: what each is called, which way is better, and the file that computes it.

Imports nothing heavy, since a report reads it. docs/metrics.md has the formulas.
"""

from dataclasses import dataclass, replace

_PHOTOGRAPH, _PAINTING = ("content",), ("style", "style.blend")
#: Keys that change what a number of one photograph and one painting is measured against.
OF_A_PAIR = (*_PHOTOGRAPH, *_PAINTING, "size")


@dataclass(frozen=True)
class Metric:
    """A number of a finished run that does not depend on the run's own weights."""

    name: str  # in run.json, "style_distance"
    title: str  # for people
    better: str | None  # "lower" or "higher"; none: neither is
    meaning: str  # one sentence with range
    module: str  # whose measure(pictures: nst.metrics.pictures.Compared) returns it, or None
    reference: float | None = None  # where nothing was reached: bounds the hypervolume of a front
    # What it belongs to: numbers of two photographs, say, can't be averaged or ranked.
    within: tuple[str, ...] = OF_A_PAIR


_ALL = (
    Metric(
        "style_distance",
        "style distance",
        "lower",
        "Distance of the Gram matrices to the style picture's, over that of the photograph: "
        "0 is the style picture's own, 1 is nothing transferred.",
        "nst.metrics.style_distance",
        reference=1.0,
    ),
    Metric(
        "content_distance",
        "content distance",
        "lower",
        "Distance of conv4_2 to the photograph's, over that of the style picture: "
        "0 is the photograph, 1 is as far from it as the style picture.",
        "nst.metrics.content_distance",
        reference=1.0,
    ),
    Metric(
        "lpips",
        "LPIPS",
        "lower",
        "Perceptual distance to the photograph: 0 is the photograph, above 0.7 nothing is alike.",
        "nst.metrics.lpips",
        reference=1.0,
        within=(*_PHOTOGRAPH, "size"),
    ),
    Metric(
        "ssim",
        "SSIM",
        "higher",
        "Structural similarity of luminance to the photograph: 1 is the same, 0 nothing alike.",
        "nst.metrics.ssim",
        reference=0.0,
        within=(*_PHOTOGRAPH, "size"),
    ),
    Metric(
        "tv",
        "total variation",
        None,
        "Total variation in gray levels a pixel: 0 is one flat color, higher is busier.",
        "nst.metrics.total_variation",
        within=(*_PHOTOGRAPH, "size"),
    ),
    Metric(
        "color_distance",
        "color distance",
        "lower",
        "Sliced Wasserstein distance of the colors to the style picture's, in CIELAB units: "
        "0 is the same palette.",
        "nst.metrics.color_distance",
    ),
)
#: Metrics by their names, in the order of run.json, of metrics.csv and of the report.
METRICS = {metric.name: metric for metric in _ALL}

#: What voters said of a run's picture; it isn't computed from the picture, as METRICS are.
PREFERENCE = Metric(
    "preference",
    "preference",
    "higher",
    "How strongly voters prefer the picture to others of the same content and style images: "
    "0 is as much as those on average, and of two that are 1 apart the higher wins 73 of 100 votes "
    "that are no ties.",
    "",
    within=("content", "style"),
)


def described(name: str) -> Metric | None:
    """Return a metric by its name, the voters' preference too; None: it is of another version.

    Args:
      name: "ssim"; "preference"; "preference/Ann", of one voter alone.
    """
    kind, _, voter = name.partition("/")
    if kind != PREFERENCE.name:
        return METRICS.get(name)
    title = f"preference of {voter}" if voter else PREFERENCE.title
    return replace(PREFERENCE, name=name, title=title)
