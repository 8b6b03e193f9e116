import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.schedules.inverse_time import InverseTime
from optframe_problems.functions.quadratic import Quadratic


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("form", ["velocity", "keras", "torch"])
def test_it_follows_its_formula(assert_follows, random, form, alpha):
    lr = random.uniform(0.01, 0.2)

    def velocity(theta):
        v = 0.0
        while True:
            gradient = yield theta + alpha * v, theta
            v = alpha * v - lr * gradient
            theta = theta + v

    def keras(theta):
        v = 0.0
        while True:
            gradient = yield theta, theta
            v = alpha * v - lr * gradient
            theta = theta + alpha * v - lr * gradient

    def torch(theta):
        b = 0.0
        while True:
            gradient = yield theta, theta
            b = alpha * b + gradient
            theta = theta - lr * (gradient + alpha * b)

    rule = {"velocity": velocity, "keras": keras, "torch": torch}[form]
    assert_follows(Nesterov(lr, alpha, form), rule)


FALLING = InverseTime(start=0.02, decay=0.1)


def test_under_a_falling_rate_the_form_of_torch_slows_all_that_was_gathered(iterate):
    """With a constant gradient g, per g, and S_k = Σ α^(k−j)·ε_j:

    ``velocity`` moves by S_k, ``keras`` by ε_k + α·S_k, ``torch`` by ε_k·(1 + α·Σ α^(k−j)).
    """
    alpha, slope, steps = 0.8, np.array([2.0, -1.0]), 60
    problem = optframe.FunctionProblem(
        loss=lambda theta: theta @ slope, gradient=lambda theta: slope, theta0=np.zeros(2)
    )
    k = np.arange(steps)
    rates = 0.02 / (1 + 0.1 * k)
    powers = np.tril(alpha ** np.abs(k[:, None] - k))
    expected = {
        "velocity": powers @ rates,
        "keras": rates + alpha * powers @ rates,
        "torch": rates * (1 + alpha * powers.sum(axis=1)),
    }
    for form, lengths in expected.items():
        optimizer = Nesterov(FALLING, alpha, form)
        found = optframe.minimize(problem, optimizer, steps=steps, iterates=True).iterates
        np.testing.assert_allclose(np.diff(found, axis=0), -lengths[:, None] * slope, rtol=1e-10)
    assert (expected["keras"][1:] > 1.02 * expected["torch"][1:]).all()


@pytest.mark.parametrize("form", ["keras", "torch"])
def test_on_a_constant_gradient_it_runs_a_step_of_momentum_ahead(iterate, form):
    """−ε·g·(1 + α·(1 − αᵗ) / (1 − α))."""
    g, lr, alpha = np.array([3.0, -0.5]), 0.1, 0.9
    found = iterate(Nesterov(lr, alpha, form), g, np.zeros(2), 200).iterates
    t = np.arange(1, 201)[:, None]
    expected = -lr * g * (1 + alpha * (1 - alpha**t) / (1 - alpha))
    np.testing.assert_allclose(np.diff(found, axis=0), expected, rtol=1e-10)


@pytest.mark.parametrize("form", ["velocity", "keras", "torch"])
@pytest.mark.parametrize("factor", [0.99, 1.01])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9])
def test_its_stability_limit_is_smaller_than_momentums(alpha, factor, form):
    """From the recurrence: ελ < 2(1 + α)/(1 + 2α)."""
    largest = 50.0
    found = optframe.minimize(
        Quadratic(size=2, condition=largest),
        Nesterov(factor * 2 * (1 + alpha) / (1 + 2 * alpha) / largest, alpha, form),
        steps=4000,
        theta0=[0.0, 1.0],
    )
    assert (found.status == "diverged") is (factor > 1)
