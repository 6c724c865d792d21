"""The process in which one section of ``nst bench device`` is measured, and may die.

Reads what to measure from its input, an object a line, and answers each with an object a line.
"""

import gc
import json
import os
import sys
from typing import Any

from nst.base.errors import UserError, one_line
from nst.bench import pieces


def main() -> None:
    """Answer every line of the input."""
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_answer(asked.pop("piece"), asked)), file=answers, flush=True)


def _answer(piece: str, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = getattr(pieces, piece)(**asked)
    except Exception as error:  # the other pieces are measured all the same
        text = str(error)
        if any(words in text.lower() for words in ("resource_exhausted", "out of memory")):
            return {"failed": "out of memory"}
        name = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        return {"failed": name + one_line(text)[:300]}
    finally:
        if "jax" in sys.modules:
            sys.modules["jax"].clear_caches()
        gc.collect()
    return found


if __name__ == "__main__":
    main()
