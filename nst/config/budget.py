"""What is asked of a sweep before it runs: its plan, and a time that it may take."""

import math
import re

from nst.base.errors import UserError
from nst.config.running import Sweep

#: Seconds of the units of a time.
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def check(sweep: Sweep) -> None:
    """Refuse a plan and a budget that can't be read.

    Raises:
      UserError: says what is allowed.
    """
    if sweep.plan not in (False, True, "probe"):
        raise UserError(f"sweep.plan must be true, false or probe, not {sweep.plan}")
    seconds(sweep)


def seconds(sweep: Sweep) -> float:
    """Return the seconds that a sweep may take, infinite where it has no budget.

    Raises:
      UserError: the budget can't be read.
    """
    asked = sweep.budget
    if asked is None:
        return math.inf
    text = asked.replace(" ", "") if isinstance(asked, str) else ""
    parts = re.findall(r"(\d+(?:\.\d+)?)([dhms])", text)
    found = sum(float(number) * UNITS[unit] for number, unit in parts)
    if "".join(map("".join, parts)) != text or not 0 < found < math.inf:
        raise UserError(
            "sweep.budget must be a time in days, hours, minutes and seconds, such as 90s, 30m, "
            f"2h, 1h30m or 1d, not {asked}"
        )
    return found
