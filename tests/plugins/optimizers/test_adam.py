import math
from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Schedule
from optframe_plugins.optimizers.adam import Adam
from optframe_problems.functions.quadratic import Quadratic


def test_two_steps_by_hand(iterate):
    optimizer = Adam(lr=0.5, beta1=0.5, beta2=0.75, eps=0.0)
    found = iterate(optimizer, np.array([[2.0], [0.0]]), [1.0], 2)
    # m: 1, 1/2; v: 1, 3/4; corrected by 1/2, 3/4 and 1/4, 7/16:
    # m̂ = 2, v̂ = 4; m̂ = 2/3, v̂ = 12/7
    second = 0.5 * (2 / 3) / math.sqrt(12 / 7)
    np.testing.assert_allclose(found.iterates[:, 0], [1, 0.5, 0.5 - second], rtol=1e-15)
    np.testing.assert_allclose([found.state.m[0], found.state.v[0]], [0.5, 0.75], rtol=1e-15)


@pytest.mark.parametrize("inside", [False, True])
def test_the_first_step_by_hand_with_eps(iterate, inside):
    optimizer = Adam(lr=0.5, eps=7.0, eps_inside_root=inside)
    found = iterate(optimizer, np.array([3.0]), [1.0], 1)
    expected = 1 - 0.5 * 3 / (4 if inside else 10)
    np.testing.assert_allclose(found.iterates[1], [expected], rtol=1e-13)


@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.0, 0.5), (0.5, 0.0), (0.99, 0.9)])
def test_on_a_constant_gradient_every_step_has_the_length_of_the_learning_rate(
    iterate, beta1, beta2
):
    g, lr = np.array([3.0, -1e-6, 1e4, -0.5]), 0.1
    optimizer = Adam(lr=lr, beta1=beta1, beta2=beta2, eps=0.0)
    found = iterate(optimizer, g, np.zeros(4), 100)
    t = np.arange(101)[:, None]
    np.testing.assert_allclose(found.iterates, -lr * np.sign(g) * t, rtol=1e-11)


@pytest.mark.parametrize("eps", [1e-8, 0.1])
def test_on_a_constant_gradient_eps_shortens_every_step_alike(iterate, eps):
    g, lr = np.array([3.0, -1e-6, 1e4, -0.5]), 0.1
    outside = iterate(Adam(lr=lr, eps=eps), g, np.zeros(4), 100).iterates
    inside = iterate(Adam(lr=lr, eps=eps, eps_inside_root=True), g, np.zeros(4), 100).iterates
    t = np.arange(101)[:, None]
    np.testing.assert_allclose(outside, -lr * g / (abs(g) + eps) * t, rtol=1e-11)
    np.testing.assert_allclose(inside, -lr * g / np.sqrt(g * g + eps) * t, rtol=1e-11)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("eps", [1e-8, 0.3])
def test_it_follows_its_formula(assert_follows, random, eps, inside):
    lr = random.uniform(0.01, 0.1)
    beta1, beta2 = random.uniform(0.5, 0.95), random.uniform(0.8, 0.999)

    def rule(theta):
        m = v = 0.0
        t = 0
        while True:
            gradient = yield theta, theta
            t += 1
            m = beta1 * m + (1 - beta1) * gradient
            v = beta2 * v + (1 - beta2) * gradient**2
            m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
            root = math.sqrt(v_hat + eps) if inside else math.sqrt(v_hat) + eps
            theta = theta - lr * m_hat / root

    assert_follows(Adam(lr, beta1, beta2, eps=eps, eps_inside_root=inside), rule)


def test_the_defaults_are_those_of_the_paper():
    assert Adam() == Adam(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, eps_inside_root=False)


def test_betas_that_differ_between_runs_give_the_bits_of_each_run_alone(iterate, random):
    """Powers of an array and of a number differ in their last bits."""
    beta1, beta2 = np.array([[0.9], [0.3], [0.77]]), np.array([[0.999], [0.99], [0.5]])
    gradients = random.standard_normal((100, 3, 4))
    together = iterate(Adam(0.1, beta1, beta2), gradients, np.zeros((3, 4)), 100).iterates
    for run in range(3):
        optimizer = Adam(0.1, float(beta1[run, 0]), float(beta2[run, 0]))
        alone = iterate(optimizer, gradients[:, run], np.zeros(4), 100).iterates
        np.testing.assert_array_equal(together[:, run], alone)


@dataclass(frozen=True)
class Falling(Schedule):
    def __call__(self, k, epoch, progress):
        return 0.9 - 0.02 * k


def test_under_a_scheduled_beta_the_bias_stays_corrected():
    """The weights of the average then sum to 1 − ∏ βᵢ, which is what corrects it."""
    found = optframe.minimize(
        Quadratic(size=2, condition=1.0),
        Adam(lr=1e-9, beta1=Falling(), eps=0.0),
        steps=20,
        iterates=True,
    )
    # So small a rate leaves the gradient (1, 1) almost constant.
    np.testing.assert_allclose(np.diff(found.iterates, axis=0), -1e-9, rtol=1e-5)


def test_without_eps_a_parameter_that_has_seen_no_gradient_is_zero_over_zero(iterate):
    """The formula as printed; the run then ends as diverged instead of hiding it."""
    with np.errstate(invalid="ignore"):
        found = iterate(Adam(lr=0.1, eps=0.0), np.array([0.0, 2.0]), np.ones(2), 1)
    assert np.isnan(found.iterates[1, 0])
    assert found.iterates[1, 1] == pytest.approx(0.9)
