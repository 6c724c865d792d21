"""The pictures to choose between, in groups of one content and style image; their blind names."""

import hashlib
import secrets
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from nst.report import preference, thumbnails
from nst.report.caption import short_title
from nst.rundir.runs import RecordedSource, Run

#: What a PNG needs to be shown as it is; its texts name the run's seed and settings.
_SHOWN = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sRGB", b"gAMA", b"cHRM")
_BEGIN = b"\x89PNG\r\n\x1a\n"


def blind_name() -> str:
    """Return a name that says nothing."""
    return secrets.token_urlsafe(9)


@dataclass(frozen=True)
class Picture:
    """What one or several runs came to, known by its bytes."""

    sha256: str
    runs: tuple[Run, ...]  # more than one where they came to the very same picture
    name: str = field(default_factory=blind_name)  # in requests

    @property
    def run(self) -> Run:
        """The first of its runs."""
        return self.runs[0]

    def data(self) -> bytes | None:
        """Return the picture as a PNG without a word in it; None where it is gone or changed."""
        for run in self.runs:
            try:
                data = run.picture.read_bytes() if run.picture else b""
            except OSError:
                continue
            if hashlib.sha256(data).hexdigest() == self.sha256:
                return without_words(data)
        return None


@dataclass(frozen=True)
class Source:
    """A content or a style image."""

    title: str
    data: bytes | None  # a JPEG; none: the picture is no longer to be found
    name: str = field(default_factory=blind_name)

    def told(self) -> dict[str, str | None]:
        """Return what the page shows of it; without a name there is no picture."""
        name = self.name if self.data else None
        return {"title": self.title, "short": short_title(self.title), "name": name}


@dataclass(frozen=True)
class Group:
    """Pictures of one content and one style image, or one blend of style images."""

    pictures: list[Picture]
    content: list[Source]
    style: list[Source]

    @property
    def title(self) -> str:
        """Its two source pictures."""
        names = [
            " + ".join(short_title(one.title) for one in some)
            for some in (self.content, self.style)
        ]
        return " in the style of ".join(names)


def groups(runs: Sequence[Run]) -> tuple[list[Group], list[Run]]:
    """Return groups of two pictures or more, and the runs whose picture is alone in its group.

    Args:
      runs: those that didn't finish with a picture that can be read are passed over.
    """
    with ThreadPoolExecutor(4) as pool:
        sums = dict(zip((run.name for run in runs), pool.map(_sum, runs), strict=True))
    by_group: dict[object, dict[str, list[Run]]] = {}
    for run in runs:
        if sha256 := sums[run.name]:
            by_group.setdefault(preference.pair(run), {}).setdefault(sha256, []).append(run)
    found: list[Group] = []
    alone: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="nst-") as folder:
        for by_sum in by_group.values():
            pictures = [Picture(sha256, tuple(some)) for sha256, some in by_sum.items()]
            if len(pictures) < 2:
                alone += pictures[0].runs
                continue
            several = [run for picture in pictures for run in picture.runs]
            content, style = (_sources(several, key, Path(folder)) for key in ("content", "style"))
            found.append(Group(pictures, content, style))
    return found, alone


def without_words(png: bytes) -> bytes:
    """Return a PNG's bytes without texts, times and what else isn't needed to show it.

    Args:
      png: a whole file.
    """
    if not png.startswith(_BEGIN):
        return png
    kept, at = [_BEGIN], len(_BEGIN)
    while at + 12 <= len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] in _SHOWN:
            kept.append(png[at:end])
        at = end
    return b"".join(kept)


def _sum(run: Run) -> str:
    return preference.hash_of(run.picture) if run.picture and run.status == "finished" else ""


def _sources(runs: Iterable[Run], key: str, folder: Path) -> list[Source]:
    """Return the pictures that were used, each once, as far as they are to be found."""
    used: dict[str, tuple[RecordedSource, Path]] = {}
    for run in runs:
        for part, source in run.sources.items():
            # Of a blend, "style" itself is none.
            if part.partition("/")[0] == key and (part != key or source.sha256 or len(used) == 0):
                used.setdefault(source.sha256 or source.name, (source, run.folder))
    if len(used) > 1:
        used = {name: pair for name, pair in used.items() if pair[0].sha256}
    made = thumbnails.of_sources(used.values(), key, folder, thumbnails.LARGE)
    return [
        Source(source.title, made[source.name][1].read_bytes() if source.name in made else None)
        for source, _ in used.values()
    ]
