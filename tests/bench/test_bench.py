"""The benchmark runs as a user would run it: what it prints, refuses, imports and counts."""

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from nst.bench import two_steps
from nst.bench.case import Case, parameters, pictures, program, sources
from nst.engine import flops

STEP = ("step", "--size", "16", "--steps", "1", "--repeats", "1")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nst.bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def last_line(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_step_measures_what_was_asked():
    done = bench(*STEP, "--batch", "2", "--network", "vgg16", "--json")
    found = last_line(done)
    assert "s/step" in done.stdout.splitlines()[0]
    assert found["asked"]["size"] == 16
    assert found["asked"]["batch"] == 2
    assert found["asked"]["network"] == "vgg16"
    assert found["s_per_step_min"] <= found["s_per_step"] <= found["s_per_step_max"]
    assert found["compile_s"] > 0
    assert found["gflops"] == pytest.approx(found["gflop_per_step"] / found["s_per_step"])
    assert found["ceiling_fraction"] == pytest.approx(found["gflops"] / found["ceiling_gflops"])
    # VGG-16's kernels to the deepest layer, each twice, take 82 MB already.
    assert found["peak_bytes"] > 82e6
    assert found["ratio_to_torch"] is found["torch"] is None


@pytest.mark.slow
def test_step_prints_a_table_and_without_json_nothing_else():
    done = bench(*STEP, "--precision", "bfloat16", "--pooling", "max")
    assert done.returncode == 0, done.stderr
    titles, row, line = done.stdout.splitlines()
    assert "s/step" in titles
    assert row.startswith("nst")
    assert "GFLOP a step" in line


@pytest.mark.slow
def test_memory_of_several_sizes():
    found = last_line(bench("memory", "--size", "32", "256", "--network", "vgg16", "--json"))
    small, large = found["memory"]
    assert (small["size"], large["size"]) == (32, 256)
    # The activations of conv1_1 and conv1_2 at 256 x 256 are 16 MiB each.
    assert large["peak_bytes"] - small["peak_bytes"] > 2 * 2**24
    assert large["bytes_per_megapixel"] == pytest.approx(large["peak_bytes"] / 0.065536)


@pytest.mark.slow
def test_startup_of_a_small_run():
    found = last_line(bench("startup", "--size", "24", "--repeats", "1", "--json"))
    seconds = found["startup_s"]
    assert 0 < seconds["help"] < seconds["warm"] < seconds["cold"]


def test_the_peak_of_memory_is_this_processs_own():
    before = two_steps.resident_peak()
    held = np.ones(2**25)  # 256 MiB
    assert two_steps.resident_peak() >= before + 0.8 * held.nbytes
    program = "from nst.bench import two_steps; print(two_steps.resident_peak())"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < before + held.nbytes


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("step", "--size", "8"), "argument --size: must be a whole number from 16 to 4096"),
        (("step", "--steps", "ten"), "argument --steps: must be a whole number from 1 to 10000"),
        (("step", "--batch", "0"), "argument --batch: must be a whole number from 1 to 1024"),
        (("step", "--precision", "fp8"), "argument --precision: invalid choice: 'fp8'"),
        (("memory", "--against", "keras"), "argument --against: invalid choice: 'keras'"),
        (("grid", "--size", "8"), "argument --size: must be a whole number from 16 to 4096"),
        (("grid", "--repeats", "25"), "argument --repeats: must be a whole number from 1 to 24"),
        (("fly",), "argument command: invalid choice: 'fly'"),
    ],
)
def test_a_bad_argument_is_one_sentence(arguments, sentence, monkeypatch, capsys):
    from nst.bench.__main__ import main

    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    error = capsys.readouterr().err
    assert error.startswith(f"nst.bench: {sentence}")
    assert error.count("\n") == 1


def test_a_missing_torch_is_one_sentence(monkeypatch):
    from nst.bench.__main__ import main

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "nst.bench.torch_peer", raising=False)
    monkeypatch.setattr(sys, "argv", ["bench", *STEP, "--against", "torch"])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == (
        "nst.bench: --against torch needs PyTorch, which is not installed"
    )


def test_arithmetic_by_hand():
    static, _ = program(Case(network="vgg19"))
    # Twice (forward and backward) two operations a multiplication and addition, nine of them for
    # each pair of channels at each position, in units of 64 x 64 channels at 256 x 256:
    # blocks of 3/64 + 1; 1/2 + 1; 1/2 + 1 + 1 + 1; the same; conv5_1 at 16 x 16, 512 x 512.
    unit = 2 * 2 * 9 * 64 * 64 * 256 * 256
    assert flops.convolutions(static, (256, 256, 3)) == unit * (3 / 64 + 1 + 1.5 + 3.5 + 3.5 + 0.25)
    # "93 GFLOP" in round numbers.
    assert flops.convolutions(static, (256, 256, 3)) == pytest.approx(93e9, rel=0.02)
    # A Gram matrix of 64 channels at 256 x 256 is as much as of 128 at 128 x 128, and so on.
    assert flops.grams(static, (256, 256, 3)) == 2 * 2 * 64 * 64 * 256 * 256 * (
        1 + 1 + 1 + 1 + 0.25
    )


def test_odd_sides_lose_a_row_at_each_pooling():
    static, _ = program(Case(network="vgg16"))
    # 35, 17, 8, 4, 2 positions a side.
    pairs = (3 * 64 + 64 * 64) * 35**2 + (64 * 128 + 128 * 128) * 17**2
    pairs += (128 * 256 + 2 * 256 * 256) * 8**2 + (256 * 512 + 2 * 512 * 512) * 4**2
    pairs += 512 * 512 * 2**2
    assert flops.convolutions(static, (35, 35, 3)) == 2 * 2 * 9 * pairs


def test_random_pictures_differ_from_turn_to_turn():
    case = Case(size=16, batch=2)
    first, second = pictures(case, seed=1), pictures(case, seed=2)
    assert first.shape == (2, 16, 16, 3)
    assert not np.isclose(first, second).all(axis=(1, 2, 3)).any()
    assert not np.array_equal(first[0], first[1])


def ours(case: Case, gamma: float) -> tuple[float, np.ndarray]:
    """Return loss and gradient of the losses that a run's step is made of."""
    import jax

    from nst.engine.program import _activations, compute_targets
    from nst.losses import total as losses

    static, numbers = program(case)
    params = parameters(case)
    targets = compute_targets(static, params, *sources(case))

    def loss(picture):
        activations = _activations(static, params, picture, static.layers)
        numbers_now = numbers._replace(gamma=gamma)
        return losses.terms(picture, activations, targets, numbers_now, static).total

    total, gradient = jax.value_and_grad(loss)(pictures(case, seed=5)[0])
    return float(total), np.asarray(gradient)


@pytest.mark.parametrize(
    ("case", "gamma"),
    [
        *((Case(37, network=n, pooling=p), 0) for n in ("vgg16", "vgg19") for p in ("avg", "max")),
        (Case(16), 1e9),  # total variation
    ],
)
def test_torchs_loss_and_gradient_are_ours(case, gamma, monkeypatch):
    pytest.importorskip("torch")
    from nst.bench import torch_peer

    static, numbers = program(case)
    monkeypatch.setattr(torch_peer, "program", lambda _: (static, numbers._replace(gamma=gamma)))
    total, gradient = ours(case, gamma)
    x = torch_peer._tensor(pictures(case, seed=5)).requires_grad_()
    loss = torch_peer.loss_function(case)(x)
    loss.backward()
    theirs = x.grad[0].permute(1, 2, 0).numpy()
    assert loss.item() == pytest.approx(total, rel=1e-4)
    assert np.abs(theirs - gradient).max() < 1e-3 * np.abs(gradient).max()


def test_torchs_steps_are_ours():
    torch = pytest.importorskip("torch")
    import jax

    from nst.bench import ours, torch_peer

    case = Case(size=16, batch=2)
    start = pictures(case, seed=7)
    mine = ours.compiled(case, steps=3)
    states, *_ = mine.take(mine.start(start))
    interval = torch_peer.eager(case, steps=3)
    theirs = interval.take(interval.start(start)).detach().permute(0, 2, 3, 1).numpy()
    assert jax.tree.leaves(states.picture)[0].shape == theirs.shape
    # Adam moves by the sign of a gradient: almost every pixel the same way.
    assert np.median(np.abs(np.asarray(states.picture) - theirs)) < 1e-2
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is no dependency of nst")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_step_against_torch(precision, monkeypatch):
    # Compiling takes minutes.
    monkeypatch.setenv("TORCHDYNAMO_DISABLE", "1")
    done = bench(*STEP, "--precision", precision, "--against", "torch", "--json")
    found = last_line(done)
    ratio = found["s_per_step"] / found["torch"]["s_per_step"]
    assert found["ratio_to_torch"] == pytest.approx(ratio)
    assert found["torch"]["form"].startswith(("eager", "compiled"))
    _, nst, torch = done.stdout.splitlines()[:3]
    assert nst.startswith("nst")
    assert torch.startswith("torch")
