"""That the profile is Moré and Wild's, in groups of P + 1 evaluations."""

import numpy as np
import pytest

from optframe_reports.figures.data_profile import DataProfile


def test_the_lines_are_the_shares_of_problems_solved_with_a_budget(race, drawn):
    # down to f* + 0.1 (f(x₀) − f*): 1.2 and 0.1
    race.add("a", "p", path=[(0, 3.0), (10, 1.3), (40, 1.2)], minimum=1.0, size=4.0)
    race.add("a", "q", path=[(0, 1.0), (6, 0.1)], size=2.0)
    race.add("b", "p", path=[(0, 3.0), (100, 2.0)], minimum=1.0, size=4.0)
    race.add("b", "q", path=[(0, 1.0), (12, 0.05)], size=2.0)
    frames = race.frames()
    picture = drawn(DataProfile(target="relative", tau=0.1), frames)
    end = picture.axes.get_xlim()[1]
    assert picture.lines["a"].tolist() == [[0, 0], [2, 1 / 2], [8, 1], [end, 1]]
    assert picture.lines["b"].tolist() == [[0, 0], [4, 1 / 2], [end, 1 / 2]]
    assert picture.axes.get_xlabel() == "work (full gradients) / (P + 1)"
    assert picture.legend == ["a (2 of 2)", "b (1 of 2)"]
    assert "Target: all but 0.1 of the way from the start down to f*." in picture.notes
    assert (picture.axes.get_xscale(), picture.axes.get_xlim()[0]) == ("linear", 0)
    data = DataProfile(target="relative", tau=0.1).data(frames)
    assert data[["cost", "fraction"]].to_numpy().tolist() == [
        *picture.lines["a"][:-1].tolist(),
        *picture.lines["b"][:-1].tolist(),
    ]


def test_the_tolerance_decides(race, drawn):
    for name, factor in (("a", 1), ("b", 2)):
        race.add(name, path=[(0, 1.0), *((factor * 4 * k, 10.0**-k) for k in range(1, 8))])
    for k in (1, 3, 5, 7):
        picture = drawn(DataProfile(target="relative", tau=10.0**-k * (1 + 1e-9)), race.frames())
        assert picture.lines["a"][1].tolist() == [k, 1]  # of 4 k evaluations, in groups of 4
        assert picture.lines["b"][1].tolist() == [2 * k, 1]


def test_a_run_that_was_lost_has_not_solved_the_problem(race, drawn):
    race.add("a", path=[(0, 1.0), (8, 0.5)], status="diverged")
    race.add("b", path=[(0, 1.0), (8, 0.0)])
    picture = drawn(DataProfile(target="relative", tau=0.9), race.frames())
    assert picture.legend == ["a (0 of 1; 1 of 1 diverged)", "b (1 of 1)"]


def test_where_f_star_is_unknown_the_best_loss_takes_its_place(race, drawn):
    race.add("a", path=[(0, 3.0), (10, 2.0), (12, 1.1)], minimum=np.nan)
    race.add("b", path=[(0, 3.0), (20, 1.0)], minimum=np.nan)
    picture = drawn(DataProfile(target="relative", tau=0.1), race.frames())
    assert picture.legend == ["a (1 of 1)", "b (1 of 1)"]
    assert "down to the best loss found." in picture.notes
    picture = drawn(DataProfile(target="relative", tau=0.01), race.frames())
    assert picture.legend == ["a (0 of 1)", "b (1 of 1)"]


@pytest.mark.parametrize(("by", "scale"), [("steps", 0.5), ("seconds", 1e-3)])
def test_steps_and_seconds_are_not_divided(race, drawn, by, scale):
    race.table({"a": [40.0], "b": [90.0]})
    picture = drawn(DataProfile(by=by, target="study"), race.frames())
    assert picture.axes.get_xlabel() == by
    assert picture.lines["a"][1].tolist() == pytest.approx([40 * scale, 1])
    assert "Target: the study's target." in picture.notes


def test_costs_of_more_than_two_decades_lie_on_a_logarithmic_axis(race, drawn):
    picture = drawn(DataProfile(), race.table({"a": [4.0, 8.0], "b": [1000.0, 8.0]}).frames())
    assert picture.axes.get_xscale() == "log"
    assert 0 < picture.axes.get_xlim()[0] < 1


def test_without_a_number_of_parameters_there_are_no_groups(race):
    frames = race.table({"a": [4.0], "b": [8.0]}).frames()
    frames.trials["size"] = np.nan
    assert DataProfile().missing(frames) == "no run knows how many parameters its problem has"
    assert DataProfile(by="steps").missing(frames) is None
