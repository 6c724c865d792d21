"""The one kind of error that a user can mend, and the hint that goes with a misspelt name."""

import difflib
import errno
import io
import re
import sys
from collections.abc import Iterable

#: What keeps all files of a disk from being written, not those of one run alone.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

#: Characters of a sentence on the terminal.
LONGEST = 560


class UserError(Exception):
    """A mistake a user can mend: one sentence naming the thing, what was found, what is allowed."""


class DeviceError(UserError):
    """The device failed in the middle of something: its memory is used up, or it is gone.

    Attributes:
      gone: whether nothing else can be expected of it.
    """

    def __init__(self, message: str, gone: bool):
        """Say what happened, and whether the device is gone."""
        super().__init__(message)
        self.gone = gone


def of_file(error: OSError) -> str:
    """Return which file an error is about, where it says so, and what is wrong with it."""
    # Of two files, the second is the one to be written.
    file = error.filename2 or error.filename
    what = error.strerror or " ".join(str(error).split())
    return f"{file}: {what}" if file else what


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the choice nearest to `word`, or "" if none is near."""
    near = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def one_line(text: str) -> str:
    """Return `text` as one line for a terminal: nothing that it would obey, and not too long."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(plain) > LONGEST:
        # Long words first: what is wrong and what is allowed stand around them.
        plain = re.sub(r"\S{100,}", lambda word: f"{word[0][:50]}...{word[0][-30:]}", plain)
    if len(plain) > LONGEST:
        plain = f"{plain[: LONGEST // 2]} ... {plain[5 - LONGEST // 2 :]}"
    return plain


def take_any_text() -> None:
    """Let the standard output, whatever its encoding, take every file's name."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
