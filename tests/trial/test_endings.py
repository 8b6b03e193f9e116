"""How runs end: targets, budgets, patience, the optimizer itself."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest

import optframe
from optframe import FunctionProblem, Optimizer
from optframe.trial.clock import Clock
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.samplers.shuffled import Shuffled
from optframe_problems.functions.quadratic import Quadratic

EVERY = {"every_steps": 1}


@pytest.mark.parametrize("target", [25.0, 10.0, 4.0, 1.0])
def test_steps_to_a_target_are_exact_whatever_the_checkpoints(target, rosenbrock, descend):
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
        assert found.reason == f"gap {losses[expected]:.6g} reached {target:g}"


def test_a_target_that_is_not_reached_leaves_the_budget():
    found = optframe.minimize("rosenbrock", "sgd:lr=0.001", steps=50, target=1e-9)
    assert found.status == "finished"
    assert found.curve["step"].iloc[-1] == 50


def test_a_number_is_a_distance_to_the_least_loss_where_it_is_known():
    """The least loss of the six-hump camel is -1.03, and its start is far above."""
    found = optframe.minimize("six-hump-camel", "sgd:lr=0.01", steps=2000, target=1e-6)
    least = optframe.make("six-hump-camel").minimum
    assert found.curve["step"].iloc[-1] > 10
    if found.status == "converged":
        assert found.loss - least <= 1e-6


def test_a_minimum_far_away_is_no_divergence():
    far = FunctionProblem(
        loss=lambda theta: (theta[..., 0] - 3e10) ** 2,
        gradient=lambda theta: 2 * (theta - 3e10),
        theta0=[0.0],
        known_minimum=0.0,
    )
    leap = optframe.minimize(far, SGD(lr=0.5), steps=5, target=1e-3)
    assert (leap.status, leap.loss) == ("converged", 0.0)
    assert leap.curve["step"].iloc[-1] == 1
    without = optframe.minimize(far, SGD(lr=0.5), steps=5)
    assert (without.status, without.reason) == ("diverged", "at step 1")


def test_what_is_not_finite_has_reached_nothing():
    """The accuracy is at its target, but the loss is not a number."""

    @dataclass(frozen=True)
    class Blind(Quadratic):
        def metrics(self, theta):
            loss = np.where(theta[..., 0] < 0.95, np.nan, self.loss(theta))
            return {"loss": loss, "accuracy": np.where(theta[..., 0] < 0.95, 1.0, 0.0)}

    target = {"accuracy": 1.0}
    found = optframe.minimize(Blind(size=2), SGD(lr=0.1), steps=5, target=target)
    assert (found.status, found.reason) == ("diverged", "at step 1")


@pytest.mark.parametrize("work", [2.5, 1.0, 0.04])
def test_a_budget_of_work_is_spent_by_answers(work):
    given = {"sampler": "shuffled:batch_size=32", "checkpoints": EVERY}
    found = optframe.minimize("softmax:data=iris", "adam", work=work, **given)
    assert found.status == "finished"
    spent = found.curve["work"].to_numpy()
    assert spent[-2] < work * (1 - 1e-9) <= spent[-1]
    records = len(optframe.make("iris").load().train)
    np.testing.assert_allclose(found.curve["records"] / records, spent)
    if work == 1.0:
        assert found.curve["epoch"].iloc[-1] == 1
    searching = optframe.minimize("rosenbrock", "lbfgs", work=20)
    assert searching.counts.work >= 20 * (1 - 1e-9)
    assert searching.counts.work <= searching.counts.gradients + searching.counts.losses / 3 + 1e-9


def test_a_target_on_an_unknown_metric_says_which_there_are():
    unknown = "rosenbrock does not measure 'accuracy'; expected one of: loss"
    with pytest.raises(optframe.UsageError, match=unknown):
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


def test_the_gradient_norm_of_data_is_that_of_all_data(run_of, squares):
    thetas = [20.0]
    for k in range(1000):
        thetas.append(thetas[-1] - 0.1 * (thetas[-1] - k % 10))
    near = [abs(theta - 4.5) <= 0.5 for theta in thetas]
    tested = next(k for k in range(0, 1001, 7) if near[k])
    first = next(k for k in range(tested - 6, tested + 1) if near[k])
    budget = {"steps": 1000, "gradient_norm": 0.5, "target_every": 7}
    run = run_of(
        squares(), SGD(lr=0.1), budget=budget, sampler=optframe.make("sequential:batch_size=1")
    )
    assert run.status == "converged"
    assert (run.k, run.counts.samples) == (first, first)
    np.testing.assert_allclose(run.theta, thetas[first])
    assert run.window is None


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


def test_a_budget_of_seconds_is_spent_soon_after(monkeypatch):
    readings = count()
    monkeypatch.setattr(f"{Clock.__module__}.perf_counter", lambda: next(readings) * 0.25)
    found = optframe.minimize("rosenbrock", "sgd:lr=0.0001", seconds=50)
    assert found.status == "finished"
    assert 50 <= found.seconds < 52
    assert found.curve["step"].iloc[-1] > 10


def test_whichever_budget_is_spent_first_ends_the_run(squares):
    assert optframe.minimize("rosenbrock", Twice(), steps=7, gradients=100).counts.gradients == 14
    assert optframe.minimize("rosenbrock", Twice(), steps=100, gradients=8).counts.gradients == 8
    found = optframe.minimize(squares(), SGD(), steps=5, epochs=2, sampler=Shuffled(batch_size=4))
    assert found.curve["step"].iloc[-1] == 5


def test_a_budget_is_needed():
    needed = "expected at least one of steps, epochs, gradients, work, seconds"
    with pytest.raises(optframe.UsageError, match=needed):
        optframe.minimize("rosenbrock", "sgd")


@dataclass(frozen=True)
class Resting(Optimizer):
    """Gradient descent that moves at some of its steps only."""

    moves: Callable[[int], bool]

    def init(self, theta, oracle):
        return 0

    def step(self, theta, state, oracle):
        if self.moves(state):
            theta = theta - 0.001 * oracle.gradient(theta)
        return theta, state + 1


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_ends_a_run_after_so_many_checkpoints_without_a_better_loss(patience):
    resting = Resting(lambda k: k < 4)
    found = optframe.minimize(
        "rosenbrock", resting, steps=100, patience=patience, checkpoints=EVERY
    )
    assert found.status == "stopped"
    assert found.reason == f"no better loss in {patience} checkpoints"
    assert found.curve["step"].iloc[-1] == 4 + patience


@pytest.mark.parametrize(("patience", "status"), [(3, "finished"), (2, "stopped")])
def test_a_better_loss_gives_new_patience(patience, status):
    resting = Resting(lambda k: k % 3 == 2)
    found = optframe.minimize("rosenbrock", resting, steps=30, patience=patience, checkpoints=EVERY)
    assert found.status == status


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
def test_an_optimizer_may_stop_the_run_at_the_end_of_its_step(after, descend):
    settings = {"steps": 1000, "checkpoints": 3, "iterates": True}
    found = optframe.minimize("rosenbrock", Stopping(after), **settings)
    assert found.status == "stopped"
    assert found.reason == "I am done"
    assert found.curve["step"].iloc[-1] == after
    np.testing.assert_array_equal(found.theta, descend(after, 0.001)[-1])
    np.testing.assert_array_equal(found.iterates, descend(after, 0.001))
