"""Functions of two parameters: all their minima."""

from math import pi

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optframe
from optframe_problems.functions.branin import Branin
from optframe_problems.functions.himmelblau import Himmelblau
from optframe_problems.functions.monkey_saddle import MonkeySaddle
from optframe_problems.functions.saddle import Saddle
from optframe_problems.functions.six_hump_camel import SixHumpCamel

MINIMA = [
    (Himmelblau(), (3, 2)),
    (Himmelblau(), (-2.805118, 3.131313)),
    (Himmelblau(), (-3.779310, -3.283186)),
    (Himmelblau(), (3.584428, -1.848127)),
    (Branin(), (pi, 2.275)),
    (Branin(), (-pi, 12.275)),
    (Branin(), (3 * pi, 2.475)),
    (SixHumpCamel(), (0.08984201310031806, -0.7126564030207396)),
    (SixHumpCamel(), (-0.08984201310031806, 0.7126564030207396)),
    (Saddle(), (0, 1)),
    (MonkeySaddle(), (-1, 0)),
]


@pytest.mark.parametrize(("problem", "point"), MINIMA, ids=str)
def test_every_documented_minimum_is_one(problem, point, bind):
    bound, theta = bind(problem), np.array(point, float)
    assert_allclose(bound.loss(theta), bound.minimum, atol=1e-9)
    assert_allclose(bound.gradient(theta), [0, 0], atol=1e-4)
    assert (np.linalg.eigvalsh(bound.hessian(theta)) > 0).all()


@pytest.mark.parametrize("problem", sorted({problem for problem, _ in MINIMA}, key=str), ids=str)
def test_no_point_of_the_usual_region_is_below_the_minimum(problem, bind):
    axis = np.linspace(-6, 6, 201)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    assert bind(problem).loss(grid).min() >= problem.minimum


def test_the_camels_start_leads_to_a_minimum_that_is_not_the_deepest(bind):
    result = optframe.minimize("six-hump-camel", "sgd:lr=0.02", steps=500)
    assert result.loss == pytest.approx(-0.2154638, abs=1e-7)
