import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chi2

import optframe
from optframe_problems.functions.noisy_quadratic import NoisyQuadratic


@pytest.mark.parametrize("lr", [0.05, 0.5])
@pytest.mark.parametrize("steps", [1, 5, 200])
def test_gradient_descent_is_where_the_documented_formula_says(lr, steps, random):
    """Each θᵢ is normal with mean (1 − εh)ᵏ and variance (1 − aᵏ) V: their squares are χ²(P)."""
    size, h, sigma = 4000, 1.5, 0.8
    problem = NoisyQuadratic(size, h, sigma)
    seed = int(random.integers(2**31))
    result = optframe.minimize(problem, f"sgd:lr={lr}", steps=steps, seed=seed)
    a = (1 - lr * h) ** 2
    variance = lr * sigma**2 / (h * (2 - lr * h)) * (1 - a**steps)
    spread = ((result.theta - (1 - lr * h) ** steps) ** 2).sum() / variance
    low, high = chi2.ppf([1e-9, 1 - 1e-9], size)
    assert low < spread < high
    floor = size * lr * sigma**2 / (2 * (2 - lr * h))
    expected = 0.5 * h * size * a**steps + floor * (1 - a**steps)
    assert result.loss == pytest.approx(expected, rel=0.2)


def test_answers_of_a_step_share_its_noise(random, bind):
    problem = bind(NoisyQuadratic(3, 2.0, 0.5))
    theta, v = random.standard_normal((2, 4, 3))
    noise = problem.draw(None, random)
    assert abs(noise).min() > 0
    expected = (theta**2).sum(-1) + theta @ noise
    assert_allclose(problem.loss(theta, noise), expected, rtol=1e-12, atol=1e-14)
    assert_array_equal(problem.gradient(theta, noise), 2 * theta + noise)
    assert_array_equal(problem.hessian(theta, noise)[2], 2 * np.eye(3))
    assert_array_equal(problem.hvp(theta, v, noise), 2 * v)
    for i in range(3):
        assert_array_equal(problem.partial(theta, i, noise), 2 * theta[:, i] + noise[i])
        moved = theta.copy()
        moved[:, i] = problem.coordinate_minimum(theta, i, noise)
        assert_allclose(problem.partial(moved, i, noise), np.zeros(4), atol=1e-15)


def test_what_is_measured_has_no_noise(random, bind):
    problem = bind(NoisyQuadratic(3, 2.0))
    theta = random.standard_normal((4, 3))
    assert_allclose(problem.metrics(theta)["loss"], (theta**2).sum(-1), rtol=1e-14)
    assert problem.metrics(problem.minimizer)["loss"] == problem.minimum == 0
    assert_array_equal(problem.draw(None, None), np.zeros(3))
    assert_array_equal(problem.start(random), np.ones(3))
    assert problem.records is None
    assert not problem.deterministic


def test_noise_has_the_standard_deviation_asked_for(random, bind):
    noise = bind(NoisyQuadratic(20_000, sigma=0.3)).draw(None, random)
    low, high = chi2.ppf([1e-9, 1 - 1e-9], noise.size)
    assert low < (noise**2).sum() / 0.3**2 < high
