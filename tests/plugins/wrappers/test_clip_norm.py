from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Optimizer
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.wrappers.clip_norm import ClipNorm


def test_a_short_gradient_keeps_every_bit(iterate, random):
    g = random.standard_normal(50)
    for limit in (1.0, 0.7, 3.3):
        g *= 0.999 * limit / np.linalg.norm(g)
        clipped = iterate(ClipNorm(SGD(lr=0.1), max=limit), g, np.zeros(50), 3).iterates
        np.testing.assert_array_equal(clipped, iterate(SGD(0.1), g, np.zeros(50), 3).iterates)


def test_the_direction_is_kept_and_the_norm_is_the_smaller_one(iterate, random):
    limit = 1.5
    gradients = random.standard_normal((40, 6)) * 10 ** random.uniform(-2, 2, (40, 1))
    found = iterate(ClipNorm(SGD(lr=1.0), max=limit), gradients, np.zeros(6), 40)
    norms = np.linalg.norm(gradients, axis=1, keepdims=True)
    expected = -np.minimum(norms, limit) * gradients / norms
    np.testing.assert_allclose(np.diff(found.iterates, axis=0), expected, rtol=1e-9, atol=1e-12)
    assert (norms > limit).any()
    assert (norms < limit).any()


def test_each_run_is_clipped_by_its_own_norm(iterate):
    g = np.array([[3.0, 4.0], [0.3, 0.4], [30.0, 40.0]])
    found = iterate(ClipNorm(SGD(lr=1.0), max=1.0), g, np.zeros((3, 2)), 1)
    expected = [[-0.6, -0.8], [-0.3, -0.4], [-0.6, -0.8]]
    np.testing.assert_allclose(found.iterates[1], expected, rtol=1e-15)


def test_each_run_may_have_its_own_limit(iterate):
    limits = np.array([[1.0], [10.0], [2.5]])
    g = np.array([3.0, 4.0])
    found = iterate(ClipNorm(SGD(lr=1.0), max=limits), g, np.zeros((3, 2)), 1)
    expected = [[-0.6, -0.8], [-3, -4], [-1.5, -2]]
    np.testing.assert_allclose(found.iterates[1], expected, rtol=1e-15)


def test_what_the_inner_optimizer_does_with_gradients_sees_clipped_ones(iterate, random):
    g = 10 * random.standard_normal(3)
    clipped = g / np.linalg.norm(g)
    for inner in (Momentum(lr=0.1), Adam(lr=0.1), Nesterov(lr=0.1)):
        found = iterate(ClipNorm(inner, max=1.0), g, np.zeros(3), 10).iterates
        expected = iterate(inner, clipped, np.zeros(3), 10).iterates
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_the_smaller_of_two_limits_holds(iterate):
    g = np.array([30.0, 40.0])
    for outer, inner in ((5.0, 1.0), (1.0, 5.0)):
        wrapped = ClipNorm(ClipNorm(SGD(lr=1.0), max=inner), max=outer)
        found = iterate(wrapped, g, np.zeros(2), 1)
        np.testing.assert_allclose(found.iterates[1], [-0.6, -0.8], rtol=1e-15)


@dataclass(frozen=True)
class Polyak(Optimizer):
    """Polyak's step length, which asks for loss and gradient at once."""

    needs = frozenset({"loss_and_gradient"})

    def step(self, theta, state, oracle):
        loss, g = oracle.loss_and_gradient(theta)
        return theta - loss / (g @ g) * g, state


def test_gradients_that_come_with_losses_are_clipped_too():
    found = optframe.minimize(
        "quadratic:size=2,condition=1.0", ClipNorm(Polyak(), max=0.5), steps=1, iterates=True
    )
    # f(1, 1) = 1, and (1, 1) shortened to norm ½ is (1, 1)/√8: the step is 4·(1, 1)/√8.
    np.testing.assert_allclose(found.iterates[1], 1 - np.sqrt(2) * np.ones(2), rtol=1e-14)


def test_state_and_solution_are_those_of_the_inner_optimizer(iterate):
    @dataclass(frozen=True)
    class Tenfold(Optimizer):
        needs = frozenset({"gradient", "hessian"})

        def init(self, theta, oracle):
            return "state"

        def step(self, theta, state, oracle):
            return theta, state

        def solution(self, theta, state):
            return 10 * theta

    wrapped = ClipNorm(Tenfold())
    assert wrapped.init(np.ones(2), None) == "state"
    assert wrapped.solution(np.ones(2), "state").tolist() == [10, 10]
    assert wrapped.requires() == {"gradient", "hessian"}


def test_a_gradient_whose_square_overflows_keeps_its_direction(iterate):
    gradient = np.array([[3e20, -4e20]])
    found = iterate(ClipNorm(SGD(lr=1.0), max=1.0), gradient, np.zeros(2), 1, dtype="float32")
    np.testing.assert_allclose(found.iterates[1], [-0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("value", [3e38, 1e-44])
def test_a_finite_gradient_is_clipped_to_its_direction(iterate, value):
    """The norm of (3e38, 3e38, 3e38, 3e38) is above the largest float32."""
    gradient = np.full(4, value, "float32")
    limit = min(1.0, value)
    found = iterate(ClipNorm(SGD(lr=1.0), max=limit), gradient, np.zeros(4), 1, dtype="float32")
    np.testing.assert_allclose(found.iterates[1], -limit / 2, rtol=1e-6, atol=2e-45)


@pytest.mark.parametrize("gradient", [[3.0, -4.0], [0.0, 0.0], [1e-44, 0.0], [3e38, 3e38]])
def test_a_limit_of_zero_leaves_nothing(iterate, gradient):
    """A schedule may come to it."""
    method = ClipNorm(SGD(lr=1.0), max=np.zeros(1))
    found = iterate(method, np.array(gradient), np.ones(2), 1, dtype="float32")
    np.testing.assert_array_equal(found.iterates[1], 1)
