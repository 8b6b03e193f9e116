import math
from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Schedule
from optframe_plugins.optimizers.adam import Adam
from optframe_problems.functions.quadratic import Quadratic


@pytest.mark.parametrize("eps", [0.0, 1e-8, 0.1])
@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.0, 0.5), (0.5, 0.0), (0.99, 0.9)])
def test_on_a_constant_gradient_all_steps_are_as_long_and_eps_shortens_them(
    iterate, beta1, beta2, eps
):
    g, lr = np.array([3.0, -1e-6, 1e4, -0.5]), 0.1
    t = np.arange(101)[:, None]
    for inside, root in ((False, abs(g) + eps), (True, np.sqrt(g * g + eps))):
        optimizer = Adam(lr, beta1, beta2, eps=eps, eps_inside_root=inside)
        found = iterate(optimizer, g, np.zeros(4), 100)
        np.testing.assert_allclose(found.iterates, -lr * g / root * t, rtol=1e-11)


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
