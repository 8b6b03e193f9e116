import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe_problems.functions.monkey_saddle import MonkeySaddle
from optframe_problems.functions.saddle import Saddle

MINIMA = [
    (Saddle(), (0, 1), [4, 4]),
    (Saddle(), (0, -1), [4, 4]),
    (MonkeySaddle(), (-1, 0), [3, 9]),
    (MonkeySaddle(), (0.5, 0.75**0.5), [3, 9]),
    (MonkeySaddle(), (0.5, -(0.75**0.5)), [3, 9]),
]


@pytest.mark.parametrize(("problem", "point", "eigenvalues"), MINIMA, ids=str)
def test_every_documented_minimum_is_one(problem, point, eigenvalues, bind):
    bound, theta = bind(problem), np.array(point)
    assert_allclose(bound.loss(theta), bound.minimum, rtol=1e-15)
    assert_allclose(bound.gradient(theta), [0, 0], atol=2e-15)
    assert_allclose(np.linalg.eigvalsh(bound.hessian(theta)), eigenvalues, rtol=1e-14)


@pytest.mark.parametrize(
    ("problem", "eigenvalues"), [(Saddle(), [-2, 2]), (MonkeySaddle(), [0, 0])]
)
def test_the_origin_is_a_saddle(problem, eigenvalues, random, bind):
    bound = bind(problem)
    assert_array_equal(bound.gradient(np.zeros(2)), [0, 0])
    assert_array_equal(np.linalg.eigvalsh(bound.hessian(np.zeros(2))), eigenvalues)
    angles = np.linspace(0, 2 * np.pi, 60)
    around = bound.loss(0.01 * np.stack([np.cos(angles), np.sin(angles)], axis=-1))
    assert around.min() < 0 < around.max()
    assert 0 < np.linalg.norm(bound.start(random)) < 0.5


@pytest.mark.parametrize("problem", ["saddle", "monkey-saddle"])
def test_newton_is_drawn_to_the_saddle(problem):
    result = optframe.minimize(problem, "newton", steps=100)
    assert_allclose(result.theta, [0, 0], atol=1e-15)


@pytest.mark.parametrize("optimizer", ["sgd:lr=0.05", "lbfgs", "adam:lr=0.05"])
@pytest.mark.parametrize("problem", ["saddle", "monkey-saddle"])
def test_methods_that_go_downhill_leave_it(problem, optimizer):
    result = optframe.minimize(problem, optimizer, steps=300)
    assert result.loss == pytest.approx(optframe.make(problem).minimum, abs=1e-6)


@pytest.mark.parametrize(("damping", "loss"), [(0.9, 0), (1.1, -0.5), (3, -0.5)])
def test_regularized_newton_leaves_it_where_damping_is_above_half_the_curvature(damping, loss):
    """λmin = −2 at the saddle: α < 1 is drawn to it, α > 1 is not."""
    result = optframe.minimize("saddle", f"regularized-newton:damping={damping}", steps=300)
    assert result.loss == pytest.approx(loss, abs=1e-9)


def test_newton_halves_the_distance_to_the_monkey_saddle():
    near = optframe.minimize(
        "monkey-saddle", "newton", steps=5, theta0=[1e-4, 2e-4], iterates=True
    ).iterates
    assert_allclose(near[1:], near[:-1] / 2, rtol=1e-3)
