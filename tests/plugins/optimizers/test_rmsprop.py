import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

import optframe
from optframe import Schedule
from optframe_plugins.optimizers.rmsprop import RMSProp
from optframe_problems.functions.quadratic import Quadratic


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, 0.99])
def test_on_a_constant_gradient_the_average_is_a_geometric_sum(iterate, rho):
    g, lr, eps = np.array([3.0, -0.02]), 0.1, 1e-3
    found = iterate(RMSProp(lr=lr, rho=rho, eps=eps), g, np.zeros(2), 100)
    t = np.arange(1, 101)[:, None]
    r = (1 - rho**t) * g**2
    np.testing.assert_allclose(found.state.r, r[-1], rtol=1e-12)
    steps = np.diff(found.iterates, axis=0)
    np.testing.assert_allclose(steps, -lr * g / np.sqrt(eps + r), rtol=1e-9)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("eps", [1e-6, 0.3])
@pytest.mark.parametrize(("alpha", "nesterov"), [(0.0, False), (0.8, False), (0.8, True)])
def test_it_follows_its_formula(assert_follows, random, eps, inside, alpha, nesterov):
    lr, rho = random.uniform(0.01, 0.1), random.uniform(0.5, 0.99)

    def rule(theta):
        r = v = 0.0
        while True:
            gradient = yield theta + alpha * v if nesterov else theta, theta
            r = rho * r + (1 - rho) * gradient**2
            root = math.sqrt(eps + r) if inside else eps + math.sqrt(r)
            v = alpha * v - lr / root * gradient
            theta = theta + v

    optimizer = RMSProp(lr, rho, alpha, nesterov=nesterov, eps=eps, eps_inside_root=inside)
    assert_follows(optimizer, rule)


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(ValueError, match="nesterov needs a momentum above 0"):
        RMSProp(nesterov=True)
    with pytest.raises(optframe.UsageError, match="nesterov needs a momentum above 0"):
        optframe.make("rmsprop", nesterov=True)


@dataclass(frozen=True)
class FromZero(Schedule):
    """A momentum that is 0 at the first step and 0.8 from the second on."""

    def __call__(self, k, epoch, progress):
        return 0.8 * min(k, 1)


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_momentum_that_starts_at_zero_and_grows_is_not_forgotten(nesterov):
    problem = Quadratic(size=3, condition=10.0)
    scheduled = RMSProp(lr=0.01, momentum=FromZero(), nesterov=nesterov)
    found = optframe.minimize(problem, scheduled, steps=20, iterates=True).iterates
    eigenvalues = np.geomspace(1, 10, 3)
    theta, r, v = np.ones(3), np.zeros(3), np.zeros(3)
    for k in range(20):
        alpha = FromZero()(k, 0, 0)
        g = eigenvalues * (theta + alpha * v if nesterov else theta)
        r = 0.9 * r + 0.1 * g * g
        v = alpha * v - 0.01 / np.sqrt(1e-6 + r) * g
        theta = theta + v
        np.testing.assert_allclose(found[k + 1], theta, rtol=1e-12)


def test_changing_the_momentum_of_an_optimizer_changes_whether_it_has_a_velocity(iterate):
    plain = RMSProp()
    moving = replace(plain, momentum=0.5)
    assert iterate(plain, np.ones(2), np.zeros(2), 1).state.v is None
    assert iterate(moving, np.ones(2), np.zeros(2), 1).state.v is not None
    assert iterate(replace(moving, momentum=0.0), np.ones(2), np.zeros(2), 1).state.v is None
