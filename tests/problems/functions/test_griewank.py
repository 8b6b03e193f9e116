from math import cos, prod, sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optframe_problems.functions.griewank import Griewank


@pytest.mark.parametrize("size", [1, 2, 5])
def test_is_the_published_formula(size, random, bind):
    x = random.uniform(-50, 50, size)
    waves = prod(cos(t / sqrt(i + 1)) for i, t in enumerate(x))
    expected = 1 + sum(t**2 for t in x) / 4000 - waves
    assert bind(Griewank(size)).loss(x) == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_minimum_is_zero_at_zero(bind):
    bound = bind(Griewank(3))
    assert bound.loss(bound.minimizer) == bound.minimum == 0
    expected = np.diag([1 + 1 / 2000, 1 / 2 + 1 / 2000, 1 / 3 + 1 / 2000])
    assert_allclose(bound.hessian(bound.minimizer), expected, rtol=1e-14)


def test_derivatives_survive_cosines_that_vanish(random, bind, slope):
    """θ₁ = π/2 makes the first cosine 0, by which nothing may be divided."""
    bound = bind(Griewank(4))
    theta = random.uniform(-4, 4, 4)
    theta[0] = np.pi / 2
    assert_allclose(bound.gradient(theta), slope(bound.loss, theta), atol=1e-9)
    assert_allclose(bound.hessian(theta), slope(bound.gradient, theta), atol=1e-9)
    v = random.standard_normal(4)
    assert_allclose(bound.hvp(theta, v), bound.hessian(theta) @ v, atol=1e-14)
