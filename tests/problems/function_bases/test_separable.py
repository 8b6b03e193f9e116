from math import pi

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optframe_problems.functions.rastrigin import Rastrigin
from optframe_problems.functions.styblinski_tang import StyblinskiTang


@pytest.mark.parametrize("size", [1, 2, 5])
def test_styblinski_tang_has_the_published_minimum(size, bind):
    bound = bind(StyblinskiTang(size))
    assert bound.minimum / size == pytest.approx(-39.16617, abs=5e-6)
    assert_allclose(bound.loss(bound.minimizer), bound.minimum, rtol=1e-15)
    assert_allclose(bound.gradient(bound.minimizer), np.zeros(size), atol=1e-13)
    grid = np.linspace(-5, 5, 1001)[:, None] * np.ones(size)
    assert bound.loss(grid).min() >= bound.minimum


def test_styblinski_tang_has_the_documented_second_well(bind):
    bound, well = bind(StyblinskiTang(1)), np.array([2.746802770990837])
    assert bound.loss(well) == pytest.approx(-25.029446655283943, rel=1e-14)
    assert_allclose(bound.gradient(well), [0], atol=1e-13)
    assert bound.hessian(well) > 0


def test_rastrigin_is_exact_beside_its_minimum(bind):
    """f = (1 + 20π²) Σx² + O(x⁴), where 10 P − 10 Σ cos 2πx would round to nothing."""
    bound = bind(Rastrigin(2))
    assert bound.loss(bound.minimizer) == bound.minimum == 0
    near = np.array([1e-10, -2e-10])
    assert bound.loss(near) == pytest.approx((1 + 20 * pi**2) * 5e-20, rel=1e-12)
