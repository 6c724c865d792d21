"""Where the configuration files lie."""

from pathlib import Path


def conf_dir() -> Path:
    """Return the folder ``conf``: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"
