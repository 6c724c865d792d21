"""The group ``output``: the files that a run leaves beside result.png, and how they are written.

result.png is a run's record, always of 8 bits, in sRGB and opaque: everything else reads it.
Imports nothing heavy, so that a refused value answers at once.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nst.base.errors import UserError, did_you_mean
from nst.config.keys import key


class Kind(NamedTuple):
    """A format of a file."""

    ending: str
    bits: int  # of each sample
    lossy: bool = False  # so that there is a quality
    clear: bool = True  # whether it has room for transparency


FORMATS = {
    "png": Kind("png", 8),
    "png16": Kind("png", 16),
    "tiff16": Kind("tif", 16),
    "jpeg": Kind("jpg", 8, lossy=True, clear=False),
    "webp": Kind("webp", 8, lossy=True),
}
#: Every name that such a file may have.
NAMES = tuple(dict.fromkeys(f"output.{kind.ending}" for kind in FORMATS.values()))
#: Longest side of a WebP in pixels (RFC 9649, section 2.5).
MOST_OF_WEBP = 16383

_NAMES_OF_FORMATS = ", ".join(FORMATS)


@dataclass
class Output:
    """The files beside result.png."""

    format: Any = key(
        "png",
        "files for print and web, several as a list: `output.tif` and so on beside `result.png`, "
        "[below](#files-for-print-and-web)",
        unit=", ".join(f"`{one}`" for one in FORMATS),
    )
    quality: Any = key(95, "of `jpeg` and `webp`", whole=True, low=1, high=100)
    profile: str = key(
        "srgb",
        "colors of these files: sRGB, or the content image's ICC profile",
        choices=("srgb", "content"),
    )
    transparency: bool = key(
        False, "whether the content image's transparency is kept in these files"
    )


def checked(output: Output, size: int) -> Output:
    """Return the group with a single format as a text.

    Args:
      output: as composed, in its ranges.
      size: long edge of the result in pixels.

    Raises:
      UserError: a format is unknown, or can't hold what is asked for.
    """
    for one in _given(output):
        if not (isinstance(one, str) and one in FORMATS):
            raise UserError(
                f"output.format must be one or several of {_NAMES_OF_FORMATS}, not {one!r}"
                f"{did_you_mean(str(one), FORMATS)}"
            )
    formats = _formats(output)
    if not formats:
        raise UserError(f"output.format must be one or several of {_NAMES_OF_FORMATS}, not []")
    opaque = [one for one in formats if not FORMATS[one].clear]
    if output.transparency and opaque:
        others = ", ".join(one for one, kind in FORMATS.items() if kind.clear)
        raise UserError(
            f"output.transparency=true has no place in output.format={opaque[0]}: take {others}"
        )
    if output.quality != Output.quality and not any(FORMATS[one].lossy for one in formats):
        raise UserError(
            f"output.quality={output.quality} needs output.format=jpeg or webp, not "
            f"{' or '.join(formats)}"
        )
    if "webp" in formats and size > MOST_OF_WEBP:
        raise UserError(
            f"output.format=webp holds at most {MOST_OF_WEBP} pixels a side, and size={size}"
        )
    if len(files(output)) < len([one for one in formats if _beside(one, output)]):
        raise UserError("output.format=[png,png16] would be one file, output.png: take one of them")
    return dataclasses.replace(output, format=formats[0] if len(formats) == 1 else formats)


def files(output: Output) -> dict[str, Kind]:
    """Return the files that are asked for beside result.png, by their names.

    Args:
      output: a group whose formats are known.
    """
    kinds = (FORMATS[one] for one in _formats(output) if _beside(one, output))
    return {f"output.{kind.ending}": kind for kind in kinds}


def recorded(values: Mapping[str, Any]) -> Output:
    """Return the group as a record has it; the default where it has none that is known.

    Args:
      values: of a run.json's configuration.
    """
    group = values.get("output")
    known = {field.name for field in dataclasses.fields(Output)}
    if not isinstance(group, dict) or not known >= set(group):
        return Output()
    found = Output(**group)
    return found if all(str(one) in FORMATS for one in _given(found)) else Output()


def _given(output: Output) -> list[Any]:
    return output.format if isinstance(output.format, list) else [output.format]


def _formats(output: Output) -> list[str]:
    return list(dict.fromkeys(_given(output)))


def _beside(name: str, output: Output) -> bool:
    """Return whether a format is a file of its own: a plain PNG is result.png."""
    return name != "png" or output.transparency or output.profile != "srgb"
