"""What is refused, and what is left of a run that raises."""

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pytest

import optframe
from optframe import Optimizer, PluginError
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock


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
def test_a_step_that_raises_fails_the_run_and_keeps_what_was_measured(
    what, error, reason, at, descend, run_of
):
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
def test_a_theta_of_another_shape_or_type_is_refused_at_the_first_step(what, found, run_of):
    run = run_of(Rosenbrock(), Misbehaving(what, at=0))
    assert run.status == "failed"
    assert isinstance(run.error, PluginError)
    with pytest.raises(PluginError, match=f"Misbehaving.step returned θ as {found}.*; expected"):
        raise run.error
    assert [row[0] for row in run.rows] == [0]


def test_minimize_raises_what_the_optimizer_raised():
    with pytest.raises(RuntimeError, match="no\nway"):
        optframe.minimize("rosenbrock", Misbehaving(fail), steps=10)


def test_an_interrupt_is_not_a_failure_of_the_optimizer(run_of):
    def interrupt(theta):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_of(Rosenbrock(), Misbehaving(interrupt))


def test_a_step_that_returns_no_pair_fails_the_run(run_of):
    class Forgetful(Misbehaving):
        def step(self, theta, state, oracle):
            return super().step(theta, state, oracle)[0]

    assert run_of(Quadratic(size=3), Forgetful()).status == "failed"


def test_a_precision_that_is_lost_later_is_refused():
    with pytest.raises(PluginError, match="float32"):
        optframe.minimize("rosenbrock", Misbehaving(lambda x: x.astype("float32")), steps=100)


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        ({"cost": 1.0}, "expected a metric named 'loss'"),
        ({"loss": 1.0, "seconds": 2.0}, "seconds, the name of a column"),
    ],
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

    with pytest.raises(PluginError, match=r"the shape \(3,\); expected \(2,\)"):
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
