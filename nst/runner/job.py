"""A run that is to be done, before anything heavy is loaded: what it is and where its files go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nst.config.schema import Config
from nst.sources.resolve import ResolvedSource


@dataclass(frozen=True)
class Place:
    """Where a run leaves what it finds, and what its record says of how it was asked for."""

    folder: Path  # of the run
    overrides: tuple[str, ...] = ()  # what the user asked for on top of the defaults
    sweep: Path | None = None  # folder of the sweep, W&B's files too; none: a run by itself
    hydra: Mapping[str, str] = field(default_factory=dict)  # files of .hydra/, name -> text
    label: str = ""  # what sets it apart in its sweep, "style=starry,tv.gamma=1e3"


@dataclass(frozen=True)
class Job:
    """A run of a sweep."""

    config: Config  # validated
    place: Place
    #: Pictures that a program holds, by "content" and "style".
    given: Mapping[str, ResolvedSource] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What sets it apart in its sweep."""
        return self.place.label
