"""``nst weights``: show the networks' weights; fetch, convert and install them."""

import argparse
import os
import shlex
import sys

from rich.console import Console
from rich.table import Column, Table

from nst.base.errors import UserError, take_any_text
from nst.base.files import write_whole
from nst.config import named
from nst.config.groups import Source
from nst.networks.spec import NETWORKS
from nst.sources.download import digest
from nst.sources.resolve import cache_dir, locate
from nst.sources.weights import converted_copy, load


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status.

    Args:
      arguments: of the command line, without the program's name; none: those of this process.
    """
    take_any_text()
    parser = argparse.ArgumentParser(
        prog="nst weights",
        description="Show the networks' weights; fetch, convert and check those of one network.",
    )
    parser.add_argument("network", nargs="?", choices=tuple(NETWORKS), help="fetch and convert")
    parser.add_argument("--from", dest="file", metavar="FILE", help="convert a file of your own")
    options = parser.parse_args(arguments)
    try:
        if options.network or options.file is not None:
            _convert(options.network or "vgg19", options.file)
        else:
            _show()
    except (UserError, OSError) as error:
        print(f"nst: {error}", file=sys.stderr)
        return 1
    return 0


def _source(network: str) -> Source:
    found = named.source("network", network)
    assert found is not None
    return found


def _show() -> None:
    table = Table("network", "weights", Column("file", overflow="fold"), "MB", "converted")
    for network in NETWORKS:
        source = _source(network)
        table.add_row(network, source.title, *_state(source))
    Console().print(table)


def _state(source: Source) -> list[str]:
    if source.url and not (cache_dir() / str(source.file)).is_file():
        return [f"not fetched yet: nst weights {source.name}"]
    try:
        asset = locate(source, None, key="network.weights", fallback=False)
    except UserError as error:
        return [str(error)]
    megabytes = f"{asset.path.stat().st_size / 1e6:.1f}"
    converted = converted_copy(asset, source.name).is_file()
    return [str(asset.path), megabytes, "yes" if converted else "no"]


def _convert(network: str, file: str | None) -> None:
    """Convert and describe the published file, or one's own; install this if it is the same."""
    source = _source(network)
    key = "network.weights" if file is None else "--from"
    asset = locate(source, file, key=key, fallback=False)
    for name, part in load(asset, network).items():
        if name != "mean":
            print(f"{name}  kernel {part['kernel'].shape}  bias {part['bias'].shape}")
    print(f"sha256 {asset.sha256}  {asset.path}")
    if file is None:
        return
    kind, _, published = (source.checksum or "").partition(":")
    if not source.url or digest(asset.path, kind) != published:
        weights = shlex.quote(f"network.weights={asset.path}")
        print(f"not the published file: use network={network} {weights}")
        return
    target = cache_dir() / str(source.file)
    try:
        if not os.path.lexists(target):
            write_whole(target, asset.path.read_bytes())
        elif digest(target, kind) != published:
            raise UserError(f"{target} is there and is another file: move it away first")
    except OSError as error:
        raise UserError(f"{target} can't be written: {error.strerror or error}") from error
    print(f"installed as {target}: network={network} now needs no network")


if __name__ == "__main__":
    sys.exit(main())
