import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.zakharov import Zakharov


def test_loss_is_the_published_formula(random, bind):
    x = random.standard_normal(4)
    s = sum(0.5 * (i + 1) * x[i] for i in range(4))
    expected = sum(x[i] ** 2 for i in range(4)) + s**2 + s**4
    assert bind(Zakharov(4)).loss(x) == pytest.approx(expected, rel=1e-13)


def test_start_and_minimum(random, bind):
    bound = bind(Zakharov(4))
    assert bound.loss(bound.start(random)) == 4 + 5**2 + 5**4  # s = (1 + 2 + 3 + 4)/2
    assert bound.loss(bound.minimizer) == bound.minimum == 0


def test_hessian_at_the_minimum_is_twice_one_plus_an_outer_product(bind):
    w = np.array([0.5, 1, 1.5])
    hessian = bind(Zakharov(3)).hessian(np.zeros(3))
    assert_array_equal(hessian, 2 * np.eye(3) + 2 * np.outer(w, w))
    assert_allclose(np.linalg.cond(hessian), 1 + w @ w, rtol=1e-13)
