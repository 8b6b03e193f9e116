import numpy as np
from numpy.testing import assert_allclose

from optframe_problems.functions.griewank import Griewank


def test_derivatives_survive_cosines_that_vanish(random, bind, slope):
    """θ₁ = π/2 makes the first cosine 0, by which nothing may be divided."""
    bound = bind(Griewank(4))
    theta = random.uniform(-4, 4, 4)
    theta[0] = np.pi / 2
    assert_allclose(bound.gradient(theta), slope(bound.loss, theta), atol=1e-9)
    assert_allclose(bound.hessian(theta), slope(bound.gradient, theta), atol=1e-9)
    v = random.standard_normal(4)
    assert_allclose(bound.hvp(theta, v), bound.hessian(theta) @ v, atol=1e-14)
