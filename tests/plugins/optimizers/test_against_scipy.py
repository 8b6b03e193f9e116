"""The methods with a line search against SciPy's: the same minima, for as many evaluations."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import minimize

import optframe
from optframe import Function
from optframe.function_problem import FunctionProblem
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_plugins.optimizers.nonlinear_cg import NonlinearCG

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Chained(Function):
    """Rosenbrock's valley in many dimensions: Σ 100(θᵢ₊₁ − θᵢ²)² + (1 − θᵢ)²."""

    size: int = 10

    def start(self, random):
        return np.tile([-1.2, 1.0], self.size // 2)

    def loss(self, theta):
        rise = theta[..., 1:] - theta[..., :-1] ** 2
        return (100 * rise**2 + (1 - theta[..., :-1]) ** 2).sum(axis=-1)

    def gradient(self, theta):
        rise = theta[..., 1:] - theta[..., :-1] ** 2
        gradient = np.zeros_like(theta)
        gradient[..., :-1] = -400 * theta[..., :-1] * rise - 2 * (1 - theta[..., :-1])
        gradient[..., 1:] += 200 * rise
        return gradient


PROBLEMS = {
    "rosenbrock": "rosenbrock",
    "chained": Chained(),
    "quadratic": "quadratic:size=20,condition=1000,rotate=true",
    "logistic": "logistic:l2=0.001",
}
METHODS = {
    "BFGS": BFGS(),
    "L-BFGS-B": LBFGS(),
    "CG": NonlinearCG(),
}


def bound(name):
    """The problem as functions of θ alone, with its start."""
    kept = {}

    @dataclass(frozen=True)
    class Peeking(optframe.Optimizer):
        needs = frozenset({"loss", "gradient", "deterministic"})

        def step(self, theta, state, oracle):
            kept["start"], kept["oracle"] = theta.copy(), oracle
            return theta, state

    optframe.minimize(PROBLEMS[name], Peeking(), steps=1, sampler=sampler(name))
    oracle = kept["oracle"]
    return oracle.loss, oracle.gradient, kept["start"]


def sampler(name):
    return "full" if name == "logistic" else None


def scipys(method, loss, gradient, start):
    """SciPy's last iterate and its gradient evaluations, up to our own end."""
    asked = 0

    def counted(theta):
        nonlocal asked
        asked += 1
        return gradient(theta)

    def stop_when_flat(intermediate_result):
        if np.linalg.norm(gradient(intermediate_result.x)) <= TOLERANCE:
            raise StopIteration

    options = {"gtol": 1e-12, "maxiter": 10_000}
    if method == "L-BFGS-B":
        options |= {"ftol": 0, "maxfun": 100_000}
    found = minimize(
        loss, start, jac=counted, method=method, options=options, callback=stop_when_flat
    )
    assert np.linalg.norm(gradient(found.x)) <= TOLERANCE
    return found.x, asked


@pytest.mark.parametrize("method", METHODS)
def test_minima_are_scipys_for_no_more_evaluations(method):
    ratios = {}
    for name in PROBLEMS:
        loss, gradient, start = bound(name)
        expected, asked = scipys(method, loss, gradient, start)
        counted = FunctionProblem(loss=loss, gradient=gradient, theta0=start)
        found = optframe.minimize(counted, METHODS[method], steps=5000, gradient_norm=TOLERANCE)
        ratios[name] = found.counts.gradients / asked
        print(f"{method} on {name}: {found.counts.gradients} / {asked}, {found.status}")
        np.testing.assert_allclose(found.theta, expected, rtol=1e-3, atol=1e-3)
        assert found.status == "converged"
    mean = np.exp(np.mean(np.log(list(ratios.values()))))
    print(f"{method}: {mean:.2f}", {name: round(ratio, 2) for name, ratio in ratios.items()})
    assert mean <= 1.2
