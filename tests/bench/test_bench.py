"""The benchmark runs as a user would run it: what it prints, refuses, imports and counts."""

import dataclasses
import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from nst.base.errors import UserError
from nst.base.program import Static
from nst.bench import device, losses, plan, quick, two_steps, verdicts
from nst.bench.case import Case, parameters, pictures, program, sources
from nst.engine import flops
from nst.losses.statistics import CONTENT_STATISTICS, STATISTICS

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


def test_each_choice_of_a_loss_is_varied_alone():
    default = Case(size=16, network="vgg16")
    cases = losses.variants(default)
    others = [
        *(("style.statistic", name) for name in STATISTICS),
        *(("content.statistic", name) for name in CONTENT_STATISTICS if name != "squared"),
        *(("padding", name) for name in ("replicate", "reflect")),
    ]
    assert list(cases) == others
    usual = dataclasses.asdict(program(default)[0])
    for (key, value), case in cases.items():
        own = dataclasses.asdict(program(case)[0])
        changed = {name: one for name, one in own.items() if one != usual[name]}
        field = {"style.statistic": "statistic", "content.statistic": "content_statistic"}
        assert changed == ({} if case == default else {field.get(key, key): value})


@pytest.mark.slow
def test_losses_are_measured_against_the_defaults(monkeypatch, capsys):
    from nst.bench.__main__ import main

    chosen = ("style.statistic", "gram"), ("style.statistic", "nearest_3x3"), ("padding", "reflect")
    every = losses.variants
    monkeypatch.setattr(losses, "variants", lambda case: {one: every(case)[one] for one in chosen})
    command = ["bench", "losses", "--size", "16", "--network", "vgg16", "--repeats", "1", "--json"]
    monkeypatch.setattr(sys, "argv", command)
    main()
    titles, *rows, last = capsys.readouterr().out.splitlines()
    assert "program MiB" in titles
    assert [row.split()[1] for row in rows] == ["=".join(one) for one in chosen]
    first, nearest, reflect = json.loads(last)["losses"]
    assert first["ratio"] == 1
    for one in (nearest, reflect):
        assert one["ratio"] == pytest.approx(one["s_per_step"] / first["s_per_step"])
        assert one["s_per_step"] > 0
    # The search holds products of 256 positions of conv1_1 with 1024 of the painting's.
    assert nearest["program_bytes"] - first["program_bytes"] > 4 * 256 * 1024


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
        (("losses", "--size", "64", "8"), "argument --size: must be a whole number from 16 to"),
        (("grid", "--size", "8"), "argument --size: must be a whole number from 16 to 4096"),
        (("grid", "--repeats", "25"), "argument --repeats: must be a whole number from 1 to 24"),
        (("fly",), "argument KIND: invalid choice: 'fly'"),
        ((), "the following arguments are required: KIND"),
        (("device", "--seconds", "5"), "argument --seconds: must be a whole number from 10 to"),
        (("device", "--against", "jax"), "argument --against: invalid choice: 'jax'"),
    ],
)
def test_a_bad_argument_is_one_sentence(arguments, sentence, monkeypatch):
    from nst.bench.__main__ import main

    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    with pytest.raises(SystemExit) as refused:
        main()
    error = str(refused.value.code)
    assert error.startswith(f"nst: {sentence}")
    assert error.endswith("--help shows what it takes")
    assert "\n" not in error


def test_a_missing_torch_is_one_sentence(monkeypatch):
    from nst.bench.__main__ import main

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "nst.bench.torch_peer", raising=False)
    monkeypatch.setattr(sys, "argv", ["bench", *STEP, "--against", "torch"])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == ("nst: --against torch needs PyTorch, which is not installed")


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


def test_strips_compute_the_rows_beside_them_and_the_forward_pass_twice():
    one = Static("vgg16", "avg", "float32", ("conv1_1",), ())
    # Two strips of 16 of 32 rows, each with one more above and below, in three passes for two.
    strips = dataclasses.replace(one, strips=16)
    assert flops.per_step(one, (32, 24, 3)) == 2 * 2 * 9 * 3 * 64 * 32 * 24
    assert flops.per_step(strips, (32, 24, 3)) == 3 * 2 * 9 * 3 * 64 * (32 + 4) * 24


def test_random_pictures_differ_from_turn_to_turn():
    case = Case(size=16, batch=2)
    first, second = pictures(case, seed=1), pictures(case, seed=2)
    assert first.shape == (2, 16, 16, 3)
    assert not np.isclose(first, second).all(axis=(1, 2, 3)).any()
    assert not np.array_equal(first[0], first[1])


def ours(case: Case, gamma: float) -> tuple[float, np.ndarray]:
    """Return loss and gradient of the losses that a run's step is made of."""
    import jax

    from nst.engine.activations import activations
    from nst.engine.program import compute_targets
    from nst.losses import total as losses

    static, numbers = program(case)
    params = parameters(case)
    targets = compute_targets(static, params, *sources(case))

    def loss(picture):
        seen = activations(static, params, picture, static.layers)
        numbers_now = numbers._replace(gamma=gamma)
        return losses.terms(picture, seen, targets, numbers_now, static).total

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


@pytest.mark.slow
def test_a_device_in_its_small_form():
    # A machine that does other things gets the time that it needs.
    command = "device", "--small", "--seconds", "500", "--against", "nothing", "--json"
    done = bench(*command)
    found = last_line(done)
    assert found["wrong"] == []
    assert found["seconds"] < 500
    sections = found["sections"]
    assert list(sections) == list(plan.SECTIONS)
    assert all(verdicts.missing(row) is None for rows in sections.values() for row in rows)
    correctness = {row["precision"]: row for row in sections["correctness"]}
    statistics = {"mean_std", "wasserstein", "sliced_wasserstein", "relaxed_emd"}
    kinds = {"defaults", "lbfgs", "sgd", "max"} | statistics
    assert set(correctness["float32"]["programs"]) == kinds
    assert correctness["float32"]["off"]["after 3 steps"] <= 1e-3
    # Numbers of 8 bits differ, and not by more than their rounding.
    assert 1e-5 < correctness["bfloat16"]["off"]["at first"] < 1.5e-2
    (start,) = sections["start-up"]
    assert 0 < start["help"] < start["warm"] < start["cold"]
    (memory,) = sections["memory"]
    assert 2e8 < memory["held_bytes"] < 4e9
    (largest,) = sections["largest"]
    assert largest["fits"]
    assert largest["tried"] == 64 < largest["estimate"]
    assert "not measured: --against nothing" in done.stdout
    assert "correctness, float32: right" in done.stderr


@pytest.mark.slow
def test_a_device_that_is_not_there_is_a_sentence(monkeypatch):
    import jax

    if jax.default_backend() != "cpu":
        pytest.skip("it is there")
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    done = bench("device", "--small")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "JAX_PLATFORMS=cuda asks for a device that JAX can't use here" in done.stderr


def test_what_has_no_time_is_left_out():
    (first, second) = plan.pieces("small", peers=False)[:2]
    began = time.perf_counter()
    device._section([first, second], began + 1, began + 1, {})
    assert first.found == second.found == {}  # neither was begun
    assert time.perf_counter() - began < 0.5


def test_a_piece_that_takes_all_of_its_share_has_its_turn(monkeypatch):
    asked = []

    class Stub:
        ended = False

        def __init__(self, environment):
            pass

        def ask(self, piece, words, seconds):
            asked.append(piece)
            return {"failed": "not tried"}

        def end(self):
            pass

    monkeypatch.setattr(device, "Worker", Stub)
    pieces = plan.pieces("gpu", peers=True)
    assert not device._all(pieces, "gpu", time.perf_counter() + plan.BUDGET["gpu"], {})
    assert set(asked) == set(plan.SECTIONS.values())
    assert asked.index("startup") < asked.index("memory")  # in its own turn, not in the last
    assert all(piece.found for piece in pieces)  # a turn takes no time here


def test_a_section_that_dies_or_hangs_costs_itself_alone(tmp_path, monkeypatch):
    (tmp_path / "nst").mkdir()
    stand_in = """
        import json, os, sys, time
        for line in sys.stdin:
            size = json.loads(line)["size"]
            if size == 1: os._exit(9)
            if size == 2: time.sleep(60)
            print(json.dumps({"s_per_step": size}), flush=True)
    """
    script = tmp_path / "worker.py"
    script.write_text("\n".join(line[8:] for line in stand_in.splitlines()))
    real = subprocess.Popen
    start = lambda command, **options: real([sys.executable, str(script)], **options)  # noqa: E731
    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(device, "_START", 2)
    monkeypatch.setattr(device, "_PART", 0)
    pieces = [plan.Piece("step", {"size": size}, 0.1) for size in (3, 1, 2, 4)]
    deadline = time.perf_counter() + 30
    device._section(pieces, deadline, deadline, {})
    three, died, hung, four = (piece.found for piece in pieces)
    assert (three, four) == ({"s_per_step": 3}, {"s_per_step": 4})
    assert died == {"failed": "its process ended with status 9"}
    assert hung["left_out"].startswith("out of time: no result after 2 s")


def test_what_is_wrong_is_named_and_the_targets_are_judged():
    asked = {"size": 512, "precision": "bfloat16", "batch": 1}
    sections = {
        "step": [
            asked | {"engine": "nst", "s_per_step": 2.2e-3},
            asked | {"engine": "compiled", "s_per_step": 4e-3},
            asked | {"engine": "eager", "size": 256, "s_per_step": 6e-3},
        ],
        "lanes": [{"size": 256, "precision": "bfloat16", "batch": 64, "s_per_step": 26e-3}],
        "memory": [
            asked | {"held_bytes": 100, "estimate_bytes": 114},
            asked | {"held_bytes": 100, "estimate_bytes": 80},
        ],
    }
    found = verdicts.targets("NVIDIA H100 80GB HBM3", sections, None)
    # 64 pictures of 200 steps in 5.2 s are 44,308 an hour, one in 1.2 s is 3,000.
    ratios = [None, 0.55, pytest.approx(64 * 6 / 26), 1.14, 0.8]
    assert [one["found"] for one in found] == [None, pytest.approx(0.55), *ratios[2:]]
    assert [one["met"] for one in found] == [None, True, True, True, False]
    assert all(one["met"] is None for one in verdicts.targets("cpu", sections, None))
    numbers = {"wrong": {"lbfgs, style at first": 0.5}}
    pieces = [
        plan.Piece("correctness", {"precision": "float32"}, 1, numbers),
        plan.Piece("largest", {"most": 64}, 1, {"failed": "out of memory"}),
        plan.Piece("memory", {"size": 64}, 1, {"left_out": "out of time"}),
    ]
    assert verdicts.wrong(pieces) == [
        "correctness, float32: lbfgs, style at first is off by 0.5",
        "largest, up to 64 px: failed: out of memory",
    ]


def test_a_loss_that_is_off_is_named_and_a_nan_is(monkeypatch):
    from nst.bench import correctness

    stored = json.loads(correctness.STORED.read_text())["losses"]
    found = {kind: {when: dict(losses) for when, losses in stored[kind].items()} for kind in stored}
    found["lbfgs"]["after 3 steps"]["style"] *= 1.005
    found["max"]["at first"]["content"] = float("nan")
    monkeypatch.setattr(correctness, "computed", lambda precision, names: found)
    assert set(stored) == set(correctness.kinds())
    wrong = correctness.compared("float32", every=True)["wrong"]
    assert wrong.pop("lbfgs, style after 3 steps") == pytest.approx(0.005)
    assert wrong == {"max, content at first": sys.float_info.max}
    # 8 bits may be off by more.
    wrong = correctness.compared("bfloat16", every=True)["wrong"]
    assert wrong == {"max, content at first": sys.float_info.max}


@pytest.mark.parametrize("form", ["gpu", "cpu", "small"])
def test_a_plan_fits_its_time(form):
    pieces = plan.pieces(form, peers=True)
    assert sum(plan.SHARES[form]) <= plan.BUDGET[form]
    assert {piece.section for piece in pieces} == set(plan.SECTIONS)
    assert not {piece.asked.get("engine") for piece in plan.pieces(form, peers=False)} & set(
        plan.PEERS
    )
    if form == "gpu":
        # What the targets are about is among what fits the first turn.
        shares: dict[str, float] = dict(zip(plan.SECTIONS, plan.SHARES[form], strict=True))
        first = []
        for piece in pieces:
            if piece.seconds <= shares[piece.section]:
                shares[piece.section] -= piece.seconds
                first.append(piece.title)
        for precision in ("tensorfloat32", "bfloat16"):
            for engine in ("nst", "compiled"):
                assert f"step, 512 px, {precision}, {engine}" in first
        assert "lanes, 256 px, bfloat16, nst, 64 side by side" in first
        assert "step, 256 px, bfloat16, eager" in first


# --- preset=quick against the defaults ----------------------------------------------------------


def test_the_interval_of_a_ratio_by_hand():
    # Logarithms 0, 0.1, 0.2 and 1, 1.2: means 0.1 and 1.1, variances 0.01 and 0.02, so that the
    # difference's is 0.01/3 + 0.02/2, with Welch's degrees of freedom
    # (0.01/3 + 0.02/2)^2 / ((0.01/3)^2/2 + (0.02/2)^2/1) = 1.684; t of 0.975 is then 5.176.
    ours, theirs = np.exp([0, 0.1, 0.2]), np.exp([1, 1.2])
    ratio, low, high = quick._ratio(list(ours), list(theirs))
    half = 5.176 * np.sqrt(0.01 / 3 + 0.02 / 2)
    assert np.log([ratio, low, high]) == pytest.approx([-1, -1 - half, -1 + half], rel=2e-3)


@pytest.mark.slow
def test_quick_against_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(quick, "PAIRS", (("chelsea", "night"),))
    keep = tmp_path / "kept"
    found = quick.measure(32, 2, str(keep))
    ratios, runs = found["pairs"]["chelsea/night"].values()
    adam, own = (json.loads((keep / "chelsea-night" / f"{name}-1" / "run.json").read_text())
                 for name in ("adam", "quick"))  # fmt: skip
    assert (own["last"]["step"], adam["last"]["step"]) == (80, 200)
    assert runs["quick"][0]["total"] == own["best"]["total"]
    assert ratios["steps_s"][0] < 0.7
    assert found["over_pairs"]["total"][0] == ratios["total"][0]
    with pytest.raises(UserError, match="--keep must be a folder that does not exist yet"):
        quick.measure(32, 2, str(keep))


def test_a_folder_to_keep_that_is_there_is_refused(tmp_path: Path):
    done = bench("quick", "--keep", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr == f"nst: --keep must be a folder that does not exist yet, not {tmp_path}\n"
