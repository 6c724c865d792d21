"""``nst paper``: the papers' figures and statements, from their runs to their pages."""

import os
import sys
from pathlib import Path

from nst.base.errors import UserError, did_you_mean, take_any_text
from nst.paper import figures, grids
from nst.paper.panel import draw
from nst.report import own
from nst.report.draw import FORMATS

HELP = f"""\
Run the figures of Gatys et al. 2015 and of the 2018 report anew, and lay them out as there.

  nst paper [size=256] [figures=1,4,7,8,gatys3,statements,losses] [format=png] [key=value ...]

Writes outputs/paper/SIZE/*.png, statements.md and style_losses.md; format=pdf and format=svg write
figures so instead. Finished runs don't run again: the same command resumes a paper that was cut
off. Any other key=value is set in every run.
  nst paper figures=7,8
  nst paper size=512 network=vgg16 tracking=disabled
Figures: {", ".join(grids.FIGURES)}; without figures= all of them."""


def main() -> None:
    """Make what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    take_any_text()
    try:
        if {"-h", "--help"} & set(sys.argv):
            print(HELP)
            return
        _make(sys.argv[1:])
    except UserError as error:
        sys.exit(f"nst: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _make(arguments: list[str]) -> None:
    given = dict(_setting(argument) for argument in arguments)
    size = _size(given.pop("size", "256"))
    wanted = _figures(given.pop("figures", ",".join(grids.FIGURES)))
    form = given.pop("format", FORMATS[0])
    if form not in FORMATS:
        raise UserError(f"format must be png, pdf or svg, not {form!r}")
    for key in given:
        if any(key in grid.settles for name in wanted for grid in grids.FIGURES[name]):
            raise UserError(f"{key} is what the figures {', '.join(wanted)} set themselves")
    folder = Path("outputs", "paper", str(size)).absolute()
    files = [file for name in wanted for file in figures.files(name, form)]
    own.check(folder, files, "start from another folder")
    overrides = [f"{key}={value}" for key, value in given.items()]
    for name in wanted:
        for grid in grids.FIGURES[name]:
            grids.run(grid, folder, size, overrides)
        for file, panel in figures.panels(name, folder).items():
            path = folder / f"{file}.{form}"
            own.put(path, draw(panel, min(size, 400), form))
            print(os.path.relpath(path), flush=True)
        for page in figures.PAGES.get(name, ()):
            _write_page(page, folder)


def _write_page(page: str, folder: Path) -> None:
    # JAX loads here, after the runs.
    from nst.paper import statements, style_losses

    text = {"statements.md": statements.text, "style_losses.md": style_losses.text}[page]
    said = text(folder)
    own.put(folder / page, said.encode())
    print(said)
    print(os.path.relpath(folder / page), flush=True)


def _setting(argument: str) -> tuple[str, str]:
    key, equals, value = argument.partition("=")
    if not (key and equals and value):
        raise UserError(f"can't read {argument!r}: it must look like key=value, as in size=256")
    return key, value


def _size(value: str) -> int:
    if not value.isdecimal() or not 64 <= int(value) <= 4096:
        raise UserError(f"size must be a whole number of pixels from 64 to 4096, not {value!r}")
    return int(value)


def _figures(value: str) -> list[str]:
    names = value.strip("[]").split(",")
    for name in names:
        if name not in grids.FIGURES:
            hint = did_you_mean(name, list(grids.FIGURES))
            raise UserError(
                f"there is no figure {name!r}{hint}; there are {', '.join(grids.FIGURES)}"
            )
    return names


if __name__ == "__main__":
    main()
