"""That each run's cost of the target is shown, and who did not get there is counted."""

import numpy as np
import pytest

from optframe_reports.figures.time_to_target import TimeToTarget

OWN = {"target": 0.1, "target_metric": "loss"}


def reach(study, optimizer, *steps, pace=1e-3):
    """Add runs that end at the target after so many steps; None never gets there."""
    for count in steps:
        length = 21 if count is None else count + 1
        loss = np.linspace(1.0, 0.5 if count is None else 0.1, length)
        status = "finished" if count is None else "converged"
        study.add(loss, optimizer=optimizer, status=status, pace=pace, trial=OWN)


def test_a_target_above_f_star_is_called_so(strips, study):
    own = {"target": 1e-6, "target_metric": "gap", "work": 7}
    study.add([9.0, 3.0 + 5e-7], minimum=3.0, status="converged", trial=own)
    study.add([9.0, 3.0 + 5e-6], minimum=3.0, trial=own)
    drawn = strips(TimeToTarget(), study.frames())
    assert drawn.points == [[7]]
    assert drawn.axes.get_xlabel() == "work (full gradients) to reach f − f* ≤ 1e-6"
    lower = strips(TimeToTarget(x="steps", target=1.0, metric="gap"), study.frames())
    assert lower.points == [[1, 1]]
    plain = TimeToTarget(target=1.0, metric="gap")
    study.trials[0]["minimum"] = study.trials[1]["minimum"] = np.nan
    assert plain.missing(study.frames()) == "no run measured gap"


def test_each_run_is_a_point_where_it_reached_the_study_s_target(strips, study):
    reach(study, "adam", 4, 9, 6)
    reach(study, "sgd", 12, None, 10)
    reach(study, "lion", None, None, 15)
    frames = study.frames()
    drawn = strips(TimeToTarget(x="steps"), frames)
    assert drawn.points == [[4, 6, 9], [10, 12], [15]]
    assert drawn.medians == {0: 6, 1: 12}
    headings, beside = drawn.columns
    assert headings == ["not reached", "median"]
    assert beside == {0: ["6"], 1: ["× 1", "12"], 2: ["× 2", "∞"]}
    assert drawn.axes.get_xlabel() == "steps to reach loss ≤ 0.1"
    numbers = TimeToTarget(x="steps").data(frames)
    assert numbers["steps"].tolist() == [4, 9, 6, 12, np.inf, 10, np.inf, np.inf, 15]


def test_whoever_was_lost_did_not_get_there(strips, study):
    reach(study, "adam", 4)
    for status in ("diverged", "failed"):
        study.add([1.0, 0.05], optimizer="adam", status=status, trial=OWN)
    study.add([], optimizer="adam", status="planned", trial=OWN)
    headings, beside = strips(TimeToTarget(x="steps"), study.frames()).columns
    assert headings == ["not reached", "median"]
    assert beside == {0: ["× 2", "∞"]}


def test_a_target_can_be_chosen_and_is_reached_at_a_checkpoint(strips, study):
    study.add([1.0, 0.6, 0.3, 0.4], x=[0, 5, 10, 20])
    study.add([1.0, 0.5, 0.3, 0.4], x=[0, 5, 10, 20])
    study.add([1.0, 0.6, 0.7, 0.55], x=[0, 5, 10, 20])
    drawn = strips(TimeToTarget(target=0.5, x="gradients"), study.frames())
    assert drawn.points == [[10, 20]]  # two gradients a step
    assert drawn.medians == {0: 20}
    assert drawn.axes.get_xlabel() == "gradient evaluations to reach loss ≤ 0.5"
    assert drawn.columns[1] == {0: ["× 1", "20"]}


def test_an_accuracy_is_reached_from_below(strips, study):
    study.add([1.0, 0.5, 0.2], test_accuracy=[0.1, 0.6, 0.95])
    figure = TimeToTarget(x="steps", target=0.9, metric="test_accuracy")
    drawn = strips(figure, study.frames())
    assert drawn.points == [[2]]
    assert drawn.axes.get_xlabel() == "steps to reach test accuracy ≥ 0.9"


def test_seconds_are_in_the_unit_that_fits_and_of_runs_alone(strips, study):
    reach(study, "adam", 4, 8, pace=1e-3)
    reach(study, "sgd", 4)
    study.trials[-1]["together"] = 2
    drawn = strips(TimeToTarget(x="seconds"), study.frames())
    assert drawn.rows == ["adam"]
    assert drawn.points == [pytest.approx([4, 8])]
    assert drawn.axes.get_xlabel() == "time (ms) to reach loss ≤ 0.1"
    assert drawn.columns[1] == {0: ["6.00 ms"]}


def test_the_axis_is_logarithmic_if_medians_span_over_a_decade(strips, study):
    reach(study, "adam", 4)
    reach(study, "sgd", 50)
    assert strips(TimeToTarget(x="steps"), study.frames()).axes.get_xscale() == "log"


def test_a_box_that_reaches_those_who_did_not_get_there_is_open(strips, study):
    reach(study, "adam", *range(1, 41), *[None] * 20)
    drawn = strips(TimeToTarget(x="steps"), study.frames())
    assert drawn.boxes[0] == pytest.approx((15.75, drawn.axes.get_xlim()[1]))  # of 60, linear rule
    assert drawn.medians == {0: 30.5}


def test_nobody_gets_there(strips, study):
    reach(study, "adam", None, None)
    drawn = strips(TimeToTarget(x="steps"), study.frames())
    assert (drawn.points, drawn.medians) == ([[]], {})
    assert drawn.columns[1] == {0: ["× 2", "∞"]}
    strips(TimeToTarget(x="seconds"), study.frames())


def test_runs_that_shared_their_steps_have_no_time(study):
    reach(study, "adam", 4)
    study.trials[-1]["together"] = 2
    reason = "all runs ran in batches, so none has its own time"
    assert TimeToTarget(x="seconds").missing(study.frames()) == reason
