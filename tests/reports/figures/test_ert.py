"""That the line is the expected running time, with who did not get there."""

import numpy as np
import pytest

from optframe_reports.figures.ert import Ert


def ert(table, target):
    """Return what the figure draws at a target."""
    row = table[np.isclose(table["target"], target, rtol=1e-6, atol=0)]
    assert len(row) == 1
    return row.iloc[0]


def test_failures_are_paid_for_and_divided_by_the_successes(race, drawn):
    race.add("a", path=[(0, 1.0), (10, 0.09), (50, 0.0)])
    race.add("a", path=[(0, 1.0), (30, 0.09), (70, 0.05)])
    race.add("a", path=[(0, 1.0), (100, 0.5)])
    frames = race.frames()
    table = Ert().data(frames)
    assert ert(table, 0.1)[["ert", "reached"]].tolist() == [(10 + 30 + 100) / 2, 2]
    assert ert(table, 1e-8)[["ert", "reached"]].tolist() == [50 + 70 + 100, 1]
    assert ert(table, 10**-0.2)[["ert", "reached", "runs"]].tolist() == [(10 + 30 + 100) / 3, 3, 3]
    picture = drawn(Ert(), frames)
    assert picture.legend == ["a: 3 of 3 to 0.6, 1 of 3 to 1e-8"]
    assert picture.axes.get_xlabel() == "loss − f*"
    assert picture.axes.get_ylabel() == "expected work (full gradients)"
    left, right = picture.axes.get_xlim()
    assert left > right  # hard targets are at the right
    assert picture.title == "rosenbrock: expected running time, 95 % interval of 3 seeds"


def test_the_line_is_solid_where_all_get_there_dashed_where_some_do_and_ends_in_a_cross(
    race, drawn
):
    race.add("a", path=[(0, 1.0), (10, 0.09), (50, 0.009)])
    race.add("a", path=[(0, 1.0), (10, 0.09)])
    frames = race.frames()
    picture = drawn(Ert(), frames)
    solid, dashed, cross = picture.axes.lines
    assert solid.get_xdata()[-1] == dashed.get_xdata()[0] == pytest.approx(0.1)
    assert dashed.get_xdata()[-1] == pytest.approx(0.01)
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert cross.get_xydata()[0].tolist() == pytest.approx([0.01, 60])
    assert picture.legend == [
        "a: 2 of 2 to 0.1, 1 of 2 to 0.01",
        "no run of it reaches the next target",
    ]
    table = Ert().data(frames)
    table = table[np.isfinite(table["ert"])]
    points = [*solid.get_xydata(), *dashed.get_xydata()[1:]]
    np.testing.assert_array_equal(points, table[["target", "ert"]])


def test_a_line_may_be_dashed_from_its_beginning(race, drawn):
    for name in "abcdefgh":  # from the seventh on, lines have markers
        race.add(name, cost=10).add(name, loss=0.9)
    picture = drawn(Ert(), race.frames())
    lines = [line for line in picture.axes.lines if len(line.get_xdata()) > 1]
    assert {line.get_linestyle() for line in lines} == {"--"}
    assert picture.legend[-2] == "h: 1 of 2 to 6e-7"


def test_the_band_is_the_bootstrap_interval(race, drawn):
    for cost in (10, 20, 30, 40, 50, 60):
        race.add("a", cost=cost)
    frames = race.frames()
    table = Ert().data(frames)
    corners = drawn(Ert(), frames).band[:, 1]
    row = ert(table, 1e-3)
    assert row["ert_low"] < row["ert"] == 35 < row["ert_high"]
    assert {row["ert_low"], row["ert_high"]} <= set(corners)


def test_one_seed_has_no_band_and_the_title_says_so(race, drawn):
    picture = drawn(Ert(), race.add("a", cost=10).frames())
    assert not picture.axes.collections
    assert picture.title == "rosenbrock: expected running time, one seed"


def test_runs_that_were_lost_before_are_among_those_that_failed(race, drawn):
    race.add("a", path=[(0, 1.0), (10, 0.09)], status="diverged")
    race.add("a", path=[(0, 1.0), (30, 0.0)])
    race.add("b", path=[(0, 1.0), (30, 0.0)], status="diverged")
    table = Ert().data(race.frames())
    assert ert(table[table["name"] == "a"], 0.1)["ert"] == 30 + 30  # charged what the other spent
    picture = drawn(Ert(), race.frames())
    assert picture.legend == [
        "a (1 of 2 diverged): 1 of 2 to 1e-8",
        "b (1 of 1 diverged): none reached",
    ]
    assert set(picture.lines) == {"a"}


def test_relative_targets_are_shares_of_the_way(race, drawn):
    race.add("a", path=[(0, 5.0), (20, 3.0), (40, 1.0)], minimum=1.0)
    table = Ert(targets="relative").data(race.frames())
    assert ert(table, 10**-0.2)["ert"] == 20  # 1 + 0.63 · 4 = 3.5
    assert ert(table, 10**-0.4)["ert"] == 40
    picture = drawn(Ert(targets="relative"), race.frames())
    assert picture.axes.get_xlabel() == "share that is left of loss − f*"


@pytest.mark.parametrize(("by", "scale"), [("steps", 0.5), ("evaluations", 3), ("seconds", 1e-3)])
def test_other_costs_are_named(race, drawn, by, scale):
    race.add("a", cost=40)
    assert ert(Ert(by=by).data(race.frames()), 1e-3)["ert"] == pytest.approx(40 * scale)
    assert drawn(Ert(by=by), race.frames()).axes.get_ylabel() == f"expected {by}"


def test_without_f_star_there_is_no_false_cliff(race, drawn):
    race.add("a", path=[(0, 1.0), (10, 0.0)], minimum=np.nan)
    race.add("b", path=[(0, 1.0), (10, 1.001e-3)], minimum=np.nan)
    picture = drawn(Ert(), race.frames())
    assert picture.axes.get_xlim()[1] == pytest.approx(1e-3 / 1.2)
    assert picture.axes.get_xlabel() == "loss − the best loss found"


def test_what_costs_nothing_has_no_place_on_a_logarithmic_axis(race, drawn):
    path = [(0, 1.0), (10, 0.0)]
    frames = race.add("a", path=path).add("b", path=path).frames()
    frames.trials.loc[1, "work"] = 0.0
    frames.curves.loc[frames.curves["key"] == "key1", "work"] = 0.0
    picture = drawn(Ert(), frames)
    assert picture.legend == ["a: 1 of 1 to 1e-8", "b: 1 of 1 to 1e-8, at no cost"]
    assert set(picture.lines) == {"a"}


def test_where_nothing_is_reached_there_are_axes_without_a_line(race, drawn):
    race.add("a", path=[(0, 1.0), (9, np.inf)], status="diverged")
    picture = drawn(Ert(), race.frames())
    assert picture.legend == ["a (1 of 1 diverged): none reached"]


def test_what_cannot_be_drawn_is_said(race):
    frames = race.add("a", status="planned").frames()
    assert Ert().missing(frames) == "no trial has run yet"
    frames = race.add("a", cost=10, together=4).frames()
    assert Ert(by="seconds").missing(frames).startswith("all runs ran in batches")
