from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from optframe_problems.functions.hilbert import Hilbert


def test_hessian_is_hilberts_matrix(bind):
    expected = [[1, 1 / 2, 1 / 3], [1 / 2, 1 / 3, 1 / 4], [1 / 3, 1 / 4, 1 / 5]]
    assert_array_equal(bind(Hilbert(3)).hessian(np.ones(3)), expected)


@pytest.mark.parametrize("size", [1, 4, 10])
def test_start_is_worth_half_the_sum_of_the_matrix(size, random, bind):
    bound = bind(Hilbert(size))
    total = sum(Fraction(1, i + j + 1) for i in range(size) for j in range(size))
    assert bound.loss(bound.start(random)) == pytest.approx(float(total / 2), rel=1e-14)


def test_condition_numbers_are_the_documented_ones(bind):
    for size, condition in ((6, 1.5e7), (10, 1.6e13)):
        found = np.linalg.cond(bind(Hilbert(size)).hessian(np.ones(size)))
        assert found == pytest.approx(condition, rel=0.03)
