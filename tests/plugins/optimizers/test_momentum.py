import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.momentum import Momentum
from optframe_problems.functions.quadratic import Quadratic


def test_three_steps_by_hand(iterate):
    found = iterate(Momentum(lr=0.5, momentum=0.5), np.array([[2.0], [0.0], [-1.0]]), [1.0], 3)
    # v: −1, −0.5, −0.25 + 0.5
    np.testing.assert_array_equal(found.iterates[:, 0], [1, 0, -0.5, -0.25])
    np.testing.assert_array_equal(found.state.v, [0.25])


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9, 0.99])
def test_on_a_constant_gradient_the_velocity_is_a_geometric_sum(iterate, alpha):
    g, lr = np.array([3.0, -0.5]), 0.1
    found = iterate(Momentum(lr=lr, momentum=alpha), g, np.zeros(2), 200)
    t = np.arange(1, 201)[:, None]
    expected = -lr * g * (1 - alpha**t) / (1 - alpha)
    np.testing.assert_allclose(np.diff(found.iterates, axis=0), expected, rtol=1e-10)
    np.testing.assert_allclose(found.state.v, expected[-1], rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9])
def test_it_follows_its_formula(assert_follows, random, alpha):
    lr = random.uniform(0.01, 0.2)

    def rule(theta):
        v = 0.0
        while True:
            gradient = yield theta, theta
            v = alpha * v - lr * gradient
            theta = theta + v

    assert_follows(Momentum(lr=lr, momentum=alpha), rule)


@pytest.mark.parametrize("alpha", [0.5, 0.9])
@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_it_is_stable_up_to_two_times_one_plus_alpha_over_the_largest_eigenvalue(alpha, factor):
    largest = 50.0
    found = optframe.minimize(
        Quadratic(size=3, condition=largest),
        Momentum(lr=factor * 2 * (1 + alpha) / largest, momentum=alpha),
        steps=4000,
        theta0=[0.0, 0.0, 1.0],
    )
    assert (found.status == "diverged") is (factor > 1)
    if factor < 1:
        assert np.linalg.norm(found.theta) < 1e-15


def test_with_the_best_parameters_it_converges_with_the_root_of_the_condition():
    """Polyak's: the slowest factor is (√κ−1)/(√κ+1), against (κ−1)/(κ+1) of gradient descent."""
    condition = 400.0
    root = (np.sqrt(condition) - 1) / (np.sqrt(condition) + 1)
    lr = 4 / (1 + np.sqrt(condition)) ** 2
    found = optframe.minimize(
        Quadratic(size=2, condition=condition),
        Momentum(lr=lr, momentum=root**2),
        steps=400,
        iterates=True,
    )
    errors = np.linalg.norm(found.iterates, axis=1)
    rate = (errors[400] / errors[200]) ** (1 / 200)
    assert rate == pytest.approx(root, abs=0.005)  # the double root adds a factor k: 2^(1/200)


def test_it_asks_for_one_gradient_per_step(iterate):
    assert iterate(Momentum(), np.ones(3), np.zeros(3), 4).oracle.counts.gradients == 4
