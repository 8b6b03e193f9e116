import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_problems.functions.quadratic import Quadratic


def test_three_steps_by_hand_on_half_a_square(iterate):
    found = iterate(Nesterov(lr=0.1, momentum=0.5), lambda theta, k: 1 * theta, [1.0], 3)
    # asked at 1, 0.85, 0.6975; v: −0.1, −0.135, −0.13725
    np.testing.assert_allclose(found.iterates[:, 0], [1, 0.9, 0.765, 0.62775], rtol=1e-15)
    np.testing.assert_allclose(found.state.v, [-0.13725], rtol=1e-15)


def test_the_gradient_is_asked_where_the_velocity_leads(iterate):
    asked = []

    def gradient(theta, k):
        asked.append(float(theta[0]))
        return 1 * theta

    iterate(Nesterov(lr=0.1, momentum=0.5), gradient, [1.0], 3)
    np.testing.assert_allclose(asked, [1, 0.85, 0.6975], rtol=1e-15)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9])
def test_it_follows_its_formula(assert_follows, random, alpha):
    lr = random.uniform(0.01, 0.2)

    def rule(theta):
        v = 0.0
        while True:
            gradient = yield theta + alpha * v, theta
            v = alpha * v - lr * gradient
            theta = theta + v

    assert_follows(Nesterov(lr=lr, momentum=alpha), rule)


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
    np.testing.assert_allclose(after, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_its_stability_limit_is_smaller_than_momentums(factor):
    """From the recurrence: ελ < 2(1 + α)/(1 + 2α)."""
    alpha, largest = 0.9, 50.0
    found = optframe.minimize(
        Quadratic(size=2, condition=largest),
        Nesterov(lr=factor * 2 * (1 + alpha) / (1 + 2 * alpha) / largest, momentum=alpha),
        steps=4000,
        theta0=[0.0, 1.0],
    )
    assert (found.status == "diverged") is (factor > 1)


def test_it_asks_for_one_gradient_per_step(iterate):
    assert iterate(Nesterov(), np.ones(3), np.zeros(3), 4).oracle.counts.gradients == 4
