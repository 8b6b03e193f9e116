import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.schedules.inverse_time import InverseTime
from optframe_problems.functions.quadratic import Quadratic


def test_three_steps_by_hand_on_half_a_square(iterate):
    found = iterate(Nesterov(lr=0.1, momentum=0.5), lambda theta, k: 1 * theta, [1.0], 3)
    # asked at 1, 0.85, 0.6975; v: −0.1, −0.135, −0.13725
    np.testing.assert_allclose(found.iterates[:, 0], [1, 0.9, 0.765, 0.62775], rtol=1e-15)
    np.testing.assert_allclose(found.state.v, [-0.13725], rtol=1e-15)


@pytest.mark.parametrize(("form", "sign"), [("keras", -0.1), ("torch", 1.0)])
def test_three_steps_of_the_other_forms_by_hand_on_half_a_square(iterate, form, sign):
    found = iterate(Nesterov(0.1, 0.5, form), lambda theta, k: 1 * theta, [1.0], 3)
    # g = 1, 0.85, 0.6975; b = 1, 1.35, 1.3725; g + αb = 1.5, 1.525, 1.38375
    np.testing.assert_allclose(found.iterates[:, 0], [1, 0.85, 0.6975, 0.559125], rtol=1e-14)
    np.testing.assert_allclose(found.state.v, [1.3725 * sign], rtol=1e-14)


def test_the_gradient_is_asked_where_the_velocity_leads(iterate):
    asked = []

    def gradient(theta, k):
        asked.append(float(theta[0]))
        return 1 * theta

    iterate(Nesterov(lr=0.1, momentum=0.5), gradient, [1.0], 3)
    np.testing.assert_allclose(asked, [1, 0.85, 0.6975], rtol=1e-15)


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


def falling(form, alpha, steps):
    """The iterates on a quadratic while the learning rate falls."""
    problem, optimizer = Quadratic(size=4, condition=20.0), Nesterov(FALLING, alpha, form)
    return optframe.minimize(problem, optimizer, steps=steps, iterates=True).iterates


@pytest.mark.parametrize("alpha", [0.5, 0.9])
def test_the_form_of_keras_keeps_the_points_that_the_velocity_looks_at(alpha):
    """φ = θ + αv: φ' = θ + v' + αv' = φ + (v' − αv) + αv' = φ − εg(φ) + αv', whatever ε does."""
    theta, ahead = falling("velocity", alpha, 60), falling("keras", alpha, 60)
    v = np.diff(theta, axis=0)
    np.testing.assert_allclose(ahead[1:], theta[1:] + alpha * v, rtol=1e-12, atol=1e-15)


def test_under_a_falling_rate_the_form_of_torch_slows_all_that_was_gathered(iterate):
    """With a constant gradient g, per g: ε_k + α·Σ α^(k−j)·ε_j, against ε_k·(1 + α·Σ α^(k−j))."""
    alpha, slope, steps = 0.8, np.array([2.0, -1.0]), 60
    problem = optframe.FunctionProblem(
        loss=lambda theta: theta @ slope, gradient=lambda theta: slope, theta0=np.zeros(2)
    )
    k = np.arange(steps)
    rates = 0.02 / (1 + 0.1 * k)
    powers = np.tril(alpha ** np.abs(k[:, None] - k))
    expected = {
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


def test_on_a_constant_gradient_it_is_momentum(iterate, random):
    g, start = random.standard_normal((2, 6))
    ours = iterate(Nesterov(lr=0.1, momentum=0.8), g, start, 20)
    theirs = iterate(Momentum(lr=0.1, momentum=0.8), g, start, 20)
    np.testing.assert_array_equal(ours.iterates, theirs.iterates)


def test_on_a_quadratic_the_iterates_obey_their_recurrence():
    """θ_{k+1} = (1 − ελ)(θ_k + α(θ_k − θ_{k−1})) in every eigendirection."""
    lr, alpha = 0.01, 0.9
    found = optframe.minimize(
        Quadratic(size=4, condition=20.0), Nesterov(lr=lr, momentum=alpha), steps=60, iterates=True
    )
    eigenvalues = np.geomspace(1, 20, 4)
    previous, theta, after = found.iterates[:-2], found.iterates[1:-1], found.iterates[2:]
    expected = (1 - lr * eigenvalues) * (theta + alpha * (theta - previous))
    np.testing.assert_allclose(after, expected, rtol=1e-10, atol=1e-13)


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
