"""Himmelblau, Branin and the camel: values from their papers' formulas, and all their minima."""

from math import cos, pi

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.branin import Branin
from optframe_problems.functions.himmelblau import Himmelblau
from optframe_problems.functions.six_hump_camel import SixHumpCamel


def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def branin(x, y):
    a, b, c, r, s, t = 1, 5.1 / (4 * pi**2), 5 / pi, 6, 10, 1 / (8 * pi)
    return a * (y - b * x**2 + c * x - r) ** 2 + s * (1 - t) * cos(x) + s


def camel(x, y):
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (-4 + 4 * y**2) * y**2


CASES = [
    (Himmelblau(), himmelblau, (0, 0)),
    (Branin(), branin, (2.5, 12.5)),
    (SixHumpCamel(), camel, (-1.5, 0.8)),
]
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
]


@pytest.mark.parametrize(
    ("problem", "formula", "start"), CASES, ids=[str(case[0]) for case in CASES]
)
def test_is_the_published_formula_from_the_published_start(problem, formula, start, random, bind):
    x, y = random.uniform(-3, 3, 2)
    assert bind(problem).loss(np.array([x, y])) == pytest.approx(
        formula(x, y), rel=1e-12, abs=1e-11
    )
    assert_array_equal(problem.start(random), start)


@pytest.mark.parametrize(("problem", "point"), MINIMA, ids=str)
def test_every_documented_minimum_is_one(problem, point, bind):
    bound, theta = bind(problem), np.array(point, float)
    assert_allclose(bound.loss(theta), bound.minimum, atol=1e-9)
    assert_allclose(bound.gradient(theta), [0, 0], atol=1e-4)
    assert (np.linalg.eigvalsh(bound.hessian(theta)) > 0).all()


@pytest.mark.parametrize("problem", [case[0] for case in CASES], ids=str)
def test_minimizer_is_exact(problem, bind):
    bound = bind(problem)
    assert_allclose(bound.loss(bound.minimizer), bound.minimum, rtol=0, atol=5e-16)
    assert_allclose(bound.gradient(bound.minimizer), [0, 0], atol=2e-15)


@pytest.mark.parametrize("problem", [case[0] for case in CASES], ids=str)
def test_no_point_of_the_usual_region_is_below_the_minimum(problem, bind):
    axis = np.linspace(-6, 6, 201)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    assert bind(problem).loss(grid).min() >= problem.minimum


def test_branins_minimum_is_the_published_number():
    assert Branin().minimum == pytest.approx(0.397887, abs=5e-7)


def test_the_camels_start_leads_to_a_minimum_that_is_not_the_deepest(bind):
    import optframe

    result = optframe.minimize("six-hump-camel", "sgd:lr=0.02", steps=500)
    assert result.loss == pytest.approx(-0.2154638, abs=1e-7)
    assert Himmelblau().loss(np.zeros(2)) == 170
