"""A metric in a file of its own."""

from nst.metrics.pictures import Compared


def measure(pictures: Compared) -> float:
    return float(pictures.result.pixels()[..., 0].mean())
