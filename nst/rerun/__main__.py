"""``nst rerun RUN_DIR``: a recorded run again, to the same bytes, or with changes."""

import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nst.base.errors import UserError, one_line, take_any_text
from nst.config.schema import role
from nst.rundir import record_of

HELP = """\
Run a record again: to the same picture, or with changes, into a new folder.

  nst rerun RUN_DIR [key=value ...]

The same machine and versions give the same bytes, and a line says whether they did.
  nst rerun outputs/default/2026-11-26_10-00-00/3
  nst rerun RUN_DIR beta=1e5 style=scream
  nst rerun RUN_DIR -m tv.gamma=10,100,1000         a sweep around it
  nst rerun RUN_DIR size=1024 --same-look           the same picture, large

--same-look starts from the run's own picture, and lets weights and style.size act as they do at
the run's own size: key same_look. Other keys and options are those of nst run.
-v shows the whole traceback of an error."""


def main() -> None:
    """Run what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    take_any_text()
    arguments = sys.argv[1:]
    if not arguments or {"-h", "--help"} & set(arguments):
        print(HELP)
        return
    try:
        folder, given, same_look = _read(arguments)
        fields = record_of.run(folder)
        changes = [one for one in given if _is_change(one)]
        from nst import run  # Hydra loads here, so that a folder without a run answers at once
        from nst.rerun import recorded
        from nst.rerun.files import Files
        from nst.rerun.larger import enlarged

        if same_look:
            changes += enlarged(folder, fields, changes)
        else:
            _check_scales(fields, changes)
        own = recorded.overrides(fields, changes, Files(folder, fields), str(folder / "run.json"))
    except UserError as error:
        if "-v" in arguments:
            traceback.print_exc()
        sys.exit(f"nst: {one_line(str(error))}")
    except KeyboardInterrupt:
        sys.exit(130)
    options = [one for one in given if not _is_change(one)]
    sys.argv[1:] = [*options, *own, *changes]
    run.main()
    if not (set(options) - {"-v"} or any(map(_matters, changes))):
        _compare(folder)


def _read(arguments: list[str]) -> tuple[Path, list[str], bool]:
    """Return the run's folder, what else was given, and whether to keep the look."""
    words = [one for one in arguments if not one.startswith("-")]
    folder = words[0] if words else ""
    if not folder or ("=" in folder and not os.path.isdir(os.path.expanduser(folder))):
        raise UserError("which run? nst rerun RUN_DIR [key=value ...], its folder first")
    rest = list(arguments)
    rest.remove(folder)
    same_look = "--same-look" in rest
    path = Path(os.path.expanduser(folder))
    for one in rest:
        key, _, value = one.partition("=")
        if key == "hydra.run.dir" and _same(Path(os.path.expanduser(value)), path):
            raise UserError(f"{one} is the folder of the record itself: name another one")
    return path, [one for one in rest if one != "--same-look"], same_look


def _is_change(word: str) -> bool:
    """Return whether a word is an override; options of Hydra and their values stand before them."""
    return not word.startswith("-") and ("=" in word or word.startswith("~"))


def _matters(change: str) -> bool:
    """Return whether a change may lead to another picture."""
    key = change.lstrip("+~").partition("=")[0]
    return not (key.startswith("hydra.") or role(f"{key}.mode" if key == "tracking" else key)
                in ("beside", "note"))  # fmt: skip


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _check_scales(fields: Mapping[str, Any], changes: list[str]) -> None:
    """Refuse a size that a record's scales would win over."""
    scales = fields["config"].get("scales")
    given = {one.lstrip("+~").partition("=")[0] for one in changes}
    if scales and "size" in given and "scales" not in given:
        raise UserError(
            f"the run goes through scales={scales}, whose last is its size: give scales=[...] "
            "instead of size, or --same-look besides"
        )


def _compare(folder: Path) -> None:
    """Say whether the run that has ended left the same bytes as the record."""
    from hydra.core.hydra_config import HydraConfig

    from nst import diff

    again = Path(str(HydraConfig.get().run.dir))
    print(diff.again(folder, again), flush=True)


if __name__ == "__main__":
    main()
