"""``python -m nst.config.document``: writes the table of keys in docs/configuration.md."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import yaml

from nst.base.files import conf_dir
from nst.config.groups import Source
from nst.config.keys import Entry, short
from nst.config.schema import entries

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
BEGIN = "<!-- The table is made by `make docs` from the schema in nst/config/. -->\n"
END = "<!-- end of the table -->\n"


def documented(page: str) -> str:
    """Return a page with the table of keys between its two marks made anew."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def table() -> str:
    """Return the table of keys in Markdown; keys of one range and meaning share a row."""
    composed = yaml.safe_load((conf_dir() / "config.yaml").read_text())
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for entry in entries().values():
        if not (dataclasses.is_dataclass(entry.field.type) or _is_of_a_source(entry)):
            limits = "`true`, `false`" if entry.field.type is bool else entry.key.range
            defaults = rows.setdefault((limits, entry.key.meaning), {})
            defaults[f"`{entry.name}`"] = _default(entry, composed)
    lines = ["| key | default | unit and range | meaning |", "| --- | --- | --- | --- |"]
    for (limits, meaning), defaults in rows.items():
        values = ", ".join(dict.fromkeys(defaults.values()))
        lines.append(
            f"| {', '.join(defaults)} | {values} | {limits} | {meaning} |".replace("  ", " ")
        )
    return "\n".join(lines) + "\n"


def _is_of_a_source(entry: Entry) -> bool:
    parts = {field.name for field in dataclasses.fields(Source)}
    return entry.key.role == "source" and entry.name.rpartition(".")[2] in parts


def _default(entry: Entry, composed: dict[str, Any]) -> str:
    """Return a key's default, which conf/config.yaml may give in place of the schema."""
    group, _, name = entry.name.rpartition(".")
    value: Any = entry.field.default
    if value == "???":
        options = {
            key: one
            for each in composed["defaults"]
            if isinstance(each, dict)
            for key, one in each.items()
        }
        # ${oc.env:WANDB_MODE,offline} is offline.
        value = re.sub(r"\$\{.*,(\w+)\}", r"\1", options[group])
    value = composed.get(group, {}).get(name, value)
    if value is None:
        return "none"
    if value is dataclasses.MISSING:
        value = entry.field.default_factory()  # type: ignore[operator]
    if isinstance(value, bool):
        value = str(value).lower()
    return short(value) if isinstance(value, int | float) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(documented(PAGE.read_text()))
