"""What the loop promises to optimizers."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Optimizer
from optframe.contracts.seeds import Seeds
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.schedules.linear import Linear


def test_a_schedule_leaves_the_optimizer_as_it_was():
    optimizer = SGD(lr=Linear(0.01, 0.05, 5))
    optframe.minimize("quadratic:size=2", optimizer, steps=5)
    assert optimizer.lr == Linear(0.01, 0.05, 5)


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


def test_what_checkpoints_measure_is_the_solution(rosenbrock, descend):
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


def test_a_target_is_met_by_the_solution(rosenbrock, descend):
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


def test_what_an_optimizer_needs_and_a_problem_lacks_is_said_before_the_run(squares):
    @dataclass(frozen=True)
    class Newton(Optimizer):
        needs = frozenset({"gradient", "hessian"})

        def step(self, theta, state, oracle):
            raise AssertionError

    with pytest.raises(optframe.UsageError, match="Newton needs hessian, which Squares does not"):
        optframe.minimize(squares(), Newton(), steps=1, sampler="full")
