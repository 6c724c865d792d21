"""Neural style transfer (Gatys et al. 2015) as an experiment: runs, grids, and their comparison.

`transfer` paints one picture, `grid` every combination of some settings, `load` reads the runs of a
folder. The command ``nst`` does the same.
"""

import importlib
from typing import TYPE_CHECKING, Any

from nst.version import __version__ as __version__

if TYPE_CHECKING:
    from nst.base.errors import UserError as UserError
    from nst.library.calls import grid as grid
    from nst.library.calls import load as load
    from nst.library.calls import transfer as transfer
    from nst.library.result import Result as Result
    from nst.library.results import Results as Results

#: Where each name lies; it is loaded when it is first asked for, so that `import nst` is quick.
_WHERE = {
    "transfer": "nst.library.calls",
    "grid": "nst.library.calls",
    "load": "nst.library.calls",
    "Result": "nst.library.result",
    "Results": "nst.library.results",
    "UserError": "nst.base.errors",
}

__all__ = ["Result", "Results", "UserError", "__version__", "grid", "load", "transfer"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'nst' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
