"""Schedules, clipping, averages and L-BFGS against plain loops, and through the command line."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.optimize
from helpers import FOUR_STEPS, SHALLOW, compiled, rows, valid_record
from one_run import NUMBERS, STATIC, scene
from one_run import together as checks_of

from nst.base.program import Hyperparameters, Static
from nst.config import identity
from nst.config.schema import Config
from nst.engine.check import Check
from nst.engine.lanes import Lane
from nst.engine.memory import bytes_of_a_lane
from nst.engine.program import compute_targets
from nst.optimizers.gradient import learning_rate
from nst.optimizers.method import Method, State, shown
from nst.optimizers.table import OPTIMIZERS
from nst.report.curves import curves
from nst.rundir import checkpoint
from nst.runner import prepare

SHAPE = (4, 3, 3)
ADAM = STATIC
LBFGS = dataclasses.replace(ADAM, optimizer="lbfgs")
SGD = dataclasses.replace(ADAM, optimizer="sgd")
#: Learning rates at which the losses of `scene` fall.
RATES = {"adam": 10.0, "lbfgs": 10.0, "sgd": 1e-4}
BATCHED = ("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep", "sweep.report=false")


def method(static: Static) -> Method:
    return OPTIMIZERS[static.optimizer].load()


def numbers(**changes: Any) -> Hyperparameters:
    return jax.tree.map(np.float32, NUMBERS._replace(**({"gamma": 1.0, "lr": 10.0} | changes)))


class Bowl:
    """1/2 x'Ax - b'x over the numbers of a picture, A with eigenvalues from 0.1 to 10."""

    def __init__(self, lowest: float = 100.0):
        rng = np.random.default_rng(1)
        size = int(np.prod(SHAPE))
        turn = np.linalg.qr(rng.normal(size=(size, size)))[0]
        self.matrix = turn @ np.diag(np.geomspace(0.1, 10, size)) @ turn.T
        #: Where the minimum is.
        self.minimum = rng.uniform(lowest, 255, size)
        self.vector = self.matrix @ self.minimum
        self.start = rng.uniform(0, 255, SHAPE).astype(np.float32)
        #: How often the loss was computed on the device.
        self.calls = 0

    def loss(self, picture: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        jax.debug.callback(self.count)
        flat = picture.reshape(-1)
        matrix = jnp.asarray(self.matrix, jnp.float32)
        value = 0.5 * flat @ matrix @ flat - jnp.asarray(self.vector, jnp.float32) @ flat
        return value, {"total": value}

    def count(self) -> None:
        self.calls += 1

    def value(self, picture: Any) -> jax.Array:
        return self.loss(picture)[0]

    def gradient(self, picture: np.ndarray) -> np.ndarray:
        flat = self.matrix @ picture.reshape(-1).astype(np.float64) - self.vector
        return flat.reshape(SHAPE).astype(np.float32)


def moved(static: Static, hyperparameters: Hyperparameters, bowl: Bowl, *strides: int):
    """Return the states after each of the strides."""
    own = method(static)
    step = jax.jit(
        lambda state, count: own.steps(static, hyperparameters, bowl.loss, state, count)[0]
    )
    states = [own.init(static, hyperparameters, bowl.start)]
    for stride in strides:
        states.append(step(states[-1], stride))
    jax.effects_barrier()
    return states[1:]


def by_optax(optimizer: optax.GradientTransformation, bowl: Bowl, steps: int) -> list[np.ndarray]:
    """Return the picture after each step of an optimizer of optax, in a loop on the host."""
    picture, pictures = bowl.start, []
    state = optimizer.init(picture)
    for _ in range(steps):
        updates, state = optimizer.update(bowl.gradient(picture), state)
        picture = np.asarray(optax.apply_updates(picture, updates))
        pictures.append(picture)
    return pictures


# --- Schedules ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", (10, 10, 10)),
        # 10 times 0.01^0, 0.01^(1/2), 0.01^1.
        ("exponential", (10, 1, 0.1)),
        # 10 times 1, 0.01 + 0.99/2, 0.01.
        ("cosine", (10, 5.05, 0.1)),
    ],
)
def test_learning_rates_by_hand(schedule: str, rates: tuple[float, ...]):
    static = dataclasses.replace(ADAM, schedule=schedule)
    hyperparameters = numbers(decay=0.01, steps=200)
    for step, rate in zip((0, 100, 200), rates, strict=True):
        found = learning_rate(static, hyperparameters, step)
        assert float(found) == pytest.approx(rate, rel=1e-5)


def test_a_schedule_is_that_of_optax():
    theirs = optax.cosine_decay_schedule(10.0, decay_steps=12, alpha=0.02)
    static = dataclasses.replace(ADAM, schedule="cosine")
    mine = moved(static, numbers(decay=0.02, steps=12), Bowl(), 5, 7)
    plain = by_optax(optax.adam(theirs), Bowl(), 12)
    np.testing.assert_allclose(mine[0].picture, plain[4], atol=1e-2)
    np.testing.assert_allclose(mine[1].picture, plain[11], atol=1e-2)


# --- Clipping and the average -------------------------------------------------------------------


def test_gradient_descent_is_the_plain_loop():
    bowl = Bowl()
    exponential = dataclasses.replace(SGD, schedule="exponential")
    (mine,) = moved(exponential, numbers(lr=0.1, decay=0.01, steps=4), bowl, 4)
    expected: np.ndarray = bowl.start
    # 0.1 times 0.01^0, 0.01^(1/4), 0.01^(2/4), 0.01^(3/4).
    for rate in (0.1, 0.0316228, 0.01, 0.00316228):
        expected = expected - np.float32(rate) * bowl.gradient(expected)
    np.testing.assert_allclose(mine.picture, expected, rtol=1e-4)


def test_gradient_descent_that_overflows_is_not_finite():
    bowl = Bowl()
    for lr, is_finite in ((1e9, False), (0.1, True)):
        (mine,) = moved(SGD, numbers(lr=lr), bowl, 6)
        assert method(SGD).is_finite(mine) == is_finite


def test_clipping_after_each_step_is_the_plain_loop():
    bowl, static = Bowl(lowest=-300), dataclasses.replace(ADAM, clamp=True)
    optimizer = optax.adam(30.0)
    picture = bowl.start
    state = optimizer.init(picture)
    for _ in range(9):
        updates, state = optimizer.update(bowl.gradient(picture), state)
        picture = np.clip(picture + np.asarray(updates), 0, 255)
    (mine,) = moved(static, numbers(lr=30), bowl, 9)
    assert 0 in picture
    np.testing.assert_allclose(mine.picture, picture, atol=1e-2)
    assert (np.min(mine.picture), np.max(mine.picture)) >= (0, 0)
    assert np.max(mine.picture) <= 255


@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_the_average_is_that_of_a_plain_loop_and_adam_goes_on_from_the_picture(decay: float):
    bowl, static = Bowl(), dataclasses.replace(ADAM, average=True)
    pictures = [bowl.start, *by_optax(optax.adam(10.0), bowl, 10)]
    # crowsonkb's EMA: value = d value + (1 - d) x, accum = d accum, value / (1 - accum).
    value, accum, averages = np.zeros(SHAPE), 1.0, []
    for picture in pictures:
        value, accum = decay * value + (1 - decay) * picture, accum * decay
        averages.append(value / (1 - accum))
    hyperparameters = numbers(average=decay)
    first = method(static).init(static, hyperparameters, bowl.start)
    np.testing.assert_allclose(shown(first), averages[0], rtol=1e-6)
    for state, step in zip(moved(static, hyperparameters, bowl, 4, 6), (4, 10), strict=True):
        np.testing.assert_allclose(shown(state), averages[step], atol=1e-2)
        np.testing.assert_allclose(state.picture, pictures[step], atol=1e-2)


def test_an_average_over_very_many_pictures_keeps_the_brightness():
    bowl, static = Bowl(), dataclasses.replace(ADAM, average=True)
    bowl.start = bowl.minimum.reshape(SHAPE).astype(np.float32)
    (state,) = moved(static, numbers(average=0.999999, lr=1e-6), bowl, 50)
    np.testing.assert_allclose(shown(state), bowl.start, atol=1e-3)


# --- What a call of steps looks at --------------------------------------------------------------


def test_a_call_looks_at_each_picture_once_and_is_compiled_for_any_number_of_steps():
    bowl = Bowl()
    traces = []

    @jax.jit
    def step(state: State, count: int) -> tuple:
        traces.append(count)
        return method(ADAM).steps(ADAM, numbers(lr=3), bowl.loss, state, count)

    state, before, after = step(method(ADAM).init(ADAM, numbers(), bowl.start), 3)
    jax.effects_barrier()
    assert bowl.calls == 3 + 1
    pictures = by_optax(optax.adam(3), bowl, 5)
    assert float(before["total"]) == pytest.approx(float(bowl.value(bowl.start)), rel=1e-5)
    assert float(after["total"]) == pytest.approx(float(bowl.value(pictures[2])), rel=1e-5)
    state, _, after = step(state, 2)
    np.testing.assert_allclose(state.picture, pictures[4], atol=1e-3)
    assert float(after["total"]) == pytest.approx(float(bowl.value(pictures[4])), rel=1e-5)
    assert len(traces) == 1


def test_the_parts_after_the_steps_are_those_of_the_average():
    bowl, static = Bowl(), dataclasses.replace(ADAM, average=True)
    own = numbers(lr=3, average=0.9)
    start = method(static).init(static, own, bowl.start)
    state, _, after = method(static).steps(static, own, bowl.loss, start, 4)
    average = float(bowl.value(shown(state)))
    assert average != pytest.approx(float(bowl.value(state.picture)), rel=1e-3)
    assert float(after["total"]) == pytest.approx(average, rel=1e-5)


# --- L-BFGS -------------------------------------------------------------------------------------


def test_lbfgs_is_a_plain_loop_of_optax():
    # A first direction of length 1, of 36 numbers, becomes one of 3 gray levels a number.
    first = optax.piecewise_constant_schedule(3 * 6, {1: 1 / (3 * 6)})
    plain, solver = Bowl(), optax.lbfgs(first, memory_size=3)
    picture = jnp.asarray(plain.start)
    state = solver.init(picture)
    searched = 0

    @jax.jit
    def step(picture, state):
        value, gradient = jax.value_and_grad(plain.value)(picture)
        updates, state = solver.update(
            gradient, state, picture, value=value, grad=gradient, value_fn=plain.value
        )
        return optax.apply_updates(picture, updates), state

    for _ in range(8):
        picture, state = step(picture, state)
        searched += int(state[-1].info.num_linesearch_steps)
    bowl, static = Bowl(), dataclasses.replace(LBFGS, memory=3)
    mine = moved(static, numbers(), bowl, 5, 3)[-1]
    np.testing.assert_allclose(mine.picture, picture, atol=0.05)
    # The bowl has counted the looks at the pictures of two checks, too.
    assert int(mine.evaluations) == bowl.calls - 2 == 1 + searched


def test_the_first_trial_of_lbfgs_is_3_gray_levels_away():
    # Of 500 |x - minimum|^2, whose gradient points at the minimum, 10 gray levels away in each of
    # 36 numbers: a trial of 3 leaves 0.7^2 of the loss and 0.7 of the slope, less than 0.9.
    start = np.full(SHAPE, 100, np.float32)

    def loss(picture: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        value = 500 * jnp.sum((picture - 110) ** 2)
        return value, {"total": value}

    own = method(LBFGS)
    state, before, after = own.steps(LBFGS, numbers(), loss, own.init(LBFGS, numbers(), start), 1)
    np.testing.assert_allclose(state.picture, start + 3, atol=1e-4)
    assert state.evaluations == 2
    assert float(after["total"]) == pytest.approx(0.7**2 * float(before["total"]), rel=1e-4)


def test_lbfgs_where_nothing_is_to_gain_stays():
    def loss(picture: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        value = 500 * jnp.sum((picture - 100) ** 2)
        return value, {"total": value}

    own, start = method(LBFGS), np.full(SHAPE, 100, np.float32)
    state = own.steps(LBFGS, numbers(), loss, own.init(LBFGS, numbers(), start), 3)[0]
    np.testing.assert_array_equal(state.picture, start)
    assert bool(own.is_finite(state))


def test_clipped_lbfgs_evaluates_once_more_where_it_clipped():
    bowl, static = Bowl(lowest=-300), dataclasses.replace(LBFGS, memory=3, clamp=True)
    last = moved(static, numbers(), bowl, 4, 4)[-1]
    # One at first, and two or more in every step that left [0, 255].
    assert 0 in np.asarray(last.picture)
    assert int(last.evaluations) == bowl.calls - 2 > 1 + 8


def test_lbfgs_finds_the_minimum_that_scipy_finds():
    bowl = Bowl()
    theirs = scipy.optimize.minimize(
        lambda x: (0.5 * x @ bowl.matrix @ x - bowl.vector @ x, bowl.matrix @ x - bowl.vector),
        bowl.start.reshape(-1).astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        options={"maxcor": 10},
    )
    mine = moved(LBFGS, numbers(), bowl, 40)[0]
    np.testing.assert_allclose(np.ravel(mine.picture), bowl.minimum, atol=0.2)
    assert float(bowl.value(mine.picture)) == pytest.approx(theirs.fun, rel=1e-5)
    assert bool(method(LBFGS).is_finite(mine))


def test_clipped_lbfgs_finds_the_minimum_within_the_bounds_that_scipy_finds():
    bowl = Bowl(lowest=-100)
    theirs = scipy.optimize.minimize(
        lambda x: (0.5 * x @ bowl.matrix @ x - bowl.vector @ x, bowl.matrix @ x - bowl.vector),
        bowl.start.reshape(-1).astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        bounds=[(0, 255)] * bowl.start.size,
    )
    mine = moved(dataclasses.replace(LBFGS, clamp=True), numbers(), bowl, 60)[0]
    start = float(bowl.value(bowl.start))
    assert float(bowl.value(mine.picture)) < theirs.fun + 0.05 * (start - theirs.fun)


# --- In the loop: lanes and going on ------------------------------------------------------------

KINDS = [
    dataclasses.replace(ADAM, schedule="exponential", clamp=True, average=True),
    dataclasses.replace(LBFGS, memory=3, clamp=True, average=True),
    dataclasses.replace(SGD, schedule="cosine"),
]


def together(static: Static, *several: Hyperparameters, **options: Any) -> list[list[Check]]:
    params, content_image, style_image = scene()
    targets = compute_targets(static, params, content_image, style_image)
    lanes = [Lane(content_image, one, **options) for one in several]
    return checks_of(static, params, targets, lanes, steps=6, check_every=2)


@pytest.mark.parametrize("static", KINDS)
def test_vmapped_lanes_are_the_runs_alone_within_a_tenth_of_a_gray_level(static: Static):
    several = [
        numbers(gamma=gamma, average=average, decay=decay, steps=6, lr=RATES[static.optimizer])
        for gamma, average, decay in ((0.0, 0.5, 0.1), (10.0, 0.2, 0.5))
    ]
    for lane, one in zip(together(static, *several), several, strict=True):
        (alone,) = together(static, one)
        assert [check.step for check in lane] == [0, 2, 4, 6]
        for mine, theirs in zip(lane, alone, strict=True):
            np.testing.assert_allclose(mine.picture, theirs.picture, atol=0.1)
            assert mine.terms.total == pytest.approx(theirs.terms.total, rel=1e-3)
            assert mine.evaluations == theirs.evaluations


@pytest.mark.parametrize("static", KINDS)
def test_a_run_goes_on_from_a_file_to_the_same_bytes(static: Static, tmp_path: Path):
    one = numbers(average=0.7, decay=0.2, steps=6, lr=RATES[static.optimizer])
    (whole,) = together(static, one)
    for cut in (0, 1):
        checkpoint.save(tmp_path, whole[cut], whole[max(cut, 1)])
        earlier = checkpoint.load(tmp_path, static, one)
        assert earlier
        (rest,) = together(static, one, after=earlier.last, lowest=earlier.lowest)
        assert [check.step for check in rest] == [2, 4, 6][cut:]
        for mine, theirs in zip(rest, whole[cut + 1 :], strict=True):
            assert mine.picture.tobytes() == theirs.picture.tobytes()
            assert (mine.terms, mine.evaluations) == (theirs.terms, theirs.evaluations)
        for mine, theirs in zip(
            jax.tree.leaves(rest[-1].state), jax.tree.leaves(whole[-1].state), strict=True
        ):
            assert np.asarray(mine).tobytes() == np.asarray(theirs).tobytes()


def test_the_memory_of_a_lane_holds_the_memory_of_lbfgs():
    shape = (20, 16, 3)
    more = bytes_of_a_lane(LBFGS, shape) - bytes_of_a_lane(ADAM, shape)
    # Ten differences of pictures, ten of gradients, and twelve pictures in the line search.
    assert more == (10 + 10 + 12) * 20 * 16 * 3 * 4


# --- Through the command line -------------------------------------------------------------------


def test_a_grid_over_optimizers_is_a_program_each(command):
    grid = ("optimizer=adam,lbfgs", "tv.gamma=0,1", "pooling=max", "content.reduction=mean")
    with compiled() as programs:
        done = command(*BATCHED, *FOUR_STEPS, *SHALLOW, *grid)
    assert done.returncode == 0, done.stderr
    assert programs.count("advance") == 2
    folders = [command.folder / "sweep" / str(number) for number in range(4)]
    for number, folder in enumerate(folders):
        assert valid_record(folder)["status"] == "finished"
        evaluations = [float(row["evaluations"]) for row in rows(folder)]
        if number < 2:
            assert evaluations == [0, 2, 4]
        else:
            assert evaluations[0] == 0
            assert evaluations[1] >= 3
            assert evaluations[2] >= evaluations[1] + 2
    assert curves(folders)["terms"][:4] == ["content", "style", "tv", "total"]
    assert "evaluations" not in curves(folders)["terms"]


def test_a_grid_over_the_numbers_is_one_program(command):
    grid = ("optimizer.decay=0.1,1", "optimizer.average=0.5,0.9", "optimizer.schedule=cosine")
    with compiled() as programs:
        done = command(*BATCHED, *FOUR_STEPS, *SHALLOW, *grid, "pooling=max")
    assert done.returncode == 0, done.stderr
    assert programs.count("advance") == 1
    results = {
        (command.folder / "sweep" / str(job) / "result.png").read_bytes() for job in range(4)
    }
    assert len(results) == 4


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (("optimizer=lbfgs", "optimizer.b1=0.5"), r"optimizer\.b1=0\.5 is for optimizer=adam"),
        (("optimizer=lbfgs", "optimizer.lr=1"), r"optimizer\.lr=1\.0 is for optimizer=adam"),
        (("optimizer=lbfgs", "optimizer.schedule=cosine"), r"schedule=cosine is for optimizer=ad"),
        (("optimizer.memory=20",), r"optimizer\.memory=20 is for optimizer=lbfgs"),
        (("optimizer=lbfgs", "optimizer.memory=0"), "memory must be a whole .* from 1 to 100, not"),
        (("optimizer.decay=0.5",), r"optimizer\.decay=0\.5 needs optimizer\.schedule=cosine or"),
        (("optimizer.schedule=cosine", "optimizer.decay=0"), "decay must be above 0 and at most 1"),
        (("optimizer.schedule=cosine", "optimizer.decay=1.1"), "at most 1, not 1.1"),
        (("optimizer.average=1",), r"optimizer\.average must be at least 0 and below 1, not 1"),
        (("optimizer.average=nan",), r"optimizer\.average must be .*, not nan"),
    ],
)
def test_what_is_refused(compose: Callable[..., Config], overrides: tuple[str, ...], sentence: str):
    with pytest.raises(Exception, match=sentence) as raised:
        compose(*overrides)
    assert "\n" not in str(raised.value)


def test_the_command_line_refuses_a_key_of_the_other_optimizer_before_anything_runs(command):
    done = command(*BATCHED, *FOUR_STEPS, "optimizer=adam,lbfgs", "optimizer.b1=0.5")
    assert done.returncode == 1
    assert "nst: job 1 (optimizer=lbfgs): optimizer.b1=0.5 is for optimizer=adam" in done.stderr
    assert command.files() == []


def test_runs_that_use_nothing_of_it_keep_the_hash_they_had(
    compose: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
):
    # Convolutions have been computed in another way since then, which is a number of its own.
    monkeypatch.setattr(identity, "NUMERICS", 1)
    prepared = prepare.prepare(compose(*FOUR_STEPS, *SHALLOW))
    sources = {
        key: dataclasses.replace(asset, sha256="0" * 64) for key, asset in prepared.sources.items()
    }
    # Computed before there were scales, regions and presets.
    assert identity.config_hash(prepared.config, "vgg16", sources) == "0e402564a2b7dbda"
