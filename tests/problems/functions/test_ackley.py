from math import cos, e, exp, pi, sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.ackley import Ackley


@pytest.mark.parametrize("size", [1, 2, 5])
def test_is_the_published_formula(size, random, bind):
    x = random.uniform(-4, 4, size)
    radius = sqrt(sum(t**2 for t in x) / size)
    waves = sum(cos(2 * pi * t) for t in x) / size
    expected = -20 * exp(-0.2 * radius) - exp(waves) + 20 + e
    assert bind(Ackley(size)).loss(x) == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_minimum_is_zero_at_zero_where_the_gradient_is_a_subgradient(bind):
    bound = bind(Ackley(3))
    assert bound.loss(bound.minimizer) == bound.minimum == 0
    assert_array_equal(bound.gradient(bound.minimizer), np.zeros(3))
    assert np.isfinite(bound.hessian(bound.minimizer)).all()
    assert bound.partial(bound.minimizer, 1) == 0


def test_loss_is_exact_beside_the_minimum(bind):
    """f = 4r + O(r²), where 20 + e − 20 − e would round to nothing."""
    near = 1e-12 * np.array([3.0, 4.0])
    assert bind(Ackley(2)).loss(near) == pytest.approx(4 * 5e-12 / sqrt(2), rel=1e-10)


def test_the_minimizer_among_runs_changes_no_other_run(random, bind):
    bound, theta = bind(Ackley(2)), random.uniform(-4, 4, (3, 2))
    theta[1] = 0
    for answer in (bound.gradient, bound.hessian):
        assert_allclose(answer(theta)[0], answer(theta[0]), rtol=1e-14)
        assert np.isfinite(answer(theta)).all()
