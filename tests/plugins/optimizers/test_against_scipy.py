"""The methods with a line search against SciPy's: the same minima, for as many evaluations."""

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

import optframe
from optframe import Function
from optframe.components.function_problem import FunctionProblem
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_plugins.optimizers.nonlinear_cg import NonlinearCG

TOLERANCE = 1e-6
"""Where a run ends: ‖∇f‖, of ours and of SciPy's."""

SAME = 1e-6
"""How far apart losses in one minimum are, as a share of f₀ − f*.

Where ‖∇f‖ ≤ 1e-6 the loss can be ‖∇f‖²/2μ above its minimum, μ the least curvature. That is most
on kowalik-osborne and biggs-exp6: up to 4e-8 of f₀ − f*, over starts that differ by rounding. Other
minima that runs end in lie at least 1e-3 of it higher (trigonometric's 4e-3).
"""

REGISTRY = optframe.load_plugins()
PROBLEMS = [
    *(
        name
        for name in REGISTRY.names("problems")
        if issubclass(REGISTRY.load("problems", name), Function)
    ),
    "quadratic:size=20,condition=1000,rotate=true",
    "logistic:l2=0.001",
]
METHODS = {
    "BFGS": BFGS(),
    "L-BFGS-B": LBFGS(),
    "CG": NonlinearCG(),
}

ROUNDED = "a loss of 86,000 is rounded to 1e-11, which hides what is gained below ‖∇f‖ = 3e-4"
FLOOR = "‖∇f‖ ≤ 1e-6 holds all along the valley: where on its floor a run ends is chance"
CHANCE = "one minimum beside the other: SciPy's search happens to step into a lower one"
EXCEPTIONS = {
    ("BFGS", "brown-dennis"): ROUNDED,
    ("L-BFGS-B", "brown-dennis"): ROUNDED,
    ("CG", "brown-dennis"): ROUNDED,
    ("L-BFGS-B", "powell-badly-scaled"): FLOOR,
    ("CG", "powell-badly-scaled"): FLOOR,
    ("CG", "jennrich-sampson"): "a loss of 124 is rounded to 1e-14, as brown-dennis's",
    ("CG", "biggs-exp6"): CHANCE,
    ("CG", "rastrigin"): CHANCE,
}
"""What ours need not reach. What SciPy does not reach only leaves the mean of the ratios: the
tolerance on brown-badly-scaled, freudenstein-roth and variably-dimensioned (CG), the minimum of
jennrich-sampson (L-BFGS-B), and with other rounding ackley, cigar and jennrich-sampson (CG)."""


@cache
def bound(name):
    """The problem as functions of θ alone, with its start."""
    kept = {}

    @dataclass(frozen=True)
    class Peeking(optframe.Optimizer):
        needs = frozenset({"loss", "gradient", "deterministic"})

        def step(self, theta, state, oracle):
            kept["start"], kept["oracle"] = theta.copy(), oracle
            return theta, state

    sampler = "full" if name.startswith("logistic") else None
    optframe.minimize(name, Peeking(), steps=1, sampler=sampler)
    oracle = kept["oracle"]
    return oracle.loss, oracle.gradient, kept["start"]


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

    options = {"gtol": 1e-300, "maxiter": 10_000}
    if method == "L-BFGS-B":
        options |= {"ftol": 0, "maxfun": 100_000}
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # that a search of SciPy's has failed
        found = minimize(
            loss, start, jac=counted, method=method, options=options, callback=stop_when_flat
        )
    return found.x, asked


@pytest.mark.parametrize("method", METHODS)
@np.errstate(all="ignore")
def test_minima_are_scipys_for_no_more_evaluations(method):
    ratios, failures = {}, []
    for name in PROBLEMS:
        if (method, name) in EXCEPTIONS:
            continue
        loss, gradient, start = bound(name)
        other, asked = scipys(method, loss, gradient, start)
        counted = FunctionProblem(loss=loss, gradient=gradient, theta0=start)
        found = optframe.minimize(counted, METHODS[method], steps=5000, gradient_norm=TOLERANCE)
        first, ours, theirs = loss(start), loss(found.theta), loss(other)
        same = SAME * (first - np.fmin(ours, theirs))
        if found.status != "converged" or ours - theirs > same:
            failures.append(f"{name}: {found.status} at {ours}, SciPy at {theirs}")
        elif theirs - ours <= same and np.linalg.norm(gradient(other)) <= TOLERANCE:
            ratios[name] = found.counts.gradients / asked
        print(f"{method} on {name}: {found.counts.gradients:.0f} / {asked}, {ours} / {theirs}")
    mean = np.exp(np.mean(np.log(list(ratios.values()))))
    worst = max(ratios, key=ratios.get)
    print(f"{method}: {mean:.3f} over {len(ratios)}, at most {ratios[worst]:.2f} on {worst}")
    assert failures == []
    assert len(ratios) >= 0.75 * len(PROBLEMS)
    assert mean <= 1.2


def test_exceptions_are_of_functions_that_there_are():
    assert {name for _, name in EXCEPTIONS} <= {*PROBLEMS}
