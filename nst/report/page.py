"""The page of a report: one HTML file with its pictures, data, styles and charts inside."""

import base64
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from nst.report import own, page_data
from nst.report.curves import curves
from nst.report.summary import Report
from nst.version import __version__

# One idea each, in the order in which they use each other.
SCRIPTS = (
    "model",
    "query",
    "state",
    "elements",
    "recommend",
    "controls",
    "seeds",
    "columns",
    "chooser",
    "rows",
    "cells",
    "table",
    "csv",
    "axes",
    "scale",
    "fit",
    "grid",
    "roving",
    "zoom",
    "pointing",
    "facts",
    "viewed",
    "viewer",
    "sides",
    "compared",
    "compare",
    "charts",
    "inks",
    "ends",
    "curves",
    "lines",
    "follow",
    "marks",
    "tradeoff",
    "blocks",
    "effects",
    "interactions",
    "found",
    "live",
    "main",
)
STYLES = (
    "base",
    "controls",
    "opening",
    "recommend",
    "found",
    "bar",
    "pictures",
    "zoom",
    "compare",
    "charts",
    "effects",
    "table",
    "viewer",
    "facts",
    "live",
    "narrow",
    "print",
)


def write(path: Path, report: Report) -> None:
    """Write the page that shows a report, whole or not at all.

    Args:
      path: of the page; links inside it are relative to `report.root`.
      report: what it shows.
    """
    found = page_data.gathered(report)
    script = _script()
    plotly = get_plotlyjs().replace("\r\n", "\n")
    text = _template().render(
        page=found,
        version=__version__,
        broken=page_data.broken(report),
        csp=_policy(script, plotly),
        css=Markup("".join(_shipped(f"{name}.css") for name in STYLES)),
        script=Markup(script),
        plotly=Markup(plotly),
        data=_json(found),
        curves=_json(curves([run.folder for run in report.runs])),
    )
    own.put(path, text.encode("utf-8", "replace"))


def _template() -> Template:
    loader = PackageLoader("nst.report", "page_files")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html")


def _shipped(name: str) -> str:
    return files("nst.report").joinpath("page_files", name).read_text(encoding="utf-8")


def _script() -> str:
    """Join the page's scripts into one that leaves no name in the window."""
    parts = "\n".join(_shipped(f"{name}.js") for name in SCRIPTS)
    return f"(() => {{\n'use strict';\n{parts}\n}})();"


def _policy(*scripts: str) -> str:
    """Return a content security policy under which only these scripts run."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: file: 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


def _json(value: Any) -> Markup:
    """Return JSON that can't end the script element that it lies in."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    # json.dumps has escaped all that isn't ASCII, U+2028 and U+2029 too.
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
