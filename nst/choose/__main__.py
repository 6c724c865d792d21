"""``nst choose DIR``: which of two pictures is better, blind, again and again; then a ranking."""

import getpass
import os
import re
import sys
import threading
import webbrowser
from pathlib import Path

from nst.base.commands import Parser, ended, folder, say_line
from nst.base.errors import UserError
from nst.choose import words
from nst.choose.beliefs import warm_up
from nst.choose.pictures import Group, groups
from nst.choose.ranking import first
from nst.choose.server import Server
from nst.choose.session import Session
from nst.report.reading import runs_in
from nst.rundir import votes
from nst.rundir.runs import Run

HELP = """\
Choose between the pictures of finished runs, two at a time, in a browser.

  nst choose DIR [DIR ...]

Shows two results of the same content and style image side by side, without their settings. Say
which one is better, as often as you like: the page asks for the pairs that tell most, and says
when further votes would hardly change the ranking. Then it shows the ranking with the settings.
Each vote is a line of votes.jsonl in DIR, or in the deepest folder that several have in common.
Ctrl-C ends it. Nothing but this machine can reach the page.

  nst choose outputs/pooling/2026-11-22_10-00-00
  nst choose DIR --voter Ann"""

_SHOWN = 3  # runs that the last sentence names


def main() -> None:
    """Serve the page of what the command line names; exit 1 for an error, 130 after Ctrl-C."""
    with ended():
        options = _parser().parse_args()
        session = _session(options.folders, options.voter)
        with Server(session, options.port) as server:
            say_line(f"{server.address}  (Ctrl-C ends it)")
            threading.Thread(target=warm_up, daemon=True).start()
            if options.open or (options.open is None and _has_a_screen()):
                _open(server.address)
            try:
                server.serve_forever(poll_interval=0.1)
            except KeyboardInterrupt:
                say_line(_farewell(session))
                sys.exit(130)


def _session(folders: list[Path], voter: str) -> Session:
    runs, broken, base = runs_in(folders)
    found, alone = groups(runs)
    if not found:
        raise UserError(_none(folders, runs, alone))
    _check_writable(base)
    session = Session(found, base, voter, [Path(os.path.abspath(one)) for one in folders])
    pictures = [len(one.pictures) for one in found]
    of = f" in {len(found)} groups of the same content and style image" if len(found) > 1 else ""
    say_line(f"{words.counted(sum(pictures), 'picture')} to choose between{of}")
    if alone:
        are = "picture is" if len(alone) == 1 else "pictures are"
        names = ", ".join(run.name for run in alone[:5]) + (", ..." if len(alone) > 5 else "")
        say_line(f"{len(alone)} {are} left out, alone with its content and style image: {names}")
    if broken:
        say_line(f"{words.counted(len(broken), 'run')} can't be read; nst report says why")
    for line in (*session.tally.notes(), *_known(session)):
        say_line(line)
    return session


def _none(folders: list[Path], runs: list[Run], alone: list[Run]) -> str:
    where = ", ".join(map(str, folders))
    if not alone:
        number = f"none of the {len(runs)} runs" if len(runs) > 1 else "the only run"
        has = "has" if len(runs) > 1 else "hasn't"
        return f"{number} in {where} {has} finished with a picture to choose"
    return (
        f"{where} has {words.counted(len(alone), 'picture')}, but no two of the same content and "
        "style image, which choosing needs"
    )


def _check_writable(base: Path) -> None:
    """Refuse a folder that would take no vote, before anybody has looked at a picture."""
    file = base / votes.FILE
    if not os.access(file if file.exists() else base, os.W_OK) or not os.access(base, os.W_OK):
        raise UserError(f"{file} can't be written, and votes lie there: make {base} writable")


def _known(session: Session) -> list[str]:
    """Return what is there of earlier sittings."""
    every = session.tally.everyone()
    here = sum(map(len, session.tally.cast(every)))
    own = session.tally.known().votes
    said = []
    if here:
        others = f" and {here - own} by others" if here > own else ""
        said.append(f"{words.counted(own)} by {session.voter}{others} from before")
    if gone := len(every) - here:
        are = "is" if gone == 1 else "are"
        said.append(f"{words.counted(gone)} {are} for pictures that are gone, changed or not here")
    return said


def _farewell(session: Session) -> str:
    """Return how many votes there are, who leads, and where the votes lie."""
    own = session.tally.known().votes
    if not own:
        return f"no votes by {session.voter}: nothing was written"
    path = os.path.relpath(session.folder / votes.FILE)
    leads = [
        f"{_of(session.groups, group)}{', '.join(names)}"
        for group, names in enumerate(first(session, _SHOWN))
        if names
    ]
    return f"{words.counted(own)} by {session.voter} in {path}; the first {'; '.join(leads)}"


def _of(some: list[Group], group: int) -> str:
    return f"of {some[group].title}: " if len(some) > 1 else "runs: "


def _parser() -> Parser:
    parser = Parser("nst choose", HELP)
    parser.add_argument("folders", nargs="+", type=folder, metavar="DIR", help="folder with runs")
    parser.add_argument(
        "--voter",
        metavar="NAME",
        type=_voter,
        default=_user(),
        help="whose votes they are, %(default)s by default",
    )
    parser.add_argument("--port", metavar="N", type=_port, help="of the page's address, 1 to 65535")
    opening = parser.add_mutually_exclusive_group()
    opening.add_argument(
        "--open",
        action="store_true",
        default=None,
        help="open the page in the browser, as is done where there is a screen",
    )
    opening.add_argument(
        "--no-browser", action="store_false", dest="open", help="open nothing, print the address"
    )
    return parser


def _user() -> str:
    """Return the system's name of the user, "me" where it has none that a vote can carry."""
    try:
        return _voter(getpass.getuser())
    except (OSError, KeyError, ImportError, UserError):
        return "me"


def _voter(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= votes.LONGEST_NAME or not name.isprintable():
        raise UserError(
            f"--voter must be a name of 1 to {votes.LONGEST_NAME} printable letters, not {text!r}"
        )
    return name


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise UserError(f"--port must be a whole number from 1 to 65535, not {text!r}")
    return int(text)


def _has_a_screen() -> bool:
    """Return whether a browser would have a window: one of text would take the terminal."""
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _open(address: str) -> None:
    if not webbrowser.open(address):
        say_line(f"no browser could be started: {address}")


if __name__ == "__main__":
    main()
