"""The page of ``nst choose``: one HTML file with its styles and scripts inside."""

from markupsafe import Markup

from nst.choose.session import Session
from nst.report import shipped
from nst.version import __version__

#: Those of a report's page, then its own; one idea each, in the order in which they use each other.
OF_A_REPORT = ("elements", "commands", "zoom", "pointing")
SCRIPTS = ("asking", "panes", "holding", "ranking", "choosing")
STYLES_OF_A_REPORT = ("base", "controls", "zoom", "viewer")
STYLES = ("choose", "ranking")
_HERE = "nst.choose"


def text(session: Session) -> str:
    """Return the page, which asks for everything else.

    Args:
      session: what is chosen between.
    """
    script = shipped.script(
        [shipped.text(f"{name}.js") for name in OF_A_REPORT]
        + [shipped.text(f"{name}.js", _HERE) for name in SCRIPTS]
    )
    styles = [shipped.text(f"{name}.css") for name in STYLES_OF_A_REPORT]
    styles += [shipped.text(f"{name}.css", _HERE) for name in STYLES]
    return shipped.template("choose.html", _HERE).render(
        csp=shipped.policy(script),
        css=Markup("".join(styles)),
        script=Markup(script),
        version=__version__,
        voter=session.voter,
    )
