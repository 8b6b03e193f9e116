"""What a search returns, on functions of one variable."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import optframe
from optframe import Function, Oracle, Point
from optframe.contracts.oracle import Counts
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.searches.armijo import Armijo
from optframe_plugins.searches.exact import Exact
from optframe_plugins.searches.strong_wolfe import StrongWolfe


@dataclass(frozen=True)
class Line(Function):
    """φ and φ' as functions of the one parameter."""

    value: Any = None
    slope: Any = None
    size = 1

    def start(self, random):
        return [0.0]

    def loss(self, theta):
        return self.value(theta[0])

    def gradient(self, theta):
        return np.array([self.slope(theta[0])])

    def hvp(self, theta, v):
        return np.array([(self.slope(theta[0] + 1e-6) - self.slope(theta[0] - 1e-6)) / 2e-6]) * v


def oracle_of(problem):
    return Oracle(problem, NumpyBackend(), Counts(), np.random.default_rng)


def searched(search, line, first, direction=1.0):
    """The point found from 0, its t, and the oracle."""
    oracle = oracle_of(line)
    start = Point(np.zeros(1), float(line.value(0.0)), np.array([line.slope(0.0)]))
    slope = float(line.slope(0.0)) * direction
    with np.errstate(all="ignore"):
        found = search.along(start, np.array([direction]), slope, first, oracle)
    return found, None if found is None else found.theta[0] / direction, oracle


def wavy(random):
    """A random bowl with waves, that falls at 0."""
    a, b, c = random.uniform(0.01, 2), random.uniform(0, 3), random.uniform(1, 5)
    shift = random.uniform(-np.pi, np.pi)
    tilt = -random.uniform(0.1, 5) - b * c * abs(np.cos(shift))
    return Line(
        lambda x: a * x * x + tilt * x + b * np.sin(c * x + shift),
        lambda x: 2 * a * x + tilt + b * c * np.cos(c * x + shift),
    )


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize(("decrease", "curvature"), [(1e-4, 0.9), (1e-4, 0.1), (0.1, 0.11)])
def test_the_strong_wolfe_conditions_hold(seed, decrease, curvature):
    random = np.random.default_rng(seed)
    line = wavy(random)
    first = 10 ** random.uniform(-3, 3)
    found, t, oracle = searched(StrongWolfe(decrease, curvature), line, first)
    at_zero = line.slope(0.0)
    assert found.loss == line.value(t)
    assert found.gradient[0] == line.slope(t)
    assert found.loss <= line.value(0.0) + decrease * t * at_zero
    assert abs(line.slope(t)) <= curvature * abs(at_zero)
    assert oracle.counts.losses == oracle.counts.gradients <= 20


@pytest.mark.parametrize("first", [1e-6, 1e-3, 1e3, 1e6])
def test_a_first_trial_that_is_far_off_costs_few_more(first):
    line = Line(lambda x: (x - 1) ** 2, lambda x: 2 * (x - 1))
    _, t, oracle = searched(StrongWolfe(curvature=0.01), line, first)
    assert t == pytest.approx(1, abs=0.01)
    assert oracle.counts.losses <= 16


@pytest.mark.parametrize("first", [0.5, 5.0, 50.0, 1e4])
def test_the_search_comes_back_from_where_the_loss_is_not_finite(first):
    line = Line(lambda x: -np.log(3 - x) - 2 * x, lambda x: 1 / (3 - x) - 2)
    _, t, oracle = searched(StrongWolfe(curvature=0.1), line, first)
    assert abs(line.slope(t)) <= 0.1 * abs(line.slope(0.0))
    assert oracle.counts.losses <= 20


@pytest.mark.parametrize("search", [StrongWolfe(), Armijo()])
def test_a_loss_that_is_nowhere_finite_is_given_up_as_nan(search):
    line = Line(lambda x: np.nan if x else 0.0, lambda x: np.nan if x else -1.0)
    found, _, oracle = searched(search, line, 1.0)
    assert np.isnan(found.loss)
    assert oracle.counts.losses == search.evaluations


def test_a_loss_without_a_lower_bound_ends_far_away():
    _, t, oracle = searched(StrongWolfe(), Line(lambda x: -x, lambda x: -1.0), 1.0)
    assert t == 1e10
    assert oracle.counts.losses <= 25


def test_no_step_is_found_along_a_direction_that_rises():
    line = Line(lambda x: x * x + x, lambda x: 2 * x + 1)
    assert searched(StrongWolfe(), line, 1.0)[0] is None
    assert searched(Armijo(), Line(lambda x: x, lambda x: -1.0), 1.0)[0] is None


def test_the_curvature_condition_must_be_the_weaker_one():
    with pytest.raises(ValueError, match=r"curvature is 0\.1; expected it above decrease, 0\.2"):
        StrongWolfe(0.2, 0.1)


@pytest.mark.parametrize(("first", "halvings"), [(1.0, 0), (4.0, 2), (64.0, 6)])
def test_backtracking_takes_the_first_power_with_enough_decrease(first, halvings):
    # (x − 1)² has decreased enough (c₁ → 0) for t < 2(1 − c₁).
    line = Line(lambda x: (x - 1) ** 2, lambda x: 2 * (x - 1))
    found, t, oracle = searched(Armijo(decrease=1e-4), line, first)
    assert t == first * 0.5**halvings
    assert found.gradient is None
    assert (oracle.counts.losses, oracle.counts.gradients) == (halvings + 1, 0)


def test_the_share_of_the_decrease_decides():
    line = Line(lambda x: (x - 1) ** 2, lambda x: 2 * (x - 1))  # enough for t ≤ 2(1 − c₁)
    assert searched(Armijo(decrease=0.49), line, 1.01)[1] == 1.01
    assert searched(Armijo(decrease=0.49, shrink=0.9), line, 1.03)[1] == 0.9 * 1.03


def test_the_exact_search_finds_the_minimum_of_a_parabola():
    line = Line(lambda x: 3 * (x - 2) ** 2 - 1, lambda x: 6 * (x - 2))
    found, t, oracle = searched(Exact(), line, 7.0, direction=0.25)
    assert t == pytest.approx(8)
    assert found.loss == pytest.approx(-1)
    assert (oracle.counts.losses, oracle.counts.gradients, oracle.counts.hvps) == (0, 0, 1)


def test_the_exact_search_fails_where_the_line_has_no_minimum():
    assert searched(Exact(), Line(lambda x: -x * x - x, lambda x: -2 * x - 1), 1.0)[0] is None


def test_what_a_search_needs_is_what_its_method_requires():
    assert {"hvp", "quadratic", "gradient"} <= BFGS(search=Exact()).requires()
    assert "hvp" not in BFGS().requires()
    with pytest.raises(optframe.UsageError, match="bfgs needs quadratic, which rosenbrock"):
        optframe.minimize("rosenbrock", "bfgs:search=exact", steps=1)


def test_a_line_search_refuses_minibatches():
    with pytest.raises(optframe.UsageError, match="bfgs needs deterministic"):
        optframe.minimize("logistic", "bfgs", steps=1, sampler="shuffled")
