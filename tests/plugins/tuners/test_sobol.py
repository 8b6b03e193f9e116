import numpy as np
import pytest

from optframe import Space, Tried
from optframe_plugins.tuners.sobol import Sobol, points


def unit(count):
    return {f"x{i}": Space(0.0, 1.0) for i in range(count)}


def test_a_shorter_search_is_the_beginning_of_a_longer_one():
    asked = Sobol().ask(unit(2), [], 50, 3)
    assert len(asked) == 50
    assert Sobol().ask(unit(2), [], 5, 3) == asked[:5]
    history = [Tried(one, 1.0) for one in asked[:25]]
    assert Sobol().ask(unit(2), history, 50, 3) == asked[25:]
    assert Sobol().ask(unit(2), history, 25, 3) == []


def test_a_field_behind_the_others_changes_none_of_their_values():
    two = Sobol().ask(unit(2), [], 16, 3)
    assert [{k: one[k] for k in ("x0", "x1")} for one in Sobol().ask(unit(3), [], 16, 3)] == two


@pytest.mark.parametrize("column", range(4))
def test_each_sixteenth_of_a_field_has_one_of_sixteen_points(column):
    u = points(16, 11)[:, column]
    assert sorted(np.floor(u * 16).astype(int)) == list(range(16))


def test_one_trial_is_possible():
    assert len(Sobol().ask(unit(1), [], 1, 0)) == 1


def test_seeds_give_other_points():
    assert Sobol().ask(unit(1), [], 4, 0) != Sobol().ask(unit(1), [], 4, 1)


def test_more_fields_than_columns_are_a_mistake_of_one_line():
    assert len(Sobol().ask(unit(32), [], 2, 0)[1]) == 32
    with pytest.raises(ValueError, match=r"^sobol: found 33 fields, expected at most 32; use"):
        Sobol().ask(unit(33), [], 2, 0)


def test_more_trials_than_memory_are_a_mistake_of_one_line():
    with pytest.raises(ValueError, match=r"^sobol: found 1000000000 trials, expected at most"):
        Sobol().ask(unit(1), [], 10**9, 0)
