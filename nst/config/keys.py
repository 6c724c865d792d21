"""What is known of a configuration's key beside its name, type and default: its `Key`.

It stands in the metadata of the key's field, nst/config/schema.py. Validation, the table of
docs/configuration.md, a run's hash and the labels of the report read it from there.
"""

import dataclasses
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

#: Above this a float32 loss overflows even on a tiny picture.
LARGEST = 1e30

#: What a key is to the picture:
#:   picture  its value changes the picture;
#:   source   it is part of a source or names a file in its place: that file's bytes change the
#:            picture, and a report shows the name of what was used;
#:   file     it names a file whose bytes change the picture, and a report shows that name;
#:   note     it changes nothing, and a report shows it;
#:   beside   it changes nothing, and no report shows it.
Role = Literal["picture", "source", "file", "note", "beside"]


@dataclass(frozen=True)
class Key:
    """A key's meaning, unit, range and choices, or those of a whole group."""

    meaning: str = ""  # Markdown, for docs/configuration.md
    unit: str = ""  # of a number; of a text, what it has to be
    low: float | None = None  # a number, and no smaller; None: no number
    high: float = LARGEST  # and no larger
    above: bool = False  # the number is above `low`
    below: bool = False  # the number is below `high`
    noun: str = "a number "  # what a refusal calls it
    whole: bool = False  # the number is whole; 1e3 is
    several: bool = False  # a list of such numbers is possible, so a rule of its own reads it
    choices: Collection[str] = ()  # a table's names, the table itself
    role: Role = "picture"
    flat: bool = False  # a group whose keys stand among those of the group that has it
    label: str = ""  # on an axis of the report; none: the key itself

    @property
    def range(self) -> str:
        """Choices, or unit and range, for docs/configuration.md."""
        if self.choices:
            return ", ".join(f"`{one}`" for one in self.choices)
        if self.low is None:
            return self.unit
        low = f"{'above ' * self.above}{short(self.low)}"
        limits = f"{low} to {'below ' * self.below}{short(self.high)}"
        return f"{self.unit}, {limits}" if self.unit else limits


class Entry(NamedTuple):
    """A key or a group of the schema."""

    name: str  # dotted: "tv.gamma", or "tv"
    key: Key
    field: dataclasses.Field


def key(default: Any, meaning: str = "", **known: Any) -> Any:
    """Return the field of a key.

    Args:
      default: of the key; a list is copied.
      meaning: in Markdown.
      known: the other fields of `Key`.
    """
    metadata = {"key": Key(meaning, **known)}
    if isinstance(default, list):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def group(schema: type, **known: Any) -> Any:
    """Return the field of a group of keys.

    Args:
      schema: dataclass of the group.
      known: fields of `Key`; a role is that of each of its keys.
    """
    return dataclasses.field(default_factory=schema, metadata={"key": Key(**known)})


def walk(schema: type, prefix: str = "", role: Role = "picture") -> Iterator[Entry]:
    """Yield the keys and groups of a schema in their order, a group before its keys.

    Args:
      schema: a dataclass.
      prefix: of its keys, "tv." say.
      role: of the group that it is.
    """
    for field in dataclasses.fields(schema):
        known: Key = field.metadata["key"]
        if known.role == "picture":
            known = dataclasses.replace(known, role=role)
        inner = prefix if known.flat else f"{prefix}{field.name}."
        if not known.flat:
            yield Entry(prefix + field.name, known, field)
        if dataclasses.is_dataclass(field.type):
            yield from walk(field.type, inner, known.role)  # type: ignore[arg-type]


def short(value: float) -> str:
    """Return a number in its shorter form: 256, 0.1, 1e4, 1e-8."""
    plain = f"{value:.15g}"
    figures, _, exponent = f"{value:.15e}".partition("e")
    return min(plain, f"{figures.rstrip('0').rstrip('.')}e{int(exponent)}", key=len)
