import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.cigar import Cigar
from optframe_problems.functions.discus import Discus
from optframe_problems.functions.ellipsoid import Ellipsoid
from optframe_problems.functions.sphere import Sphere

WEIGHTS = [
    (Sphere(3), [1, 1, 1]),
    (Ellipsoid(4), [1, 1e2, 1e4, 1e6]),
    (Ellipsoid(3, condition=25.0), [1, 5, 25]),
    (Ellipsoid(1), [1]),
    (Cigar(3), [1, 1e6, 1e6]),
    (Cigar(1), [1]),
    (Discus(3), [1e6, 1, 1]),
    (Discus(2, condition=7.0), [7, 1]),
]


@pytest.mark.parametrize(("problem", "weights"), WEIGHTS, ids=str)
def test_is_the_published_sum_of_squares(problem, weights, random, bind):
    theta = random.standard_normal((5, len(weights)))
    bound = bind(problem)
    assert_allclose(bound.loss(theta), theta**2 @ np.array(weights), rtol=1e-14)
    assert_allclose(bound.hessian(theta)[3], 2 * np.diag(weights), rtol=1e-14)


@pytest.mark.parametrize("problem", [problem for problem, _ in WEIGHTS], ids=str)
def test_starts_at_ones_above_a_minimum_of_zero(problem, random, bind):
    bound = bind(problem)
    assert_array_equal(bound.start(random), np.ones(bound.size))
    assert bound.loss(bound.minimizer) == bound.minimum == 0
    assert bound.quadratic
