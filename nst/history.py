"""history.csv: the losses of a run, a row a check, each appended whole."""

import csv
import io
from pathlib import Path

from nst.losses import Terms
from nst.optimise import Check
from nst.paths import write_whole


class History:
    """history.csv: one row a check, each appended whole."""

    def __init__(self, path: Path, upto: int, sizes: bool = False):
        """Go on at `path` after the row of step `upto`; below 0: begin anew.

        Args:
          path: of the file.
          upto: the step of the last row to keep.
          sizes: whether the picture goes through several, so that a row says which.
        """
        self.path = path
        self._sizes = sizes
        path.parent.mkdir(parents=True, exist_ok=True)
        if upto < 0:
            path.unlink(missing_ok=True)
            return
        header, *rows = path.read_text().splitlines()
        kept = [row for row in rows if int(row.split(",")[0]) <= upto]
        write_whole(path, "\n".join([header, *kept, ""]).encode())

    def add(self, check: Check) -> None:
        """Append the check's row, after the header if it is the first."""
        row = {
            "step": check.step,
            "seconds": round(check.seconds, 3),
            "evaluations": check.evaluations,
            **({"size": check.size} if self._sizes else {}),
            **flat(check.terms),
        }
        text = io.StringIO()
        writer = csv.DictWriter(text, row, lineterminator="\n")
        if not self.path.exists():
            writer.writeheader()
        writer.writerow(row)
        # One write call: a kill comes before it or after it, not in the middle of a row.
        with open(self.path, "ab", buffering=0) as file:
            file.write(text.getvalue().encode())


def rows(path: Path) -> list[dict[str, float]]:
    """Return the rows of a history.csv: step, seconds, evaluations, losses by their names."""
    with open(path, newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def flat(terms: Terms[float]) -> dict[str, float]:
    """Return the terms by name: total, content, style, tv, content/LAYER..., style/LAYER..."""
    return {
        "total": terms.total,
        "content": terms.content,
        "style": terms.style,
        "tv": terms.tv,
        **{f"content/{layer}": value for layer, value in terms.content_layers.items()},
        **{f"style/{layer}": value for layer, value in terms.style_layers.items()},
    }
