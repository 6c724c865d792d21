"""Whether a device computes the losses that a CPU does: numbers stored from one, and how near.

``python -m nst.bench.correctness`` stores them anew, on a CPU, in the file beside this one.
"""

import dataclasses
import functools
import json
import math
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import jax

from nst.base.commands import ended, say_line
from nst.base.errors import UserError
from nst.base.program import Hyperparameters, Static
from nst.bench.case import Case, parameters, pictures, program, sources
from nst.engine.lanes import Lane, begun
from nst.engine.program import advance, compute_targets
from nst.networks import vgg
from nst.networks.spec import NETWORKS
from nst.optimizers.table import OPTIMIZERS

#: By program, by when, by name.
Losses = dict[str, dict[str, dict[str, float]]]

STORED = Path(__file__).parent / "expected.json"

#: How far a loss may be off, relative to the stored one, at the first picture and after the steps:
#: some three times what other roundings gave. Those were, at most: float32 by plain convolutions
#: instead of Winograd's 8e-6 and 3e-4 (both of wasserstein, whose square roots of matrices magnify
#: them); operands of tensorfloat32's 10 bits 1.2e-4 and 2e-3; bfloat16 by either form of
#: convolution 4e-3 and 1e-2. Steps magnify whatever there is.
TOLERANCES = {
    "float32": (1e-4, 1e-3),
    "tensorfloat32": (1e-3, 1e-2),
    "bfloat16": (1.5e-2, 3e-2),
}

STEPS = 3
#: Small, so that the programs compile soon, but with each form of a convolution and a pooling.
_CASE = Case(size=40, network="vgg16")
_CONTENT = ("conv2_1",)
_STYLE = ("conv1_1", "conv2_1")
#: Beside the Gram matrices, those whose arithmetic is of another kind: deviations, roots of
#: matrices, sorted values along directions that are drawn, positions in pairs.
_STATISTICS = ("mean_std", "wasserstein", "sliced_wasserstein", "relaxed_emd")
#: Short steps, which don't overshoot: the losses fall, and magnify no rounding more than they must.
_RATES = {"adam": 1.0, "sgd": 1e-6}


def kinds() -> dict[str, tuple[str, str, str]]:
    """Return optimizer, statistic and pooling of each program, by the name of what is special."""
    usual = ("adam", "gram", "avg")
    special = [*((one, *usual[1:]) for one in OPTIMIZERS if one != usual[0])]
    special += [(usual[0], one, usual[2]) for one in _STATISTICS]
    special += [(*usual[:2], "max")]
    return {"defaults": usual} | {
        next(own for own, other in zip(kind, usual, strict=True) if own != other): kind
        for kind in special
    }


def compared(precision: str, every: bool) -> dict[str, Any]:
    """Return how far losses are off the stored ones, and each that is too far.

    The stored ones are float32's for every precision.

    Args:
      precision: of the programs.
      every: whether all programs, or the default one alone.
    """
    stored: Losses = json.loads(STORED.read_text())["losses"]
    found = computed(precision, list(stored) if every else ["defaults"])
    off = {
        f"{kind}, {name} {when}": _off(value, stored[kind][when][name])
        for kind, whens in found.items()
        for when, losses in whens.items()
        for name, value in losses.items()
    }
    allowed = dict(zip(("at first", f"after {STEPS} steps"), TOLERANCES[precision], strict=True))
    return {
        "programs": list(found),
        "off": {
            when: max(far for name, far in off.items() if name.endswith(when)) for when in allowed
        },
        "allowed": allowed,
        "wrong": {
            name: far
            for name, far in off.items()
            for when, most in allowed.items()
            if name.endswith(when) and far > most
        },
    }


def _off(found: float, stored: float) -> float:
    """Return the relative difference; the largest number where a loss is not finite."""
    return abs(found / stored - 1) if math.isfinite(found) else sys.float_info.max


def store() -> None:
    """Write the file of numbers anew, by float32 on this machine's CPU."""
    if jax.default_backend() != "cpu":
        raise UserError("the numbers are a CPU's: set JAX_PLATFORMS=cpu")
    made = {"date": date.today().isoformat(), "device": "cpu", "jax": jax.__version__}
    text = json.dumps({"made": made, "losses": computed("float32")}, indent=1)
    STORED.write_text(text + "\n")
    say_line(f"{STORED}: the losses of {len(kinds())} programs")


def computed(precision: str, names: Sequence[str] = ()) -> Losses:
    """Return the losses of programs, "at first" and "after 3 steps", by their names.

    Args:
      precision: of the programs.
      names: of `kinds`; none: all.
    """
    chosen = {name: kind for name, kind in kinds().items() if name in names or not names}
    _known()  # once, before the threads
    # Beside each other: compilation is what takes the time.
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda kind: _losses(kind, precision), chosen.values())
        return dict(zip(chosen, found, strict=True))


def _losses(kind: tuple[str, str, str], precision: str) -> dict[str, dict[str, float]]:
    static, hyperparameters = _program(kind, precision)
    params = jax.device_put(vgg.frozen(_parameters(static), precision))
    targets = compute_targets(static, params, *sources(_CASE))
    state = begun(static, [Lane(pictures(_CASE, seed=0)[0], hyperparameters)])
    _, first, last, _ = advance(static, STEPS, params, targets, *state)
    names = "total", "content", "style"
    return {
        when: {name: float(getattr(terms, name)) for name in names}
        for when, terms in (("at first", first), (f"after {STEPS} steps", last))
    }


def _program(kind: tuple[str, str, str], precision: str) -> tuple[Static, Hyperparameters]:
    optimizer, statistic, pooling = kind
    case = dataclasses.replace(_CASE, precision=precision, pooling=pooling)
    static, hyperparameters = program(case)
    static = dataclasses.replace(
        static,
        optimizer=optimizer,
        statistic=statistic,
        content_layers=_CONTENT,
        style_layers=_STYLE,
    )
    return static, hyperparameters._replace(
        lr=_RATES.get(optimizer, hyperparameters.lr),
        content_weights=dict.fromkeys(_CONTENT, 1.0),
        style_weights=dict.fromkeys(_STYLE, 1 / len(_STYLE)),
    )


@functools.cache
def _known() -> dict[str, Any]:
    return parameters(_CASE)


def _parameters(static: Static) -> dict[str, Any]:
    """Return the parameters of the layers that are read."""
    used = {layer.name for layer in NETWORKS[static.network].up_to(static.layers)}
    return {name: own for name, own in _known().items() if name in used | {"mean"}}


if __name__ == "__main__":
    with ended():
        store()
