"""The one kind of error that a user can mend, and the hint that goes with a misspelt name."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake a user can mend: one sentence naming the thing, what was found, what is allowed."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the choice nearest to `word`, or "" if none is near."""
    near = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
