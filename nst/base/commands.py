"""How every short command of nst reads its words and ends: never with a traceback for a user's."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nst.base.errors import UserError, one_line, take_any_text


class Parser(argparse.ArgumentParser):
    """Reads a command's words; its help is a text of ours, its errors are `UserError`."""

    def __init__(self, command: str, text: str):
        """Begin.

        Args:
          command: "nst report".
          text: what it is and how it is used, above the list of its options.
        """
        super().__init__(
            prog=command,
            description=text,
            usage=argparse.SUPPRESS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> Any:
        """Refuse the words, by `UserError`."""
        raise UserError(f"{message}; {self.prog} --help shows what it takes")


def folder(text: str) -> Path:
    """Return the path that a word names, with ~ for a home."""
    return Path(os.path.expanduser(text))


@contextlib.contextmanager
def ended() -> Iterator[None]:
    """Exit with a sentence and 1 for a `UserError`, with 130 after Ctrl-C, and quietly for a pipe.

    Not for a run: it continues when nobody reads what it prints.
    """
    take_any_text()
    try:
        yield
    except UserError as error:
        sys.exit(f"nst: {one_line(str(error))}")
    except BrokenPipeError:  # nst stats ... | head
        # Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def say_line(text: str) -> None:
    """Print `text` on one line that any terminal can take.

    Args:
      text: a sentence; what can't be printed of it becomes "?".
    """
    print("".join(one if one.isprintable() else "?" for one in text), flush=True)
