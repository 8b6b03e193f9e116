"""Runs with validation metrics: their patience, and values that are no finite numbers."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe.contracts.trial import Budget
from optframe.trial.termination import Termination
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.sgd import SGD
from optframe_problems.functions.rosenbrock import Rosenbrock

EVERY = {"every_steps": 1}
NO_NUMBERS = [np.nan, np.inf, -np.inf]


@dataclass(frozen=True)
class Validated(optframe.StochasticProblem):
    """Mean of ½(θ − i)² over 10 records; the validation records are best at ``optimum``.

    By gradient descent with lr = 0.1, θ_k = 4.5 + 15.5·0.9^k. Above ``first`` and below ``then``,
    both metrics of the validation records are ``value``.
    """

    optimum: float = 10.0
    value: float = np.nan
    first: float = np.inf
    then: float = -np.inf

    size = 1
    records = 10

    def start(self, random):
        return np.array([20.0])

    def draw(self, indices, random):
        return np.arange(10.0)[indices]

    def loss(self, theta, batch):
        return 0.5 * np.mean((theta[..., None, 0] - batch) ** 2, axis=-1)

    def gradient(self, theta, batch):
        return theta - batch.mean()

    def metrics(self, theta):
        away = (theta[..., 0] - self.optimum) ** 2
        known = (theta[..., 0] <= self.first) & (theta[..., 0] >= self.then)
        return {
            "loss": self.loss(theta, np.arange(10.0)),
            "validation_loss": np.where(known, away, self.value)[()],
            "validation_accuracy": np.where(known, 1 / (1 + away), self.value)[()],
        }


def run(problem, **given):
    return optframe.minimize(
        problem, SGD(lr=0.1), steps=60, sampler="full", checkpoints=EVERY, **given
    )


def path():
    return 4.5 + 15.5 * 0.9 ** np.arange(61)


def test_patience_waits_for_the_validation_loss_while_the_loss_still_falls():
    found = run(Validated(), patience=4)
    best = int(np.argmin((path() - 10) ** 2))
    assert found.status == "stopped"
    assert found.reason == "no better loss in 4 checkpoints"
    assert found.curve["step"].iloc[-1] == best + 4
    assert found.curve["loss"].is_monotonic_decreasing


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_patience_goes_on_after_values_that_are_no_numbers(value):
    """The first five values are none, so that five checkpoints have no better one."""
    best = int(np.argmin((path() - 10) ** 2))
    problem = Validated(value=value, first=path()[5] + 1e-9)
    assert run(problem, patience=6).curve["step"].iloc[-1] == best + 6
    assert run(problem, patience=5).curve["step"].iloc[-1] == 4


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("target", [{"validation_loss": 9.0}, {"validation_accuracy": 0.1}])
def test_a_value_that_is_no_number_reaches_no_target(value, target):
    found = run(Validated(4.5, value, first=-np.inf), target=target)
    assert found.status == "finished"
    assert len(found.curve) == 61
    reached = run(Validated(4.5, value, first=12.0), target=target)
    first = int(np.argmax((path() - 4.5) ** 2 <= 9.0))
    assert (reached.status, reached.curve["step"].iloc[-1]) == ("converged", first)


def test_in_a_batch_only_numbers_reach_targets():
    losses = np.array([1.0, 1, 1, 1, np.nan])
    values = np.array([np.nan, -np.inf, np.inf, 0.5, 0.5])
    budget = {"steps": 9, "target": {"validation_loss": 2.0}}
    judge = Termination(Rosenbrock(), Budget(**budget), NumpyBackend(), np.full(5, 1e10))
    met = judge.met({"loss": losses, "validation_loss": values})
    assert met.tolist() == [False, False, False, True, False]
    budget["target"] = {"validation_accuracy": 0.2}
    judge = Termination(Rosenbrock(), Budget(**budget), NumpyBackend(), np.full(5, 1e10))
    met = judge.met({"loss": losses, "validation_accuracy": values})
    assert met.tolist() == [False, False, False, True, False]
    alone = [
        judge.met({"loss": loss, "validation_accuracy": value})
        for loss, value in zip(losses.tolist(), values.tolist(), strict=True)
    ]
    assert alone == met.tolist()


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_curve_keeps_what_was_measured(value):
    found = run(Validated(value=value, then=12.0))
    assert not np.isfinite(found.curve["validation_loss"].iloc[-1])
    assert found.curve["loss"].is_monotonic_decreasing
    values = found.curve["validation_loss"][np.isfinite(found.curve["validation_loss"])]
    known = (path() - 10) ** 2
    assert values.to_numpy() == pytest.approx(known[path() >= 12.0])
