"""That the timing figure shows each seed and the median, in a unit that it names."""

import numpy as np
import pytest

from optframe_reports.figures.timing import Timing


def add(study, optimizer, *paces, **given):
    for pace in paces:
        study.add(np.ones(11), optimizer=optimizer, pace=pace, **given)


def test_each_seed_is_a_point_and_the_median_a_bar_with_its_number(strips, study):
    add(study, "adam", 2e-6, 4e-6, 9e-6)
    add(study, "sgd", 1e-6, 3e-6)
    drawn = strips(Timing(), study.frames())
    assert drawn.points == [pytest.approx([2, 4, 9]), pytest.approx([1, 3])]
    assert drawn.medians == {0: pytest.approx(4), 1: pytest.approx(2)}
    assert drawn.columns == (["median"], {0: ["4.00 µs"], 1: ["2.00 µs"]})
    assert drawn.axes.get_xlabel() == "time per step (µs)"
    assert drawn.rows == ["adam", "sgd"]
    assert drawn.axes.get_xlim()[0] == 0
    assert drawn.axes.get_title("left") == "rosenbrock: 2 to 3 seeds"
    assert not drawn.boxes


def test_the_data_are_every_run_s_seconds_per_step(study):
    add(study, "adam", 2e-6, 4e-6)
    numbers = Timing().data(study.frames())
    assert numbers["seconds"].tolist() == pytest.approx([2e-6, 4e-6])
    assert numbers[["name", "seed"]].to_numpy().tolist() == [["adam", 0], ["adam", 1]]


def test_the_axis_is_logarithmic_if_medians_span_over_a_decade(strips, study):
    add(study, "adam", 2e-3)
    add(study, "newton", 5e-2)
    drawn = strips(Timing(), study.frames())
    assert drawn.axes.get_xscale() == "log"
    assert drawn.axes.get_xlabel() == "time per step (ms)"
    assert drawn.points == [pytest.approx([2]), pytest.approx([50])]


def test_a_diverged_run_has_a_time_and_one_that_took_no_step_has_none(strips, study):
    add(study, "adam", 2e-3, status="diverged")
    study.add([], optimizer="sgd", status="failed")
    study.add([1.0], optimizer="newton", status="stopped")
    assert strips(Timing(), study.frames()).rows == ["adam"]


def test_without_a_step_there_is_nothing_to_draw(study):
    study.add([], status="planned").add([1.0], status="stopped")
    assert Timing().missing(study.frames()) == "no run has taken a step yet"


def test_runs_that_shared_their_steps_have_no_time(strips, study):
    add(study, "adam", 2e-3, trial={"together": 4})
    reason = "all runs ran in batches, so none has its own time"
    assert Timing().missing(study.frames()) == reason
    add(study, "sgd", 2e-3)
    assert strips(Timing(), study.frames()).rows == ["sgd"]


def test_of_many_seeds_the_range_and_the_quartiles_are_drawn(strips, study):
    add(study, "adam", *1e-6 * np.arange(1.0, 102))
    drawn = strips(Timing(), study.frames())
    assert drawn.points == [[]]
    assert drawn.ranges == {0: pytest.approx((1, 101))}
    assert drawn.boxes == {0: pytest.approx((26, 76))}
    assert drawn.medians == {0: pytest.approx(51)}
    assert drawn.axes.get_title("left") == "rosenbrock: 101 seeds, box: quartiles, line: range"
