"""Offline records of a run in W&B's folder wandb/, which its id shows to be the run's.

W&B can't add to an offline record: a run that was cut off and continues begins another one, and nst
puts all of the run into it. What came before is then in the way of `wandb sync` and `wandb leet`.
"""

import contextlib
import glob
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

#: The id of an offline record that replaces an online run, whose server has gone.
OF_THE_SAME = "{}-offline"


def records(place: Path, identity: str) -> list[Path]:
    """Return the folders of a run's offline records.

    Args:
      place: the folder that wandb/ is in.
      identity: the run's, which nst drew.
    """
    found = []
    for one in (identity, OF_THE_SAME.format(identity)):
        pattern = f"wandb/offline-run-[0-9]*_[0-9]*-{glob.escape(one)}"
        # Two that begin in the same second are told apart by a number.
        paths = [*place.glob(pattern), *place.glob(f"{pattern}-[0-9]")]
        found += [path for path in paths if (path / f"run-{one}.wandb").is_file()]
    return [path for path in found if not path.is_symlink()]


def remove(records: Iterable[Path]) -> None:
    """Remove records that another one replaces.

    Args:
      records: folders, of `records`.
    """
    for one in records:
        shutil.rmtree(one, ignore_errors=True)


def mark_sent(records: Iterable[Path]) -> None:
    """Mark records as W&B marks them once its server has them, so that `wandb sync` skips them.

    Args:
      records: folders, of `records`.
    """
    for one in records:
        for file in one.glob("run-*.wandb"):
            with contextlib.suppress(OSError):  # a folder that can only be read
                os.close(os.open(f"{file}.synced", os.O_CREAT | os.O_WRONLY, 0o666))
