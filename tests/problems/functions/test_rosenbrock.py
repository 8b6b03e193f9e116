import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.rosenbrock import Rosenbrock


def test_starts_at_the_published_point(bind):
    problem = bind(Rosenbrock())
    start = problem.start(np.random.default_rng(0))
    assert_array_equal(start, [-1.2, 1.0])
    assert problem.loss(start) == pytest.approx(24.2, rel=1e-15)
    assert not problem.draws_start
    assert not problem.draws_instance


def test_minimum_is_zero_at_one_one(bind):
    problem = bind(Rosenbrock())
    assert problem.loss(problem.minimizer) == problem.minimum == 0
    assert_array_equal(problem.gradient(problem.minimizer), [0, 0])


def test_hessian_at_the_minimum_is_the_published_one(bind):
    hessian = bind(Rosenbrock()).hessian(np.ones(2))
    assert_array_equal(hessian, [[802, -400], [-400, 200]])
    assert np.linalg.cond(hessian) == pytest.approx(2508.0, abs=0.1)


def test_loss_is_the_published_formula(random, bind):
    x, y = random.uniform(-2, 2, 2)
    expected = 100 * (y - x**2) ** 2 + (1 - x) ** 2
    assert_allclose(bind(Rosenbrock()).loss(np.array([x, y])), expected, rtol=1e-14)
