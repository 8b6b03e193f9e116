import math

import numpy as np
import pytest

from optframe_plugins.optimizers.adagrad import AdaGrad


def test_two_steps_by_hand_with_eps_outside_the_root(iterate):
    found = iterate(AdaGrad(lr=0.5, eps=1.0), np.array([[3.0], [4.0]]), [1.0], 2)
    # r: 9, 25; steps: 0.5/(1+3)·3, 0.5/(1+5)·4
    np.testing.assert_allclose(found.iterates[:, 0], [1, 0.625, 0.625 - 1 / 3], rtol=1e-15)
    np.testing.assert_array_equal(found.state.r, [25])


def test_two_steps_by_hand_with_eps_inside_the_root(iterate):
    optimizer = AdaGrad(lr=0.5, eps=16.0, eps_inside_root=True)
    found = iterate(optimizer, np.array([[3.0], [4.0]]), [1.0], 2)
    # 0.5/√(9+16)·3, 0.5/√(25+16)·4
    expected = [1, 0.7, 0.7 - 2 / math.sqrt(41)]
    np.testing.assert_allclose(found.iterates[:, 0], expected, rtol=1e-15)


@pytest.mark.parametrize("eps", [0.0, 1e-7, 0.5])
def test_on_a_constant_gradient_steps_fall_with_the_root_of_their_number(iterate, eps):
    g, lr = np.array([3.0, -0.02, 1e-3]), 0.1
    found = iterate(AdaGrad(lr=lr, eps=eps), g, np.zeros(3), 200)
    t = np.arange(1, 201)[:, None]
    expected = -lr * g / (eps + abs(g) * np.sqrt(t))
    np.testing.assert_allclose(np.diff(found.iterates, axis=0), expected, rtol=1e-10)
    np.testing.assert_allclose(found.state.r, 200 * g**2, rtol=1e-13)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("eps", [1e-7, 0.3])
def test_it_follows_its_formula(assert_follows, random, eps, inside):
    lr = random.uniform(0.05, 0.5)

    def rule(theta):
        r = 0.0
        while True:
            gradient = yield theta, theta
            r += gradient**2
            root = math.sqrt(r + eps) if inside else eps + math.sqrt(r)
            theta -= lr * gradient / root

    assert_follows(AdaGrad(lr=lr, eps=eps, eps_inside_root=inside), rule)


def test_the_defaults_are_those_of_the_lecture():
    assert AdaGrad() == AdaGrad(lr=0.01, eps=1e-7, eps_inside_root=False)


def test_without_eps_a_parameter_that_has_seen_no_gradient_is_zero_over_zero(iterate):
    """The formula as printed; the run then ends as diverged instead of hiding it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = iterate(AdaGrad(eps=0.0), np.array([0.0, 1.0]), np.ones(2), 1)
    assert np.isnan(found.iterates[1, 0])
    assert found.iterates[1, 1] == pytest.approx(0.99)
