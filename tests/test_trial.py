import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from scipy import optimize

import optframe
from optframe import (
    Budget,
    Function,
    Optimizer,
    PluginError,
    Schedule,
    Solver,
    StochasticProblem,
    Study,
    load_plugins,
)
from optframe.contracts import Sampler
from optframe.seeds import SamplerSeeds, Seeds
from optframe.study import Checkpoints
from optframe.trial import Run, Setup
from optframe.trial_runner import TrialRunner
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.samplers.shuffled import Shuffled
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock

EVERY = {"every_steps": 1}


def rosenbrock(theta):
    x, y = theta
    return 100 * (y - x * x) ** 2 + (1 - x) ** 2


def rosenbrock_gradient(theta):
    x, y = theta
    return np.array([-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)])


def descend(steps, lr, start=(-1.2, 1.0)):
    """Gradient descent on Rosenbrock's function, by hand: all iterates."""
    found = [np.array(start)]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            found.append(found[-1] - lr * rosenbrock_gradient(found[-1]))
    return np.array(found)


def run_of(problem, optimizer, start=None, checkpoints=None, sampler=None, seed=0, **budget):
    """A run that keeps its exception instead of raising it, as in a study."""
    run = Run(
        Setup(
            problem=problem,
            backend=NumpyBackend(),
            optimizer=optimizer,
            sampler=sampler,
            budget=Budget(**(budget or {"steps": 10})),
            checkpoints=checkpoints or Checkpoints(every_steps=1),
            seeds=Seeds(seed, 0),
            start=problem.start(np.random.default_rng(0)) if start is None else start,
            dtype="float64",
        )
    )
    run.execute()
    return run


# The curve


def test_a_run_is_the_loop_by_hand_to_the_bit():
    found = optframe.minimize("rosenbrock", "sgd:lr=0.001", steps=300, iterates=True)
    expected = descend(300, 0.001)
    assert found.iterates.shape == (301, 2)
    np.testing.assert_array_equal(found.iterates, expected)
    np.testing.assert_array_equal(found.theta, expected[-1])
    assert found.loss == pytest.approx(rosenbrock(expected[-1]), rel=1e-13)
    assert found.status == "finished"
    assert found.counts.gradients == 300
    assert found.counts.losses == 0


def test_the_untimed_first_step_changes_neither_counts_nor_results():
    """Adam's state, were it shared with that step, would make all others differ."""
    found = optframe.minimize("rosenbrock", "adam:lr=0.1", steps=50, iterates=True)
    theta, m, v = np.array([-1.2, 1.0]), np.zeros(2), np.zeros(2)
    decay1 = decay2 = 1.0
    for k in range(50):
        g = rosenbrock_gradient(theta)
        decay1, decay2 = decay1 * 0.9, decay2 * 0.999
        m = 0.9 * m + (1 - 0.9) * g
        v = 0.999 * v + (1 - 0.999) * g * g
        theta = theta - 0.1 * (m / (1 - decay1)) / (np.sqrt(v / (1 - decay2)) + 1e-8)
        np.testing.assert_allclose(found.iterates[k + 1], theta, rtol=1e-12)
    assert found.counts.gradients == 50


@dataclass(frozen=True)
class InPlace(Optimizer):
    """Momentum that overwrites θ and its state, as it may."""

    def init(self, theta, oracle):
        return 0 * theta

    def step(self, theta, state, oracle):
        g = oracle.gradient(theta)
        state *= 0.5
        state -= 0.001 * g
        theta += state
        return theta, state


def test_an_optimizer_may_overwrite_theta_and_its_state():
    start = np.array([-1.2, 1.0])
    found = optframe.minimize("rosenbrock", InPlace(), steps=30, theta0=start, iterates=True)
    theta, v = np.array([-1.2, 1.0]), np.zeros(2)
    for k in range(30):
        np.testing.assert_array_equal(found.iterates[k], theta)
        v = v * 0.5 - 0.001 * rosenbrock_gradient(theta)
        theta = theta + v
    np.testing.assert_array_equal(found.theta, theta)
    assert start.tolist() == [-1.2, 1.0]
    # To find the step of a divergence, the run is repeated.
    found = optframe.minimize("rosenbrock", InPlace(), steps=30, theta0=[9.0, 1.0], checkpoints=2)
    exact = optframe.minimize("rosenbrock", InPlace(), steps=30, theta0=[9.0, 1.0], checkpoints=30)
    assert found.status == "diverged"
    assert found.reason == exact.reason == f"at step {len(exact.rows) - 1}"


def test_the_curve_has_the_start_the_checkpoints_and_the_end():
    found = optframe.minimize("rosenbrock", "sgd:lr=0.001", steps=100, checkpoints=5)
    assert found.curve["step"].tolist() == [0, 1, 3, 10, 32, 100]
    found = optframe.minimize(
        "rosenbrock", "sgd:lr=0.001", steps=10, checkpoints={"every_steps": 4}
    )
    assert found.curve["step"].tolist() == [0, 4, 8, 10]


def test_each_row_of_the_curve_measures_the_iterate_of_its_step():
    found = optframe.minimize("rosenbrock", "sgd:lr=0.001", steps=200, checkpoints=20)
    iterates = descend(200, 0.001)
    curve = found.curve
    for _, row in curve.iterrows():
        theta = iterates[int(row["step"])]
        assert row["loss"] == pytest.approx(rosenbrock(theta), rel=1e-12)
        assert [row["theta_0"], row["theta_1"]] == theta.tolist()
        assert row["gradients"] == row["step"]
    assert curve["epoch"].isna().all()
    assert (curve["samples"] == 0).all()
    assert curve["seconds"].is_monotonic_increasing
    assert curve["seconds"].iloc[0] == 0 < curve["seconds"].iloc[-1] <= found.seconds


def test_only_small_problems_keep_theta_in_the_curve():
    assert "theta_0" not in optframe.minimize("quadratic:size=3", "sgd", steps=1).curve
    assert "theta_1" not in optframe.minimize("quadratic:size=1", "sgd", steps=1).curve


def test_the_same_run_twice_is_bit_identical():
    def run():
        return optframe.minimize(
            "softmax:data=digits",
            "adam:lr=0.01",
            epochs=1,
            sampler="shuffled:batch_size=100",
            iterates=True,
            seed=3,
        )

    first, second = run(), run()
    np.testing.assert_array_equal(first.iterates, second.iterates)
    columns = [c for c in first.curve.columns if c != "seconds"]
    np.testing.assert_array_equal(first.curve[columns], second.curve[columns])
    other = optframe.minimize(
        "softmax:data=digits", "adam:lr=0.01", epochs=1, sampler="shuffled:batch_size=100", seed=4
    )
    assert not np.array_equal(other.theta, first.theta)


def test_a_given_start_is_used_and_not_modified():
    start = np.array([0.5, 0.5])
    found = optframe.minimize("rosenbrock", "adam:lr=0.1", steps=5, theta0=start, iterates=True)
    assert found.iterates[0].tolist() == [0.5, 0.5]
    assert start.tolist() == [0.5, 0.5]
    with pytest.raises(optframe.UsageError, match=r"theta0 has shape \(3,\); expected \(2,\)"):
        optframe.minimize("rosenbrock", "sgd", steps=1, theta0=np.ones(3))


def test_a_run_in_float32_computes_in_float32():
    found = optframe.minimize("rosenbrock", "adam", steps=3, dtype="float32", iterates=True)
    assert found.theta.dtype == found.iterates.dtype == np.float32


def test_every_backend_runs_the_loop(backend):
    problem = Rosenbrock().bind(
        optframe.Setting(backend, "float64", np.random.SeedSequence(0), None)
    )
    run = Run(
        Setup(
            problem=problem,
            backend=backend,
            optimizer=SGD(lr=0.001),
            sampler=None,
            budget=Budget(steps=20, target=1e-9, gradient_norm=1e-9),
            checkpoints=Checkpoints(),
            seeds=Seeds(0, 0),
            start=[-1.2, 1.0],
            dtype="float64",
            iterates=True,
        )
    )
    run.execute()
    assert run.error is None
    np.testing.assert_allclose(np.array(run.iterates), descend(20, 0.001), rtol=1e-12)


# Data


@dataclass(frozen=True)
class Squares(StochasticProblem):
    """Mean of ½(θ − xᵢ)² over 10 records; what is asked for is kept in ``seen``."""

    noisy: bool = False
    counted: bool = True
    seen: list = field(default_factory=list, compare=False)

    @property
    def deterministic(self):
        return not self.noisy

    @property
    def size(self):
        return 1

    @property
    def records(self):
        return 10 if self.counted else None

    def start(self, random):
        return np.array([20.0])

    def metrics(self, theta):
        return {"loss": self.loss(theta, np.arange(10.0)), "test_accuracy": 1 / (1 + theta[0] ** 2)}

    def draw(self, indices, random):
        batch = np.arange(10.0) if indices is None else np.arange(10.0)[indices]
        shift = 0.0 if random is None else random.standard_normal()
        self.seen.append((batch.tolist(), shift))
        return batch + shift

    def loss(self, theta, batch):
        return 0.5 * np.mean((theta[..., None, 0] - batch) ** 2, axis=-1)

    def gradient(self, theta, batch):
        return theta - batch.mean()


def batches_by_hand(sampler, epochs, seed):
    seeds = SamplerSeeds(Seeds(seed, 0))
    return [np.arange(10.0)[b] for e in range(epochs) for b in sampler.epoch(e, 10, seeds)]


def test_each_step_sees_the_samplers_batch_of_its_epoch():
    sampler = Shuffled(batch_size=4)
    found = optframe.minimize(
        Squares(), SGD(lr=0.1), epochs=3, sampler=sampler, seed=5, iterates=True, checkpoints=EVERY
    )
    theta = np.array([20.0])
    batches = batches_by_hand(sampler, 3, 5)
    assert found.iterates.shape == (10, 1)
    for k, batch in enumerate(batches):
        theta = theta - 0.1 * (theta - batch.mean())
        np.testing.assert_array_equal(found.iterates[k + 1], theta)
    curve = found.curve
    assert curve["samples"].tolist() == [0, 4, 8, 10, 14, 18, 20, 24, 28, 30]
    np.testing.assert_allclose(curve["epoch"], np.arange(10) / 3)
    assert found.counts.samples == 30


@pytest.mark.parametrize(("epochs", "steps"), [(0.5, 2), (1, 3), (1.1, 4), (2, 6)])
def test_a_part_of_an_epoch_is_rounded_up_to_a_step(epochs, steps):
    found = optframe.minimize(Squares(), SGD(), epochs=epochs, sampler=Shuffled(batch_size=4))
    assert found.curve["step"].iloc[-1] == steps
    assert found.status == "finished"


def test_noise_is_another_one_at_each_step_and_the_same_for_the_same_seed():
    def noise(seed, optimizer):
        problem = Squares(noisy=True)
        optframe.minimize(problem, optimizer, steps=6, seed=seed, sampler="full")
        return [shift for _, shift in problem.seen[2:]]  # after the untimed step and init

    shifts = noise(0, SGD())
    assert len(shifts) == 6
    assert len(set(shifts)) == 6
    assert noise(0, Adam()) == shifts
    assert noise(1, SGD()) != shifts


def test_a_problem_with_noise_and_no_data_has_no_epochs():
    problem = Squares(noisy=True, counted=False)
    found = optframe.minimize(problem, SGD(lr=0.1), steps=4)
    assert found.curve["epoch"].isna().all()
    assert found.counts.samples == 0
    with pytest.raises(optframe.UsageError, match="has no data, so epochs mean nothing"):
        optframe.minimize(problem, SGD(), epochs=1)


def test_a_target_on_data_is_tested_every_so_many_steps_and_at_checkpoints():
    sampler = "full"
    losses = [np.mean((4.5 + 15.5 * 0.9**k - np.arange(10)) ** 2) / 2 for k in range(200)]
    reached = next(k for k, loss in enumerate(losses) if loss <= 5.0)
    assert reached % 7
    budget = {"steps": 200, "target": 5.0, "target_every": 7}
    run = run_of(
        Squares(),
        SGD(lr=0.1),
        sampler=optframe.make(sampler),
        checkpoints=Checkpoints(every_steps=200),
        **budget,
    )
    assert run.status == "converged"
    assert run.k == 7 * -(-reached // 7)


def test_a_metric_that_is_better_higher_is_reached_from_below():
    found = optframe.minimize(
        Squares(),
        SGD(lr=0.1),
        steps=100,
        target={"test_accuracy": 0.03},
        sampler="full",
        checkpoints=EVERY,
    )
    accuracy = 1 / (1 + (4.5 + 15.5 * 0.9 ** np.arange(101)) ** 2)
    assert found.status == "converged"
    assert found.curve["step"].iloc[-1] == np.argmax(accuracy >= 0.03)
    assert found.reason.startswith("test_accuracy 0.03")


# How runs end


@pytest.mark.parametrize("target", [10.0, 4.0, 1.0])
def test_steps_to_a_target_are_exact_whatever_the_checkpoints(target):
    losses = [rosenbrock(theta) for theta in descend(3000, 0.001)]
    expected = next(k for k, loss in enumerate(losses) if loss <= target)
    for checkpoints in (3, 60, {"every_steps": 700}):
        found = optframe.minimize(
            "rosenbrock", "sgd:lr=0.001", steps=3000, target=target, checkpoints=checkpoints
        )
        assert found.status == "converged"
        assert found.curve["step"].iloc[-1] == expected
        assert found.loss == pytest.approx(losses[expected], rel=1e-12)
        assert found.counts.gradients == expected
        assert found.counts.losses == 0
        assert found.reason == f"loss {losses[expected]:.6g} reached {target:g}"


def test_a_target_that_the_start_meets_ends_the_run_at_step_zero():
    for optimizer in (SGD(), Reporting()):
        found = optframe.minimize("rosenbrock", optimizer, steps=100, target=25.0)
        assert found.status == "converged"
        assert found.curve["step"].tolist() == [0]
        assert found.counts.gradients == 0


def test_a_target_that_is_not_reached_leaves_the_budget():
    found = optframe.minimize("rosenbrock", "sgd:lr=0.001", steps=50, target=1e-9)
    assert found.status == "finished"
    assert found.curve["step"].iloc[-1] == 50


def test_a_target_on_an_unknown_metric_says_which_there_are():
    with pytest.raises(PluginError, match="Rosenbrock measures no 'accuracy'; it measures loss"):
        optframe.minimize("rosenbrock", "sgd", steps=5, target={"accuracy": 0.9})


def test_gradient_norm_ends_a_run_at_the_first_step_that_is_below():
    eigenvalues = np.geomspace(1, 10, 3)
    norms = [np.linalg.norm(eigenvalues * (1 - 0.05 * eigenvalues) ** k) for k in range(400)]
    expected = next(k for k, norm in enumerate(norms) if norm <= 1e-3)
    found = optframe.minimize(
        Quadratic(size=3, condition=10.0), SGD(lr=0.05), steps=400, gradient_norm=1e-3
    )
    assert found.status == "converged"
    assert found.curve["step"].iloc[-1] == expected
    assert found.counts.gradients == expected
    assert found.reason == f"gradient norm {norms[expected]:.6g} reached 0.001"


def test_the_gradient_norm_of_data_is_that_of_all_data():
    found = optframe.minimize(
        Squares(),
        SGD(lr=0.1),
        steps=1000,
        gradient_norm=0.5,
        sampler="sequential:batch_size=1",
        checkpoints=EVERY,
    )
    assert found.status == "converged"
    assert abs(found.theta[0] - 4.5) <= 0.5
    assert found.curve["samples"].iloc[-1] == found.curve["step"].iloc[-1]


@dataclass(frozen=True)
class Twice(Optimizer):
    """Asks for two gradients per step."""

    lr: float = 0.001

    def step(self, theta, state, oracle):
        oracle.gradient(theta)
        return theta - self.lr * oracle.gradient(theta), state


@pytest.mark.parametrize(("gradients", "steps"), [(10, 5), (11, 6), (1, 1)])
def test_a_budget_of_gradients_is_spent_at_the_step_that_reaches_it(gradients, steps):
    for checkpoints in (2, 60):
        found = optframe.minimize(
            "rosenbrock", Twice(), gradients=gradients, checkpoints=checkpoints
        )
        assert found.status == "finished"
        assert found.curve["step"].iloc[-1] == steps
        assert found.counts.gradients == 2 * steps


@dataclass(frozen=True)
class Sweeping(Optimizer):
    """Descends along one coordinate per step."""

    needs = frozenset({"partial"})

    def init(self, theta, oracle):
        return 0

    def step(self, theta, state, oracle):
        theta = theta.copy()
        theta[state % len(theta)] -= 0.1 * oracle.partial(theta, state % len(theta))
        return theta, state + 1


def test_ten_partials_of_ten_parameters_spend_a_budget_of_one_gradient():
    found = optframe.minimize(Quadratic(size=10, condition=2.0), Sweeping(), gradients=3)
    assert found.curve["step"].iloc[-1] == 30
    assert found.counts.gradients == 3


def test_a_budget_of_seconds_is_spent_soon_after():
    found = optframe.minimize("rosenbrock", "sgd:lr=0.0001", seconds=0.05)
    assert found.status == "finished"
    assert 0.05 <= found.seconds < 2
    assert found.curve["step"].iloc[-1] > 10


def test_whichever_budget_is_spent_first_ends_the_run():
    assert optframe.minimize("rosenbrock", Twice(), steps=7, gradients=100).counts.gradients == 14
    assert optframe.minimize("rosenbrock", Twice(), steps=100, gradients=8).counts.gradients == 8
    found = optframe.minimize(Squares(), SGD(), steps=5, epochs=2, sampler=Shuffled(batch_size=4))
    assert found.curve["step"].iloc[-1] == 5


def test_a_budget_is_needed():
    with pytest.raises(optframe.UsageError, match="expected steps, epochs, gradients or seconds"):
        optframe.minimize("rosenbrock", "sgd")


@dataclass(frozen=True)
class Resting(Optimizer):
    """Gradient descent that rests after so many steps."""

    moving: int = 4

    def init(self, theta, oracle):
        return 0

    def step(self, theta, state, oracle):
        if state < self.moving:
            theta = theta - 0.001 * oracle.gradient(theta)
        return theta, state + 1


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_ends_a_run_after_so_many_checkpoints_without_a_better_loss(patience):
    found = optframe.minimize(
        "rosenbrock", Resting(), steps=100, patience=patience, checkpoints=EVERY
    )
    assert found.status == "stopped"
    assert found.reason == f"no better loss in {patience} checkpoints"
    assert found.curve["step"].iloc[-1] == 4 + patience


def test_a_better_loss_gives_new_patience():
    @dataclass(frozen=True)
    class Halting(Optimizer):
        """Moves at every third step only."""

        def init(self, theta, oracle):
            return 0

        def step(self, theta, state, oracle):
            if state % 3 == 2:
                theta = theta - 0.001 * oracle.gradient(theta)
            return theta, state + 1

    run = {"steps": 30, "checkpoints": EVERY}
    assert optframe.minimize("rosenbrock", Halting(), patience=3, **run).status == "finished"
    assert optframe.minimize("rosenbrock", Halting(), patience=2, **run).status == "stopped"


@dataclass(frozen=True)
class Stopping(Optimizer):
    """Stops the run after so many steps."""

    after: int = 13

    def init(self, theta, oracle):
        return 0

    def step(self, theta, state, oracle):
        if state + 1 == self.after:
            oracle.stop("I am done")
        return theta - 0.001 * oracle.gradient(theta), state + 1


@pytest.mark.parametrize("after", [1, 13])
def test_an_optimizer_may_stop_the_run_at_the_end_of_its_step(after):
    found = optframe.minimize("rosenbrock", Stopping(after), steps=1000, checkpoints=3)
    assert found.status == "stopped"
    assert found.reason == "I am done"
    assert found.curve["step"].iloc[-1] == after
    np.testing.assert_array_equal(found.theta, descend(after, 0.001)[-1])


# Divergence


@pytest.mark.parametrize("lr", [0.02, 1.0])
@pytest.mark.parametrize("checkpoints", [2, 20, {"every_steps": 1}])
@pytest.mark.parametrize("target", [None, 1e-30])
def test_divergence_is_found_at_the_step_where_it_happened(lr, checkpoints, target):
    found = optframe.minimize(
        "rosenbrock", f"sgd:lr={lr}", steps=500, checkpoints=checkpoints, target=target
    )
    expected = None
    with np.errstate(all="ignore"):
        for k, theta in enumerate(descend(500, lr)):
            norm = np.sqrt(np.sum(theta * theta))
            if not (np.isfinite(rosenbrock(theta)) and norm <= 1e10 * np.hypot(1.2, 1)):
                expected = k
                break
    assert found.status == "diverged"
    assert found.reason == f"at step {expected}"
    last = found.curve.iloc[-1]
    assert last["step"] >= expected
    if checkpoints == {"every_steps": 1} or target is not None:
        assert last["step"] == expected


@pytest.mark.parametrize("checkpoints", [2, 60, {"every_steps": 1}])
def test_slow_divergence_is_found_at_the_step_where_theta_passed_the_limit(checkpoints):
    """|θ_k| = 1.02^k, against 1e10 times max(1, |θ₀|)."""
    found = optframe.minimize(
        "quadratic:size=1", "sgd:lr=2.02", steps=2000, checkpoints=checkpoints
    )
    assert found.status == "diverged"
    assert found.reason == f"at step {np.ceil(10 * np.log(10) / np.log(1.02)):.0f}"


def test_what_diverged_is_kept_as_it_was():
    found = optframe.minimize(
        "rosenbrock", "sgd:lr=1.0", steps=100, checkpoints=EVERY, iterates=True
    )
    expected = descend(100, 1.0)
    steps = found.curve["step"].astype(int)
    np.testing.assert_array_equal(found.iterates, expected[: steps.iloc[-1] + 1])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(
            found.curve["loss"], [rosenbrock(expected[k]) for k in steps], rtol=1e-12
        )


def test_a_run_far_away_has_diverged_though_its_loss_is_finite():
    @dataclass(frozen=True)
    class Runaway(Optimizer):
        def step(self, theta, state, oracle):
            return 10 * theta, state

    @dataclass(frozen=True)
    class Flat(Function):
        @property
        def size(self):
            return 3

        def start(self, random):
            return np.full(3, 100.0)

        def loss(self, theta):
            return 1.0

        def gradient(self, theta):
            return 0 * theta

    found = optframe.minimize(Flat(), Runaway(), steps=50, checkpoints=3)
    # |θ₀| = 173; the limit is 1e10 times that, which is passed at step 11.
    assert found.status == "diverged"
    assert found.reason == "at step 11"
    assert optframe.minimize(Flat(), Runaway(), steps=10).status == "finished"


def test_a_start_that_is_no_number_has_diverged_at_step_zero():
    found = optframe.minimize("rosenbrock", "sgd", steps=5, theta0=[np.nan, 1.0])
    assert found.status == "diverged"
    assert found.reason == "at step 0"
    assert len(found.rows) == 1


def test_divergence_under_noise_schedules_and_state_is_found_at_the_exact_step():
    def run(checkpoints):
        return optframe.minimize(
            Squares(noisy=True),
            Momentum(lr=Rising(), momentum=0.9),
            steps=1000,
            sampler=Shuffled(batch_size=3),
            checkpoints=checkpoints,
        )

    exact, rough = run(EVERY), run(2)
    assert exact.status == rough.status == "diverged"
    assert exact.reason == rough.reason == f"at step {len(exact.rows) - 1}"


@dataclass(frozen=True)
class Rising(Schedule):
    def __call__(self, k, epoch, progress):
        return 0.01 * (k + 1)


# Failures


@dataclass(frozen=True)
class Misbehaving(Optimizer):
    """Does something wrong at one of its steps; counts them in its state."""

    what: Any = None
    at: int = 3

    def init(self, theta, oracle):
        return 0

    def step(self, theta, state, oracle):
        theta = theta - 0.001 * oracle.gradient(theta)
        if state == self.at:
            return self.what(theta), state + 1
        return theta, state + 1


def fail(theta):
    raise RuntimeError("no\nway")


@pytest.mark.parametrize(
    ("what", "error", "reason"),
    [
        (fail, RuntimeError, "RuntimeError: no way"),
        (lambda theta: sys.exit("enough"), SystemExit, "SystemExit: enough"),
        (lambda theta: 1 / 0, ZeroDivisionError, "ZeroDivisionError: division by zero"),
        (lambda theta: next(iter(())), StopIteration, "StopIteration:"),
    ],
)
@pytest.mark.parametrize("at", [0, 3])
def test_a_step_that_raises_fails_the_run_and_keeps_what_was_measured(what, error, reason, at):
    run = run_of(Rosenbrock(), Misbehaving(what, at))
    assert run.status == "failed"
    assert isinstance(run.error, error)
    assert run.reason == reason
    assert [row[0] for row in run.rows] == list(range(at + 1))
    assert run.k == at
    np.testing.assert_array_equal(run.theta, descend(10, 0.001)[at])


@pytest.mark.parametrize(
    ("what", "found"),
    [
        (lambda theta: theta[:1], r"float64 \(1,\)"),
        (lambda theta: theta[None], r"float64 \(1, 2\)"),
        (lambda theta: theta.astype(np.float32), r"float32 \(2,\)"),
        (lambda theta: None, "NoneType"),
        (lambda theta: [1.0, 2.0], "list"),
        (lambda theta: 1.0, "float"),
    ],
)
def test_a_theta_of_another_shape_or_type_is_refused_at_the_first_step(what, found):
    run = run_of(Rosenbrock(), Misbehaving(what, at=0))
    assert run.status == "failed"
    assert isinstance(run.error, PluginError)
    with pytest.raises(PluginError, match=f"Misbehaving.step returned θ as {found}.*; expected"):
        raise run.error
    assert [row[0] for row in run.rows] == [0]


def test_minimize_raises_what_the_optimizer_raised():
    with pytest.raises(RuntimeError, match="no\nway"):
        optframe.minimize("rosenbrock", Misbehaving(fail), steps=10)


def test_an_interrupt_is_not_a_failure_of_the_optimizer():
    def interrupt(theta):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_of(Rosenbrock(), Misbehaving(interrupt))


def test_a_step_that_returns_no_pair_fails_the_run():
    @dataclass(frozen=True)
    class Forgetful(Optimizer):
        def step(self, theta, state, oracle):
            return theta - 0.001 * oracle.gradient(theta)

    problem = Quadratic(size=3)
    assert run_of(problem, Forgetful()).status == "failed"


@dataclass(frozen=True)
class Unmeasurable(Function):
    @property
    def size(self):
        return 3

    def start(self, random):
        return np.ones(3)

    def loss(self, theta):
        raise RuntimeError("no loss today")

    def gradient(self, theta):
        return theta


def record_of(problem, optimizer, **settings):
    """What a study keeps of its only trial."""
    registry = load_plugins()
    study = Study(
        name="one", budget={"steps": 10}, optimizers=[optimizer], problems=[problem], **settings
    )
    [trial] = study.trials(registry)
    (record,) = TrialRunner(registry)([trial])
    return record


def test_a_record_of_a_failed_trial_has_its_traceback_and_its_curve():
    record = record_of(Rosenbrock(), Misbehaving(fail))
    assert record.status == "failed"
    assert record.reason == "RuntimeError: no way"
    assert "in fail" in record.traceback
    assert "RuntimeError: no" in record.traceback
    assert record.curve.shape == (4, len(record.columns))
    assert record.last("step") == 3
    assert record.last("gradients") == 3


def test_a_record_of_a_trial_that_cannot_be_measured_has_an_empty_curve():
    record = record_of(Unmeasurable(), SGD())
    assert record.status == "failed"
    assert record.reason == "RuntimeError: no loss today"
    assert record.curve.shape == (0, len(record.columns))
    assert record.last("loss") is None


def test_a_trial_whose_objects_cannot_be_made_is_a_failed_record():
    @dataclass(frozen=True)
    class Homeless(Quadratic):
        def start(self, random):
            sys.exit("nowhere to start")

    record = record_of(Homeless(), SGD())
    assert record.status == "failed"
    assert record.reason == "SystemExit: nowhere to start"
    assert "nowhere to start" in record.traceback


def test_a_record_says_what_was_run():
    record = record_of(Rosenbrock(), Adam(lr=0.01))
    assert record.status == "finished"
    assert record.traceback is None
    assert record.size == 2
    assert record.minimum == 0
    assert record.state_bytes == 2 * 2 * 8
    assert record.derived_seed == Seeds(0, 0).derived()
    assert record.seconds > 0
    assert record.compile_seconds > 0
    assert record.metrics == ("loss",)
    assert record.landscape is not None
    found = optframe.minimize(Rosenbrock(), Adam(lr=0.01), steps=10)
    np.testing.assert_array_equal(record.curve[:, 8:], found.rows[:, 8:])
    assert record.last("loss") == found.loss


def test_a_larger_problems_record_has_no_landscape():
    assert record_of(Quadratic(size=3), SGD()).landscape is None


# What the loop promises to optimizers


def test_a_schedule_leaves_the_optimizer_as_it_was():
    optimizer = SGD(lr=Rising())
    optframe.minimize("quadratic:size=2", optimizer, steps=5)
    assert optimizer.lr == Rising()


@dataclass(frozen=True)
class Averaging(Optimizer):
    """Gradient descent whose solution is the mean of its iterates (Polyak's average)."""

    def init(self, theta, oracle):
        return [0 * theta, 0]

    def step(self, theta, state, oracle):
        theta = theta - 0.001 * oracle.gradient(theta)
        return theta, [state[0] + theta, state[1] + 1]

    def solution(self, theta, state):
        return state[0] / state[1]


def test_what_checkpoints_measure_is_the_solution():
    found = optframe.minimize(
        "rosenbrock", Averaging(), steps=30, checkpoints={"every_steps": 10}, iterates=True
    )
    iterates = descend(30, 0.001)
    np.testing.assert_array_equal(found.iterates, iterates)
    for row, k in zip(found.curve.to_dict("records"), (0, 10, 20, 30), strict=True):
        mean = iterates[1 : k + 1].mean(axis=0) if k else iterates[0]
        np.testing.assert_allclose([row["theta_0"], row["theta_1"]], mean, rtol=1e-13)
        assert row["loss"] == pytest.approx(rosenbrock(mean), rel=1e-12)
    np.testing.assert_allclose(found.theta, iterates[1:].mean(axis=0), rtol=1e-13)
    assert found.loss == found.curve["loss"].iloc[-1]


def test_a_target_is_met_by_the_solution():
    iterates = descend(3000, 0.001)
    means = np.cumsum(iterates[1:], axis=0) / np.arange(1, 3001)[:, None]
    losses = [rosenbrock(mean) for mean in means]
    expected = 1 + next(k for k, loss in enumerate(losses) if loss <= 4.0)
    found = optframe.minimize("rosenbrock", Averaging(), steps=3000, target=4.0)
    assert found.curve["step"].iloc[-1] == expected


@dataclass(frozen=True)
class Wandering(Optimizer):
    """Moves by the oracle's random numbers alone."""

    needs = frozenset()
    random = True

    def step(self, theta, state, oracle):
        return theta + 0.01 * oracle.random.standard_normal(theta.shape), state


def test_the_optimizers_own_draws_are_new_at_each_step_and_follow_the_seed():
    first = optframe.minimize("rosenbrock", Wandering(), steps=20, iterates=True)
    second = optframe.minimize("rosenbrock", Wandering(), steps=20, iterates=True)
    other = optframe.minimize("rosenbrock", Wandering(), steps=20, iterates=True, seed=1)
    np.testing.assert_array_equal(first.iterates, second.iterates)
    moves = np.diff(first.iterates, axis=0)
    assert len({tuple(move) for move in moves}) == 20
    assert not np.isclose(moves, np.diff(other.iterates, axis=0)).any()
    expected = Seeds(0, 0).generator("optimizer", 7).standard_normal(2)
    np.testing.assert_allclose(moves[7], 0.01 * expected, rtol=1e-12)


def test_what_an_optimizer_needs_and_a_problem_lacks_is_said_before_the_run():
    @dataclass(frozen=True)
    class Newton(Optimizer):
        needs = frozenset({"gradient", "hessian"})

        def step(self, theta, state, oracle):
            raise AssertionError

    with pytest.raises(optframe.UsageError, match="Newton needs hessian, which Squares does not"):
        optframe.minimize(Squares(), Newton(), steps=1, sampler="full")


# Solvers


@dataclass(frozen=True)
class Reporting(Solver):
    """Gradient descent that owns its loop, and ends when it is told to."""

    lr: float = 0.001
    own_end: int = 10**9

    def minimize(self, theta, oracle, report):
        for _ in range(self.own_end):
            theta = theta - self.lr * oracle.gradient(theta)
            if not report(theta):
                break
        return theta


@dataclass(frozen=True)
class Raising(Reporting):
    """The same, ended by an exception."""

    def minimize(self, theta, oracle, report):
        def checked(theta):
            if not report(theta):
                raise StopIteration
            return True

        return super().minimize(theta, oracle, checked)


@pytest.mark.parametrize("solver", [Reporting(), Raising()])
def test_a_solver_is_measured_and_counted_as_an_optimizer_is(solver):
    for settings in (
        {"steps": 100, "checkpoints": 5},
        {"steps": 100, "checkpoints": {"every_steps": 7}},
        {"steps": 3000, "target": 4.0},
        {"gradients": 37},
    ):
        found = optframe.minimize("rosenbrock", solver, iterates=True, **settings)
        expected = optframe.minimize("rosenbrock", SGD(lr=0.001), iterates=True, **settings)
        assert found.status == expected.status
        assert found.counts == expected.counts
        np.testing.assert_array_equal(found.iterates, expected.iterates)
        np.testing.assert_array_equal(found.theta, expected.theta)
        columns = [c for c in found.curve.columns if c != "seconds"]
        np.testing.assert_array_equal(found.curve[columns], expected.curve[columns])


def test_a_solver_that_ends_by_itself_has_stopped():
    found = optframe.minimize("rosenbrock", Reporting(own_end=5), steps=100, checkpoints=3)
    assert found.status == "stopped"
    assert found.reason == "the solver ended by itself"
    assert found.curve["step"].iloc[-1] == 5
    assert found.loss == pytest.approx(rosenbrock(descend(5, 0.001)[-1]))


def test_a_solver_that_ends_at_a_checkpoint_is_measured_there_once():
    found = optframe.minimize("rosenbrock", Reporting(own_end=5), steps=100, checkpoints=EVERY)
    assert found.curve["step"].tolist() == [0, 1, 2, 3, 4, 5]


def test_a_solver_sees_the_batch_of_each_step():
    settings = {"epochs": 2, "sampler": Shuffled(batch_size=4), "checkpoints": EVERY}
    found = optframe.minimize(Squares(), Reporting(lr=0.1), iterates=True, **settings)
    expected = optframe.minimize(Squares(), SGD(lr=0.1), iterates=True, **settings)
    np.testing.assert_array_equal(found.iterates, expected.iterates)
    np.testing.assert_array_equal(found.curve["samples"], expected.curve["samples"])


def test_a_solvers_samples_are_those_of_its_steps():
    settings = {"epochs": 2, "sampler": Shuffled(batch_size=4)}
    found = optframe.minimize(Squares(), Reporting(lr=0.1), **settings)
    assert found.counts.samples == found.curve["samples"].iloc[-1] == 20


def test_a_solver_may_use_one_buffer_for_all_its_iterates():
    @dataclass(frozen=True)
    class Buffered(Solver):
        def minimize(self, theta, oracle, report):
            buffer = theta.copy()
            while True:
                buffer -= 0.001 * oracle.gradient(buffer)
                going = report(buffer)
                if not going:
                    buffer[:] = 999
                    raise StopIteration

    found = optframe.minimize("rosenbrock", Buffered(), steps=10)
    np.testing.assert_array_equal(found.theta, descend(10, 0.001)[-1])


def test_a_solvers_own_draws_are_new_at_each_step():
    @dataclass(frozen=True)
    class Searching(Solver):
        needs = frozenset()

        def minimize(self, theta, oracle, report):
            while report(theta + 0.01 * oracle.random.standard_normal(theta.shape)):
                pass
            return theta

    found = optframe.minimize("rosenbrock", Searching(), steps=8, iterates=True)
    moves = found.iterates[1:] - found.iterates[0]
    expected = [Seeds(0, 0).generator("optimizer", k).standard_normal(2) for k in range(8)]
    np.testing.assert_allclose(moves, 0.01 * np.array(expected), rtol=1e-12)


@dataclass(frozen=True)
class Scipy(Solver):
    """scipy.optimize.minimize."""

    needs = frozenset({"loss_and_gradient"})
    method: str = "BFGS"

    def minimize(self, theta, oracle, report):
        def function(x):
            loss, gradient = oracle.loss_and_gradient(x)
            return float(loss), gradient

        def callback(intermediate_result):
            if not report(intermediate_result.x):
                raise StopIteration

        return optimize.minimize(function, theta, jac=True, method=self.method, callback=callback).x


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG"])
def test_scipys_minimizer_gets_counts_and_a_curve(method):
    path = []

    def callback(intermediate_result):
        path.append(intermediate_result.x.copy())

    alone = optimize.minimize(
        lambda x: (rosenbrock(x), rosenbrock_gradient(x)),
        [-1.2, 1.0],
        jac=True,
        method=method,
        callback=callback,
    )
    found = optframe.minimize("rosenbrock", Scipy(method), steps=1000, iterates=True)
    assert found.status == "stopped"
    assert found.counts.gradients == found.counts.losses == alone.nfev
    np.testing.assert_allclose(found.iterates[1:], path, rtol=1e-6)
    np.testing.assert_allclose(found.theta, alone.x, rtol=1e-6)
    assert found.curve["step"].iloc[-1] == len(path)
    losses = [rosenbrock(theta) for theta in found.iterates]
    steps = found.curve["step"].astype(int)
    np.testing.assert_allclose(found.curve["loss"], np.array(losses)[steps], rtol=1e-9)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG"])
def test_scipys_minimizer_ends_when_the_budget_is_spent(method):
    found = optframe.minimize("rosenbrock", Scipy(method), steps=5, iterates=True)
    assert found.status == "finished"
    assert found.iterates.shape == (6, 2)
    assert found.curve["step"].iloc[-1] == 5
    np.testing.assert_array_equal(found.theta, found.iterates[-1])
    found = optframe.minimize("rosenbrock", Scipy(method), steps=1000, target=1e-3)
    assert found.status == "converged"
    assert found.loss <= 1e-3 < found.curve["loss"].iloc[-2]


def test_a_solver_that_raises_fails_with_what_was_measured():
    @dataclass(frozen=True)
    class Broken(Solver):
        def minimize(self, theta, oracle, report):
            report(theta)
            report(theta)
            raise RuntimeError("no way")

    run = run_of(Rosenbrock(), Broken(), steps=10)
    assert run.status == "failed"
    assert run.reason == "RuntimeError: no way"
    assert [row[0] for row in run.rows] == [0, 1, 2]


def test_a_solver_that_diverges_is_found_at_the_report():
    found = optframe.minimize("rosenbrock", Reporting(lr=1.0), steps=100, checkpoints=EVERY)
    assert found.status == "diverged"
    assert found.reason == f"at step {len(found.rows) - 1}"


def test_a_target_on_an_accuracy_is_reached_from_below():
    settings = {"sampler": "full", "steps": 50, "checkpoints": EVERY}
    found = optframe.minimize("softmax", "sgd:lr=1", target={"test_accuracy": 0.8}, **settings)
    assert found.status == "converged"
    assert (found.curve["test_accuracy"].iloc[:-1] < 0.8).all()
    assert found.curve["test_accuracy"].iloc[-1] >= 0.8


def test_epochs_are_whole_numbers_of_steps_in_spite_of_rounding():
    found = optframe.minimize(
        Squares(), SGD(lr=0.1), epochs=2.2, sampler=Shuffled(batch_size=2), checkpoints=EVERY
    )
    assert found.curve["step"].iloc[-1] == 11  # 2.2 * 5 is 11.000000000000002


def test_a_solver_that_ends_with_stop_iteration_is_measured_where_it_got_to():
    @dataclass(frozen=True)
    class Leaving(Solver):
        def minimize(self, theta, oracle, report):
            for _ in range(3):
                theta = theta - 0.001 * oracle.gradient(theta)
                report(theta)
            raise StopIteration

    found = optframe.minimize("rosenbrock", Leaving(), steps=100)
    np.testing.assert_array_equal(found.theta, descend(3, 0.001)[-1])
    assert (found.status, found.curve["step"].iloc[-1]) == ("stopped", 3)


def test_iterates_hold_the_step_at_which_the_optimizer_stopped():
    @dataclass(frozen=True)
    class Stopping(Optimizer):
        def step(self, theta, state, oracle):
            if oracle.step == 5:
                oracle.stop("enough")
            return theta - 0.001 * oracle.gradient(theta), state

    found = optframe.minimize("rosenbrock", Stopping(), steps=100, iterates=True)
    assert found.iterates.shape == (7, 2)


def test_a_precision_that_is_lost_later_is_refused():
    @dataclass(frozen=True)
    class Drifting(Optimizer):
        def step(self, theta, state, oracle):
            return theta.astype("float32" if oracle.step > 3 else "float64"), state

    with pytest.raises(PluginError, match="float32"):
        optframe.minimize("rosenbrock", Drifting(), steps=100)


@pytest.mark.parametrize(
    ("measured", "message"),
    [({"cost": 1.0}, "expected a loss"), ({"loss": 1.0, "seconds": 2.0}, "seconds is taken")],
)
def test_metrics_without_a_loss_or_with_a_taken_name_are_refused(measured, message):
    @dataclass(frozen=True)
    class Odd(Rosenbrock):
        def metrics(self, theta):
            return measured

    with pytest.raises(PluginError, match=message):
        optframe.minimize(Odd(), "sgd", steps=1)


def test_a_start_of_another_size_is_refused():
    @dataclass(frozen=True)
    class Longer(Rosenbrock):
        def start(self, random):
            return [0.0, 0.0, 0.0]

    with pytest.raises(PluginError, match=r"starts with shape \(3,\); expected \(2,\)"):
        optframe.minimize(Longer(), "sgd", steps=1)


def test_writing_to_a_problems_constant_fails_instead_of_changing_other_runs():
    @dataclass(frozen=True)
    class Plane(Rosenbrock):
        def loss(self, theta):
            return theta[..., 0]

        @cached_property
        def slope(self):
            return self.asarray([1.0, 0.0])

        def gradient(self, theta):
            return self.slope

    @dataclass(frozen=True)
    class Careless(Optimizer):
        def step(self, theta, state, oracle):
            g = oracle.gradient(theta)
            g *= 0.1
            return theta - g, state

    with pytest.raises(ValueError, match="read-only"):
        optframe.minimize(Plane(), Careless(), steps=1)


@pytest.mark.parametrize(
    ("promised", "batches", "message"),
    [
        (3, [slice(0, 5)], "epoch returned 1 minibatches; expected 3"),
        (0, [], "is 0; expected at least 1"),
    ],
)
def test_a_sampler_that_does_not_keep_its_number_of_minibatches_is_refused(
    promised, batches, message
):
    @dataclass(frozen=True)
    class Short(Sampler):
        def steps_per_epoch(self, records):
            return promised

        def epoch(self, epoch, records, seeds):
            return batches

    with pytest.raises(PluginError, match=message):
        optframe.minimize(Squares(), SGD(lr=0.1), steps=5, sampler=Short())
