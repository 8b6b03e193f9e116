"""That the ground is the loss: cubics exactly, the finest landscape first."""

from itertools import pairwise

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Canvas

from optframe.contracts.record import Landscape
from optframe_reports.plotting.loss_contours import Ground, Window, draw_ground, ground


def recorded(loss, low, high, points=48):
    axes = tuple(np.linspace(a, b, points) for a, b in zip(low, high, strict=True))
    return Landscape(axes, loss(*np.meshgrid(*axes, indexing="ij")))


def window(low, high):
    return Window(np.array(low, float), np.array(high, float))


def test_a_cubic_in_each_parameter_comes_out_exactly_between_the_points(random):
    coefficients = random.standard_normal((4, 4))

    def loss(x, y):
        return np.polynomial.polynomial.polyval2d(x, y, coefficients)

    low, size = random.standard_normal(2), random.uniform(0.5, 3, 2)
    # 9 points along each axis, so that the cubics bend a lot between them
    found = ground([recorded(loss, low, low + size, 9)], Window(low + size / 9, low + size * 0.9))
    expected = loss(*np.meshgrid(found.x, found.y, indexing="ij"))
    np.testing.assert_allclose(found.loss, expected, atol=1e-9 * np.abs(expected).max())


def test_each_point_is_of_the_finest_landscape_that_covers_it():
    coarse = recorded(lambda x, y: 0 * x + 1.0, (0, 0), (4, 4))
    fine = recorded(lambda x, y: 0 * x + 2.0, (1, 1), (2, 2))
    for order in ([coarse, fine], [fine, coarse]):
        found = ground(order, window((0, 0), (8, 4)))
        x, y = np.meshgrid(found.x, found.y, indexing="ij")
        inside = (abs(x - 1.5) <= 0.5) & (abs(y - 1.5) <= 0.5)
        np.testing.assert_allclose(found.loss[inside], 2)
        np.testing.assert_allclose(found.loss[~inside & (x <= 4)], 1)
        assert np.isnan(found.loss[x > 4]).all()


def test_beside_a_wall_nothing_swings_and_where_there_is_no_number_nothing_is_drawn():
    def loss(x, y):
        return np.where(x > 1.5, 1e12, np.where(x < 0.5, np.nan, 1 + y))

    found = ground([recorded(loss, (0, 0), (2, 1))], window((0, 0), (2, 1)))
    x, y = np.meshgrid(found.x, found.y, indexing="ij")
    spacing = 2 / 47
    assert np.isnan(found.loss[x < 0.5 - spacing]).all()
    plain = (x > 0.5 + spacing) & (x < 1.5 - spacing)
    np.testing.assert_allclose(found.loss[plain], (1 + y)[plain])
    between = (x > 1.5 - spacing) & np.isfinite(found.loss)
    assert found.loss[between].min() >= 1  # a cubic would swing far below
    assert found.loss[between].max() <= 1.1e12


def test_without_a_landscape_there_is_nothing():
    assert np.isnan(ground([], window((0, 0), (1, 1))).loss).all()
    blank = Landscape((np.arange(5.0), np.arange(5.0)), np.full((5, 5), np.nan))
    assert np.isnan(ground([blank], window((0, 0), (1, 1))).loss).all()
    axes = Canvas().subplots()
    draw_ground(axes, ground([], window((0, 0), (1, 1))), 0.0)
    assert not axes.collections


def test_contours_are_log_spaced_above_the_least_and_lighter_the_lower():
    places = np.linspace(-1, 1, 101)
    bowl = places[:, None] ** 2 + places**2
    axes = Canvas().subplots()
    draw_ground(axes, Ground(places, places, 5 + bowl), 5.0)
    filled, lines = axes.collections
    ratios = lines.levels[1:] / lines.levels[:-1]
    np.testing.assert_allclose(ratios, ratios[0])
    # a circle encloses π times its level of an area of 4
    assert 0.003 < np.pi * lines.levels[0] / 4 < 0.007
    lightness = [to_rgb(color)[0] for color in filled.get_facecolors()]
    assert all(a > b for a, b in pairwise(lightness))
    assert lightness[-1] >= 0.75


def test_a_ground_without_height_has_no_contours():
    places = np.linspace(0, 1, 20)
    axes = Canvas().subplots()
    draw_ground(axes, Ground(places, places, np.full((20, 20), 3.0)), 3.0)
    assert not axes.collections
