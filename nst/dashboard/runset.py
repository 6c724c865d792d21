"""Which of a project's runs are a sweep's, as W&B's filters say it."""

from collections.abc import Iterable


def of_group(group: str) -> str:
    """Return the filter on a group, the run `cells` included.

    Args:
      group: of the sweep.
    """
    return f"Metric('Group') == {_literal(group)}"


def of_runs(ids: Iterable[str]) -> str:
    """Return the filter on some runs.

    Args:
      ids: of runs at W&B.
    """
    return f"Metric('ID') in [{', '.join(map(_literal, ids))}]"


def _literal(text: str) -> str:
    """Return a Python literal of plain letters.

    wandb-workspaces rewrites every =, < and > of a filter before it parses it, in texts, too.
    """
    plain = "/-_. "
    return (
        "'"
        + "".join(
            one if one.isascii() and (one.isalnum() or one in plain) else f"\\U{ord(one):08x}"
            for one in text
        )
        + "'"
    )
