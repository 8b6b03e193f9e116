from math import sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optframe_problems.functions.ackley import Ackley


def test_loss_is_exact_beside_the_minimum(bind):
    """f = 4r + O(r²), where 20 + e − 20 − e would round to nothing."""
    near = 1e-12 * np.array([3.0, 4.0])
    assert bind(Ackley(2)).loss(near) == pytest.approx(4 * 5e-12 / sqrt(2), rel=1e-10)


def test_the_minimizer_among_runs_changes_no_other_run(random, bind):
    bound, theta = bind(Ackley(2)), random.uniform(-4, 4, (3, 2))
    theta[1] = 0
    for answer in (bound.gradient, bound.hessian, lambda point: bound.partial(point, 1)):
        assert_allclose(answer(theta)[0], answer(theta[0]), rtol=1e-14)
        assert np.isfinite(answer(theta)).all()
