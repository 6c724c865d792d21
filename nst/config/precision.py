"""What ``precision=auto`` is: the fastest whose pictures are float32's, by the kind of device.

As near as float32's own reruns are to each other: docs/performance.md has the measurements.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """What was measured on a kind of device."""

    kind: str  # part of JAX's name of it, in any case of letters
    fastest: str  # of the precisions with float32's pictures
    date: str
    found: str  # LPIPS to float32's picture, of the next faster one and of float32's own reruns


MEASURED = (
    Measured("cpu", "float32", "2026-11-24", "bfloat16 0.142 to 0.186, float32 0.041 to 0.112"),
    Measured("H100", "float32", "2026-11-26", "tensorfloat32 0.154, float32 0.031"),
)


def fastest_alike(kind: str) -> str:
    """Return the fastest precision with float32's pictures; float32 where nobody has measured.

    Args:
      kind: of the device, as JAX names it, "NVIDIA H100 80GB HBM3".
    """
    known = (one.fastest for one in MEASURED if one.kind.lower() in kind.lower())
    return next(known, "float32")
