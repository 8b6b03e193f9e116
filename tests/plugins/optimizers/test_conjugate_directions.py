"""Conjugate gradients, BFGS and L-BFGS on quadratics, where they are one method."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe.testing.standard_problems import Bowl
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.optimizers.conjugate_gradient import ConjugateGradient
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_plugins.optimizers.nonlinear_cg import NonlinearCG
from optframe_plugins.searches.armijo import Armijo
from optframe_plugins.searches.exact import Exact
from optframe_plugins.searches.strong_wolfe import StrongWolfe
from optframe_problems.functions.rosenbrock import Rosenbrock


def system(*spectrum):
    """f(θ) = ½ (θ − c)ᵀA(θ − c) with given eigenvalues, random eigenvectors and a random c."""
    size = len(spectrum)
    q = np.linalg.qr(np.random.default_rng(3).standard_normal((size, size)))[0]
    return Bowl((q * spectrum) @ q.T, np.random.default_rng(4).standard_normal(size))


SPREAD = system(1.0, 2.0, 3.5, 7.0, 11.0, 20.0)
REPEATED = system(*[1.0] * 4, *[3.0] * 3, *[10.0] * 5)


def iterates(problem, optimizer, steps):
    return optframe.minimize(problem, optimizer, steps=steps, iterates=True).iterates


@dataclass(frozen=True)
class Keeping(optframe.Optimizer):
    """Takes the steps of another one and leaves its last state in a list."""

    inner: optframe.Optimizer
    states: list

    def requires(self):
        return self.inner.requires()

    def init(self, theta, oracle):
        return self.inner.init(theta, oracle)

    def step(self, theta, state, oracle):
        theta, state = self.inner.step(theta, state, oracle)
        self.states[:] = [state]
        return theta, state


def test_as_many_steps_as_distinct_eigenvalues_solve_the_system():
    path = iterates(REPEATED, ConjugateGradient(), 3)
    errors = np.linalg.norm(path - REPEATED.minimizer, axis=1)
    assert errors[3] < 1e-12
    assert errors[2] > 1e-3


def test_a_step_costs_one_product_and_the_start_one_gradient():
    found = optframe.minimize(SPREAD, ConjugateGradient(), steps=5)
    counts = found.counts
    assert (counts.gradients, counts.hvps, counts.losses) == (1, 5, 0)


def test_conjugate_gradients_stop_at_a_zero_residual():
    found = optframe.minimize(SPREAD, ConjugateGradient(), steps=10_000)
    assert (found.status, found.reason) == ("stopped", "the residual is zero")
    np.testing.assert_allclose(found.theta, SPREAD.minimizer, rtol=1e-12)


def test_conjugate_gradients_stop_where_the_curvature_is_not_positive():
    found = optframe.minimize(system(-1.0, -2.0), ConjugateGradient(), steps=10)
    assert (found.status, found.reason) == ("stopped", "the Hessian is not positive definite")


def test_runs_together_are_the_runs_alone(random):
    from optframe import Oracle
    from optframe.contracts.oracle import Counts
    from optframe_plugins.backends.numpy import NumpyBackend

    starts = random.standard_normal((3, SPREAD.size))
    starts[1] = SPREAD.minimizer  # is done when it starts

    def run(theta):
        oracle = Oracle(SPREAD, NumpyBackend(), Counts(), np.random.default_rng, theta.ndim - 1)
        method = ConjugateGradient()
        state = method.init(theta, oracle)
        for _ in range(4):
            theta, state = method.step(theta, state, oracle)
        return theta

    together = run(starts.copy())
    for start, found in zip(starts, together, strict=True):
        np.testing.assert_allclose(found, run(start.copy()), rtol=1e-12)


@pytest.mark.parametrize("formula", ["fr", "pr+", "hs", "dy"])
def test_with_exact_searches_every_formula_is_linear_cg(formula):
    expected = iterates(SPREAD, ConjugateGradient(), 5)
    found = iterates(SPREAD, NonlinearCG(formula, Exact()), 5)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_with_exact_searches_bfgs_is_cg_and_learns_the_inverse_hessian():
    states = []
    found = iterates(SPREAD, Keeping(BFGS(search=Exact()), states), SPREAD.size)
    expected = iterates(SPREAD, ConjugateGradient(), SPREAD.size)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(states[0].inverse, np.linalg.inv(SPREAD.a), atol=1e-8)
    np.testing.assert_allclose(found[-1], SPREAD.minimizer, rtol=1e-9)


def test_the_update_maps_the_change_of_the_gradient_to_the_step():
    states = []
    path = iterates("rosenbrock", Keeping(BFGS(scale_first=True), states), 8)
    problem = Rosenbrock()
    s = path[-1] - path[-2]
    y = problem.gradient(path[-1]) - problem.gradient(path[-2])
    np.testing.assert_allclose(states[0].inverse @ y, s, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(states[0].inverse, states[0].inverse.T, atol=1e-12)
    assert np.linalg.eigvalsh(states[0].inverse).min() > 0


@pytest.mark.parametrize("memory", [6, 20])
def test_lbfgs_that_forgets_nothing_is_bfgs(memory):
    expected = iterates(SPREAD, BFGS(search=Exact()), 6)
    found = iterates(SPREAD, LBFGS(memory, False, Exact()), 6)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("method", [BFGS(), BFGS(scale_first=True), LBFGS(), NonlinearCG()])
def test_at_the_end_the_run_stops_and_says_why(method):
    found = optframe.minimize("rosenbrock", method, steps=1000)
    assert found.status == "stopped"
    assert found.reason in ("the gradient is zero", "the line search found no better point")
    np.testing.assert_allclose(found.theta, 1, atol=1e-7)


@pytest.mark.parametrize("method", [BFGS(), LBFGS(), NonlinearCG()])
def test_a_zero_gradient_stops_the_run(method):
    found = optframe.minimize("rosenbrock", method, steps=10, theta0=[1.0, 1.0])
    assert (found.status, found.reason) == ("stopped", "the gradient is zero")
    assert found.counts.gradients == 1


@pytest.mark.parametrize("method", [BFGS, LBFGS, NonlinearCG])
def test_backtracking_asks_for_one_gradient_per_step(method):
    found = optframe.minimize("rosenbrock", method(search=Armijo()), steps=10)
    assert found.counts.gradients == 11
    assert found.counts.losses >= 11


@pytest.mark.parametrize("formula", ["fr", "pr+", "hs", "dy"])
def test_every_formula_finds_rosenbrocks_minimum(formula):
    method = NonlinearCG(formula, StrongWolfe(curvature=0.1))
    found = optframe.minimize("rosenbrock", method, steps=1000)
    np.testing.assert_allclose(found.theta, 1, atol=1e-5)


@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "nonlinear-cg"])
def test_a_wrapper_that_moves_theta_makes_them_look_again(method):
    # Without asking again, the search fails soon, at a point that only looks like a minimum.
    moved = optframe.minimize("rosenbrock", f"{method}+weight-decay:decay=0.01", steps=200)
    assert moved.status == "finished"
    assert moved.counts.gradients >= 2 * 200
    assert moved.loss < 0.1
