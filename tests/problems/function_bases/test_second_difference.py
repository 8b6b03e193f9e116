from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.poisson import Poisson
from optframe_problems.functions.trid import Trid


@pytest.mark.parametrize("kind", [Poisson, Trid])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_hessian_has_the_eigenvalues_of_the_second_difference(kind, size, bind):
    bound = bind(kind(size))
    expected = 2 - 2 * np.cos(np.pi * np.arange(1, size + 1) / (size + 1))
    assert_allclose(np.linalg.eigvalsh(bound.hessian(np.ones(size))), expected, rtol=1e-12)
    assert bound.quadratic


@pytest.mark.parametrize("kind", [Poisson, Trid])
def test_the_last_coordinate_may_be_called_minus_one(kind, random, bind):
    bound, theta = bind(kind(7)), random.standard_normal((4, 7))
    for word in (bound.partial, bound.coordinate_minimum):
        assert_array_equal(word(theta, -1), word(theta, 6))


def test_poisson_is_half_the_sum_of_squared_differences(random, bind):
    theta = random.standard_normal((3, 6))
    stretched = np.pad(theta, ((0, 0), (1, 1)))
    expected = (np.diff(stretched, axis=-1) ** 2).sum(axis=-1) / 2
    assert_allclose(bind(Poisson(6)).loss(theta), expected, rtol=1e-13)


def test_poisson_starts_flat_but_for_its_ends(random, bind):
    bound = bind(Poisson(5))
    start = bound.start(random)
    assert_array_equal(bound.gradient(start), [1, 0, 0, 0, 1])
    assert bound.loss(start) == 1
    assert bound.loss(bound.minimizer) == bound.minimum == 0


@pytest.mark.parametrize("size", [1, 2, 6, 10, 33])
def test_trid_has_its_published_minimum(size, bind):
    bound = bind(Trid(size))
    assert bound.loss(bound.minimizer) == bound.minimum
    assert_array_equal(bound.gradient(bound.minimizer), np.zeros(size))
    assert bound.minimum == -Fraction(size * (size + 4) * (size - 1), 6)
