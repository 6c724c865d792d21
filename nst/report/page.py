"""The page of a report: one HTML file with its pictures, data, styles and charts inside."""

from pathlib import Path

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from nst.report import own, page_data, shipped
from nst.report.curves import curves
from nst.report.summary import Report
from nst.version import __version__

# One idea each, in the order in which they use each other.
SCRIPTS = (
    "model",
    "query",
    "state",
    "elements",
    "commands",
    "votes",
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
    "votes",
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
    script = shipped.script(shipped.text(f"{name}.js") for name in SCRIPTS)
    plotly = get_plotlyjs().replace("\r\n", "\n")
    text = shipped.template("page.html").render(
        page=found,
        version=__version__,
        broken=page_data.broken(report),
        csp=shipped.policy(script, plotly),
        css=Markup("".join(shipped.text(f"{name}.css") for name in STYLES)),
        script=Markup(script),
        plotly=Markup(plotly),
        data=shipped.as_json(found),
        curves=shipped.as_json(curves([run.folder for run in report.runs])),
    )
    own.put(path, text.encode("utf-8", "replace"))
