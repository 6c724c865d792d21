"""Which of several processes this one is, that compute one picture together.

Imports nothing heavy, so that it is known before JAX loads.
"""

import os
from typing import NamedTuple

from nst.base.errors import UserError

#: Variables that give a process's number and how many there are: nst's own, and those of srun.
NAMES = (("NST_PROCESS", "NST_PROCESSES"), ("SLURM_PROCID", "SLURM_NTASKS"))
#: Where process 0 is to be found, as JAX names it; srun's processes find it by themselves.
ADDRESS = "JAX_COORDINATOR_ADDRESS"


class Process(NamedTuple):
    """One of several processes."""

    number: int  # from 0, which leads: it alone writes files
    among: int  # how many there are
    alone: bool  # whether it has its machine, and so all devices there, to itself


def here() -> Process | None:
    """Return which process this is; none: there is one.

    Raises:
      UserError: variables of the environment contradict each other, or one is missing.
    """
    own, slurm = NAMES
    if any(name in os.environ for name in own):
        number, count = (_number(name) for name in own)
        if not 0 <= number < count:
            raise UserError(
                f"{own[0]}={number} and {own[1]}={count} don't fit together: processes are "
                "numbered from 0"
            )
        if count > 1 and ADDRESS not in os.environ:
            raise UserError(f"{own[1]}={count} needs {ADDRESS}=HOST:PORT, of process 0")
        return Process(number, count, alone=True) if count > 1 else None
    # A batch script has the other variables, too; a step of srun has this one.
    if "SLURM_STEP_NODELIST" not in os.environ:
        return None
    number, count = (_number(name) for name in slurm)
    alone = os.environ.get("SLURM_STEP_NUM_NODES") == os.environ[slurm[1]]
    return Process(number, count, alone) if count > 1 else None


def _number(name: str) -> int:
    text = os.environ.get(name)
    if text is None:
        raise UserError(f"{name} is missing: several processes are numbered from 0")
    if not text.isdecimal():
        raise UserError(f"{name}={text} must be a whole number")
    return int(text)
