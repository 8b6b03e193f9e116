import math

import numpy as np
import pytest

from optframe_plugins.optimizers.adadelta import AdaDelta


@pytest.mark.parametrize("inside", [True, False])
def test_it_follows_its_formula(assert_follows, random, inside):
    lr, rho, eps = random.uniform(0.5, 2), random.uniform(0.5, 0.95), random.uniform(1e-4, 1e-2)

    def root(x):
        return math.sqrt(x + eps) if inside else math.sqrt(x) + eps

    def rule(theta):
        r = u = 0.0
        while True:
            gradient = yield theta, theta
            r = rho * r + (1 - rho) * gradient**2
            step = root(u) / root(r) * gradient
            u = rho * u + (1 - rho) * step**2
            theta = theta - lr * step

    assert_follows(AdaDelta(lr, rho, eps=eps, eps_inside_root=inside), rule)


def test_without_memory_and_on_a_constant_gradient_the_steps_have_a_closed_form(iterate):
    """With ρ = 0 and c = g²/(g² + δ), u_t = c(u_{t−1} + δ), which is u_t = g²(1 − cᵗ).

    For c(g²(1 − cᵗ) + δ) = c(g² + δ) − g²cᵗ⁺¹ = g²(1 − cᵗ⁺¹).
    """
    g, delta, lr = np.array([3.0, -0.2, 0.01]), 0.05, 0.7
    found = iterate(AdaDelta(lr, rho=0.0, eps=delta), g, np.zeros(3), 100)
    c = g * g / (g * g + delta)
    t = np.arange(100)[:, None]
    steps = np.sqrt((g * g * (1 - c**t) + delta) / (g * g + delta)) * g
    np.testing.assert_allclose(np.diff(found.iterates, axis=0), -lr * steps, rtol=1e-10)
    np.testing.assert_allclose(found.state.u, g * g * (1 - c**100), rtol=1e-10)


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_on_a_constant_gradient_it_ends_as_gradient_descent(iterate, rho):
    """r tends to g², and u = (ρ + (1−ρ)c)·u + (1−ρ)cδ has the solution u = cδ/(1−c) = g².

    So √(u + δ)/√(r + δ) tends to 1, by a factor ρ + (1−ρ)c per step.
    """
    g, delta, lr = np.array([3.0, -2.0]), 0.5, 0.7
    found = iterate(AdaDelta(lr, rho, delta), g, np.zeros(2), 6000)
    np.testing.assert_allclose(np.diff(found.iterates, axis=0)[-1], -lr * g, rtol=1e-9)
    np.testing.assert_allclose(found.state.u, g * g, rtol=1e-9)
    distance = g * g - iterate(AdaDelta(lr, rho, delta), g, np.zeros(2), 200).state.u
    after = g * g - iterate(AdaDelta(lr, rho, delta), g, np.zeros(2), 201).state.u
    c = g * g / (g * g + delta)
    np.testing.assert_allclose(after / distance, rho + (1 - rho) * c, rtol=1e-6)
