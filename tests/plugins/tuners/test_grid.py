import pytest

from optframe import Space, Tried
from optframe_plugins.tuners.grid import Grid


def test_the_points_are_evenly_spaced_with_both_ends():
    asked = Grid(points=4).ask({"lr": Space(1e-3, 1.0)}, [], 20, 0)
    assert asked == [{"lr": 0.001}, {"lr": 0.01}, {"lr": 0.1}, {"lr": 1.0}]


def test_it_is_a_product_with_the_first_field_slowest():
    space = {"lr": Space(0.0, 1.0), "nesterov": Space(values=(True, False))}
    asked = Grid(points=2).ask(space, [], 4, 0)
    assert [tuple(one.values()) for one in asked] == [(0, True), (0, False), (1, True), (1, False)]


def test_one_point_is_the_middle():
    assert Grid(points=1).ask({"lr": Space(0.0, 1.0)}, [], 1, 0) == [{"lr": 0.5}]


def test_a_space_without_ends_has_the_middles_of_equal_shares():
    asked = Grid(points=3).ask({"lr": Space(mean=-2.0, deviation=1.0)}, [], 3, 0)
    low, middle, high = (one["lr"] for one in asked)
    assert middle == 0.01
    assert low * high == pytest.approx(1e-4, rel=1e-5)
    assert low == pytest.approx(10 ** (-2 - 0.9674215661017012), rel=1e-5)  # Φ⁻¹(5/6)


def test_equal_values_count_once():
    assert len(Grid(points=9).ask({"memory": Space(2, 4, whole=True)}, [], 3, 0)) == 3


def test_more_combinations_than_trials_are_a_mistake():
    space = {"lr": Space(0.0, 1.0), "momentum": Space(0.0, 0.9)}
    with pytest.raises(ValueError, match=r"^grid: found 9 combinations \(3 × 3\) of lr, momentum"):
        Grid(points=3).ask(space, [], 8, 0)


def test_it_goes_on_behind_what_was_proposed():
    space = {"lr": Space(0.0, 1.0)}
    asked = Grid(points=5).ask(space, [], 20, 0)
    history = [Tried(one, 1.0) for one in asked]
    assert Grid(points=5).ask(space, history[:2], 20, 0) == asked[2:]
    assert Grid(points=5).ask(space, history, 20, 0) == []
