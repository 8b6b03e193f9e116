"""That final results are shown seed by seed, and that lost runs are neither dropped nor imputed."""

import numpy as np
import pytest

from optframe_reports.figures.distribution import Distribution


def end(study, optimizer, *finals, **given):
    for final in finals:
        study.add([4.0, final], optimizer=optimizer, **given)


def test_each_seed_is_a_point_with_box_and_median(strips, study):
    end(study, "adam", 1.0, 2.0, 3.0, 5.0, 9.0)
    end(study, "sgd", 2.0, 4.0)
    frames = study.frames()
    drawn = strips(Distribution(), frames)
    assert drawn.points == [[1, 2, 3, 5, 9], [2, 4]]
    assert drawn.medians == {0: 3, 1: 3}
    assert drawn.boxes == {0: (2, 5)}  # two seeds have no quartiles
    assert drawn.columns == (["median"], {0: ["3"], 1: ["3"]})
    assert drawn.axes.get_xlabel() == "final loss"
    assert drawn.axes.get_title("left") == "rosenbrock: 2 to 5 seeds, box: quartiles"
    assert Distribution().data(frames)["value"].tolist() == [1, 2, 3, 5, 9, 2, 4]


def test_lost_runs_are_counted_and_worse_than_all(strips, study):
    end(study, "adam", 1.0, 2.0, 3.0)
    end(study, "adam", 0.5, status="diverged")
    study.add([], optimizer="adam", status="crashed")
    end(study, "sgd", 2.0)
    end(study, "sgd", 0.5, 0.5, status="failed")
    drawn = strips(Distribution(), study.frames())
    assert drawn.points == [[1, 2, 3], [2]]
    assert drawn.medians == {0: 3}
    assert drawn.boxes[0] == (2, drawn.axes.get_xlim()[1])  # of 1, 2, 3, ∞, ∞
    headings, beside = drawn.columns
    assert headings == ["lost", "median"]
    assert beside == {0: ["× 2", "3"], 1: ["× 2", "∞"]}


def test_a_lost_accuracy_is_worse_than_all(strips, study):
    for accuracy, status in ((0.9, "finished"), (0.8, "finished"), (0.99, "diverged")):
        study.add([1.0, 0.5], test_accuracy=[0.1, accuracy], status=status)
    frames = study.frames()
    drawn = strips(Distribution(metric="test_accuracy"), frames)
    assert drawn.points == [[0.8, 0.9]]
    assert drawn.medians == {0: 0.8}
    assert drawn.axes.get_xlabel() == "final test accuracy"
    numbers = Distribution(metric="test_accuracy").data(frames)
    assert numbers["value"].tolist() == [0.9, 0.8, -np.inf]


def test_with_f_star_known_it_is_the_suboptimality(strips, study):
    for final in (3.5, 3.0 + 1e-9, 3.0 - 4e-16):
        study.add([4.0, final], minimum=3.0)
    drawn = strips(Distribution(), study.frames())
    resolution = 3.0 * np.finfo("float64").eps
    assert drawn.points[0] == pytest.approx([resolution, 1e-9, 0.5], rel=1e-6)
    assert drawn.axes.get_xscale() == "log"
    assert drawn.axes.get_xlabel() == "final loss − f*"


def test_the_best_value_is_that_of_the_trial_s_column(strips, study):
    for final, best in ((2.0, 1.0), (3.0, 1.5)):
        study.add([4.0, final], trial={"best_loss": best})
    drawn = strips(Distribution(value="best"), study.frames())
    assert drawn.points == [[1.0, 1.5]]
    assert drawn.axes.get_xlabel() == "best loss"


def test_the_best_loss_is_a_suboptimality_too(strips, study):
    study.add([4.0, 3.5], minimum=3.0, trial={"best_loss": 3.25})
    drawn = strips(Distribution(value="best"), study.frames())
    assert drawn.points[0] == pytest.approx([0.25])


def test_the_axis_is_logarithmic_if_the_results_span_over_a_decade(strips, study):
    end(study, "adam", 0.01, 0.5)
    end(study, "sgd", 0.5, 0.6)
    assert strips(Distribution(), study.frames()).axes.get_xscale() == "log"
    assert strips(Distribution(scale="linear"), study.frames()).axes.get_xscale() == "linear"
    study.trials, study.curves = study.trials[2:], study.curves[2:]
    assert strips(Distribution(), study.frames()).axes.get_xscale() == "linear"
    assert strips(Distribution(scale="log"), study.frames()).axes.get_xscale() == "log"


def test_all_lost_leaves_rows_with_their_counts(strips, study):
    end(study, "adam", np.nan, np.inf, status="diverged")
    drawn = strips(Distribution(), study.frames())
    assert (drawn.points, drawn.medians, drawn.rows) == ([[]], {}, ["adam"])
    assert drawn.columns[1] == {0: ["× 2", "∞"]}


def test_what_cannot_be_logarithmic_is_said(study):
    end(study, "adam", 1.0, 0.0)
    reason = "some loss is not positive, which a logarithmic axis cannot show"
    assert Distribution(scale="log").missing(study.frames()) == reason
