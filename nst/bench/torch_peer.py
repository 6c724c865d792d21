"""The same run in plain PyTorch, with what it is known to gain from: what nst is held against.

PyTorch is no dependency of nst; nothing else imports this module, or it.
"""

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import torch
import torch.nn.functional as F

from nst.base.errors import UserError
from nst.base.program import Hyperparameters
from nst.bench.case import Case, Interval, parameters, pictures, program, sources
from nst.networks.spec import NETWORKS, Layer

#: Pictures (N, 3, S, S) in gray levels to the sum of their losses.
Loss = Callable[[Any], Any]


def device() -> Any:
    """Return PyTorch's name of the kind of device that JAX runs on.

    Raises:
      UserError: PyTorch can't use it.
    """
    if jax.default_backend() == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise UserError("--against torch: JAX runs on a GPU here, and PyTorch finds none")
    return torch.device("cuda")


def peak_bytes() -> int | None:
    """Return the most memory that tensors took on a GPU, None on a CPU."""
    return torch.cuda.max_memory_allocated() if device().type == "cuda" else None


def eager(case: Case, steps: int) -> Interval:
    """Return an interval without torch.compile, in bfloat16 without autocast.

    Args:
      case: what to measure.
      steps: of an interval.
    """
    return _interval(case, steps, loss_function(case), "eager", 0.0)


def best_eager(case: Case, steps: int) -> Interval:
    """Return an interval of the faster of PyTorch's eager forms, each timed once after a warm-up.

    In bfloat16 weights and activations are of that type, or autocast decides.

    Args:
      case: what to measure.
      steps: of an interval.
    """
    form, loss, _ = _best_eager(case)
    return _interval(case, steps, loss, form, 0.0)


def compiled(case: Case, steps: int) -> Interval:
    """Return an interval of the faster eager form after torch.compile.

    Args:
      case: what to measure.
      steps: of an interval.

    Raises:
      Exception: of many kinds: there is no C++ compiler, it doesn't know this Python, ...
    """
    form, loss, _ = _best_eager(case)
    return _compiled(case, steps, form, loss)


def fastest(case: Case, steps: int) -> Interval:
    """Return an interval of the fastest of PyTorch's forms, eager or compiled.

    Args:
      case: what to measure.
      steps: of an interval.
    """
    form, loss, spent = _best_eager(case)
    try:
        interval = _compiled(case, steps, form, loss)
        if _trial(case, interval) / steps < spent / 2:  # their trial is of two steps
            return interval
    except Exception as error:
        form = f"{form}; torch.compile: {type(error).__name__}"
    return _interval(case, steps, loss, form, 0.0)


def _best_eager(case: Case) -> tuple[str, Loss, float]:
    """Return the name of the faster eager form, its loss, and the seconds of its trial."""
    forms = {"eager": loss_function(case)}
    if case.precision == "bfloat16":
        forms["eager, autocast"] = loss_function(case, autocast=True)
    spent = {
        form: _trial(case, _interval(case, 2, loss, form, 0.0)) for form, loss in forms.items()
    }
    best = min(spent, key=lambda form: spent[form])
    return best, forms[best], spent[best]


def _compiled(case: Case, steps: int, form: str, loss: Loss) -> Interval:
    # One graph: a break in it, which costs time at every step, is an error.
    own = torch.compile(loss, fullgraph=True)
    began = time.perf_counter()
    first = _interval(case, 1, own, form, 0.0)
    first.take(first.start(pictures(case, seed=0)))
    compiling = time.perf_counter() - began
    return _interval(case, steps, own, form.replace("eager", "compiled"), compiling)


def loss_function(case: Case, autocast: bool = False) -> Loss:
    """Return the loss of nst's defaults, with the parameters and targets that nst is measured with.

    Args:
      case: what to measure.
      autocast: in bfloat16, whether PyTorch chooses each operation's type.
    """
    static, hyperparameters = program(case)
    low = torch.bfloat16 if case.precision == "bfloat16" else torch.float32
    dtype = torch.float32 if autocast else low
    weights = _weights(parameters(case), dtype)
    # A step is the same convolutions each time.
    torch.backends.cudnn.benchmark = True
    exact = case.precision == "float32"
    torch.backends.cudnn.allow_tf32 = not exact
    torch.set_float32_matmul_precision("highest" if exact else "high")

    kind = device().type  # known here, so that torch.compile doesn't look into JAX

    layers = list(NETWORKS[static.network].up_to(static.layers))
    read = static.layers

    def features(x: Any) -> dict[str, Any]:
        with torch.autocast(kind, torch.bfloat16, enabled=autocast):
            return _features(layers, read, static.pooling, weights, x, dtype)

    with torch.no_grad():
        content_image, style_image = (features(_tensor(one[None])) for one in sources(case))
        content = {layer: content_image[layer] for layer in static.content_layers}
        style = {layer: _gram(style_image[layer]) for layer in static.style_layers}

    def loss(x: Any) -> Any:
        return _loss(hyperparameters, x, features(x), content, style)

    return loss


def _features(
    layers: list[Layer], read: tuple[str, ...], pooling: str, weights: dict, x: Any, dtype: Any
) -> dict[str, Any]:
    kept = {}
    x = (x - weights["mean"]).to(dtype)
    for layer in layers:
        name = layer.name
        if layer.kind == "conv":
            kernel, bias = weights[name]
            x = F.conv2d(x, kernel, bias, padding=1)
        elif layer.kind == "relu":
            # In place where no loss reads what was there.
            x = F.relu(x, inplace=name.replace("relu", "conv") not in read)
        else:
            x = F.avg_pool2d(x, 2) if pooling == "avg" else F.max_pool2d(x, 2)
        if name in read:
            kept[name] = x
    return {name: value.float() for name, value in kept.items()}


def _gram(activations: Any) -> Any:
    flat = activations.permute(0, 2, 3, 1).flatten(1, 2)  # (N, M, C), no copy: channels are last
    return flat.transpose(1, 2) @ flat / flat.shape[1]


def _loss(
    hyperparameters: Hyperparameters, x: Any, activations: dict, content: dict, style: dict
) -> Any:
    # As nst.losses.total.terms, by the same equations.
    total = 0.0
    for layer, target in content.items():
        difference = activations[layer] - target
        total += (
            hyperparameters.alpha
            * hyperparameters.content_weights[layer]
            * 0.5
            * (difference**2).sum()
        )
    for layer, target in style.items():
        difference = _gram(activations[layer]) - target
        scale = 4 * activations[layer].shape[1] ** 2
        total += (
            hyperparameters.beta
            * hyperparameters.style_weights[layer]
            * (difference**2).sum()
            / scale
        )
    down, right = x[:, :, 1:] - x[:, :, :-1], x[:, :, :, 1:] - x[:, :, :, :-1]
    return total + hyperparameters.gamma * (down.abs().sum() + right.abs().sum())


def _weights(params: dict, dtype: Any) -> dict[str, Any]:
    """Return the mean (3, 1, 1), and each layer's kernel (C', C, 3, 3) and bias in `dtype`."""
    weights: dict[str, Any] = {"mean": torch.tensor(params["mean"], device=device())[:, None, None]}
    for name, layer in params.items():
        if name != "mean":
            kernel = torch.tensor(layer["kernel"].transpose(3, 2, 0, 1).copy())
            kernel = kernel.to(device(), dtype, memory_format=torch.channels_last)
            weights[name] = kernel, torch.tensor(layer["bias"], dtype=dtype, device=device())
    return weights


def _tensor(several: np.ndarray) -> Any:
    """Return pictures (N, S, S, 3) as (N, 3, S, S) on the device, channels last in memory."""
    tensor = torch.tensor(several).permute(0, 3, 1, 2)
    return tensor.to(device()).contiguous(memory_format=torch.channels_last)


def _interval(case: Case, steps: int, loss: Loss, form: str, compiling: float) -> Interval:
    hyperparameters = program(case)[1]

    def start(several: np.ndarray) -> Any:
        x = _tensor(several).requires_grad_()
        betas = hyperparameters.b1, hyperparameters.b2
        return x, torch.optim.Adam([x], hyperparameters.lr, betas, hyperparameters.eps, fused=True)

    def take(state: Any) -> Any:
        x, adam = state
        for _ in range(steps):
            adam.zero_grad()
            loss(x).backward()
            adam.step()
        if x.is_cuda:
            torch.cuda.synchronize()
        return x

    return Interval(start, take, compiling, form)


def _trial(case: Case, interval: Interval) -> float:
    """Return the seconds of an interval, after one that doesn't count."""
    for turn in range(2):
        state = interval.start(pictures(case, seed=turn))
        began = time.perf_counter()
        interval.take(state)
    return time.perf_counter() - began
