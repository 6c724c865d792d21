"""A weights file that was found to its network's parameters, by way of a converted copy."""

import contextlib
from pathlib import Path

from nst.base import checksummed
from nst.base.arrays import as_float32
from nst.base.errors import UserError
from nst.networks.conversion import convert
from nst.networks.keras_h5 import Params
from nst.networks.spec import NETWORKS
from nst.sources.resolve import ResolvedSource, cache_dir


def load(source: ResolvedSource, network: str | None = None) -> Params:
    """Return the parameters that a weights file holds, from the converted copy if there is one.

    Args:
      source: a weights file.
      network: a name in `nst.networks.spec.NETWORKS`, which it must fit; none: the source's own.

    Returns:
      what `nst.networks.conversion.convert` does.

    Raises:
      UserError: the file is damaged or isn't that network's.
    """
    network = network or source.name
    if network not in NETWORKS:
        allowed = ", ".join(NETWORKS)
        raise UserError(f"{source.path}: network must be one of {allowed}, not {network!r}")
    copy = converted_copy(source, network)
    if (params := _read(copy, network)) is None:
        params = convert(source.path, network)
        # The copy only saves time: a cache that can't be written is no reason to stop.
        with contextlib.suppress(OSError):
            copy.parent.mkdir(parents=True, exist_ok=True)
            checksummed.write(copy, params)
    return params


def converted_copy(source: ResolvedSource, network: str) -> Path:
    """Return where the converted copy of a weights file is kept, whether or not it is there.

    Args:
      source: a weights file.
      network: that it is converted for.
    """
    return cache_dir() / "converted" / f"{network}-{source.sha256[:16]}-v1.msgpack"


def _read(copy: Path, network: str) -> Params | None:
    try:
        tree = checksummed.read(copy)
        as_float32(tree["mean"], (3,), "mean")
        for name, shapes in NETWORKS[network].parameter_shapes.items():
            for part, shape in shapes.items():
                as_float32(tree[name][part], shape, name)
    except Exception:  # Whatever is wrong with a copy, the source makes it anew.
        return None
    return tree
