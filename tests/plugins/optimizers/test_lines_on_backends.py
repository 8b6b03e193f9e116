"""The methods that take one run at a time, on every backend."""

import numpy as np
import pytest

from optframe import Oracle, Setting
from optframe.contracts.oracle import Counts
from optframe.rules import computing_with
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.optimizers.conjugate_gradient import ConjugateGradient
from optframe_plugins.optimizers.coordinate_descent import CoordinateDescent
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_plugins.optimizers.nonlinear_cg import NonlinearCG
from optframe_plugins.searches.armijo import Armijo
from optframe_plugins.searches.exact import Exact
from optframe_problems.functions.quadratic import Quadratic

METHODS = [
    ConjugateGradient(),
    NonlinearCG(),
    NonlinearCG(search=Exact()),
    BFGS(scale_first=True),
    BFGS(search=Armijo()),
    LBFGS(memory=3),
    CoordinateDescent(),
    CoordinateDescent("random", "gradient"),
    CoordinateDescent("greedy", "gradient"),
]


def iterates(method, backend):
    seeds = np.random.SeedSequence(1)
    problem = Quadratic(size=6, condition=30, rotate=True)
    problem = problem.bind(Setting(backend, "float64", seeds, None))
    oracle = Oracle(problem, backend, Counts(), np.random.default_rng)
    theta = backend.asarray(np.ones(6), "float64")
    found = [np.ones(6)]
    with computing_with(backend):
        state = method.init(theta, oracle)
        for k in range(6):
            oracle.step = k
            theta, state = method.step(theta, state, oracle)
            found.append(np.array(backend.to_numpy(theta)))
    return np.stack(found)


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_every_backend_takes_the_same_lines(method, backend):
    expected = iterates(method, NumpyBackend())
    assert abs(np.diff(expected, axis=0)).max(axis=1).all()
    np.testing.assert_allclose(iterates(method, backend), expected, rtol=1e-9, atol=1e-11)
