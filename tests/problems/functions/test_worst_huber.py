import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe_problems.functions.worst_huber import WorstHuber


@pytest.mark.parametrize("steps", [1, 2, 10, 100])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_gradient_descent_ends_exactly_at_the_bound(steps, size, random):
    smoothness, radius = random.uniform(0.5, 20, 2)
    problem = WorstHuber(steps, size, float(smoothness), float(radius))
    result = optframe.minimize(
        problem, f"sgd:lr={float(1 / smoothness)!r}", steps=steps, iterates=True
    )
    bound = smoothness * radius**2 / (4 * steps + 2)
    assert result.loss == pytest.approx(bound, rel=1e-12)
    moves = np.linalg.norm(np.diff(result.iterates, axis=0), axis=-1)
    assert_allclose(moves, radius / (2 * steps + 1), rtol=1e-11)


def test_parabola_and_cone_meet_smoothly(random, bind):
    bound = bind(WorstHuber(steps=2, size=3, smoothness=4.0, radius=10.0))  # τ = 2
    direction = random.standard_normal(3)
    direction /= np.linalg.norm(direction)
    for distance, loss, slope in ((1.0, 2.0, 4.0), (2.0, 8.0, 8.0), (5.0, 32.0, 8.0)):
        theta = distance * direction
        assert bound.loss(theta) == pytest.approx(loss, rel=1e-13)
        assert_allclose(bound.gradient(theta), slope * direction, rtol=1e-13)
    inside, outside = bound.hessian(direction), bound.hessian(5 * direction)
    assert_allclose(inside, 4 * np.eye(3), rtol=1e-14)
    expected = 8 / 5 * (np.eye(3) - np.outer(direction, direction))
    assert_allclose(outside, expected, atol=1e-14)


def test_start_is_at_the_radius_from_the_minimum(random, bind):
    bound = bind(WorstHuber(size=7, radius=3.0))
    assert np.linalg.norm(bound.start(random)) == pytest.approx(3, rel=1e-15)
    assert bound.loss(bound.minimizer) == bound.minimum == 0
    assert_array_equal(bound.gradient(bound.minimizer), np.zeros(7))
