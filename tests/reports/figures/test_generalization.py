"""That training and test, or their difference seed by seed, are drawn for each optimizer."""

import numpy as np
import pytest

from optframe_reports.figures.generalization import Generalization


def lines(picture, name="adam"):
    """Return the lines of an optimizer by their width: the thin one is the training's."""
    color = picture.frames.colors[name]
    found = [line for line in picture.axes.lines if line.get_color() == color]
    return [line.get_ydata().tolist() for line in sorted(found, key=lambda line: line.get_lw())]


def add(study, training, test, **given):
    study.add(training, test_loss=test, **given)


def test_training_is_thin_and_dashed_and_test_is_thick(study, drawn):
    add(study, [4.0, 2.0, 1.0], [4.5, 3.0, 2.5])
    add(study, [4.0, 2.2, 1.4], [4.5, 3.2, 2.7])
    add(study, [4.0, 2.4, 1.2], [4.5, 3.4, 2.9])
    add(study, [4.0, 3.0, 2.0], [4.0, 3.5, 3.0], optimizer="sgd")
    picture = drawn(Generalization(x="steps"), study.frames())
    assert lines(picture) == [[4.0, 2.2, 1.2], [4.5, 3.2, 2.7]]
    assert lines(picture, "sgd") == [[4.0, 3.0, 2.0], [4.0, 3.5, 3.0]]
    assert picture.axes.get_ylabel() == "loss"
    assert picture.legend == ["adam", "sgd", "test", "training"]
    # of the test loss of adam alone: sgd has one seed
    assert {(2, 2.6), (2, 2.8)} <= {(x, round(y, 9)) for x, y in picture.band}
    numbers = Generalization(x="steps").data(study.frames())
    own = numbers[(numbers["name"] == "adam") & (numbers["metric"] == "training_loss")]
    assert own["median"].tolist() == [4.0, 2.2, 1.2]


def test_the_gap_is_taken_seed_by_seed(study, drawn):
    # the medians of 1, 2, 9 and of 4, 3, 9.5 are 2 and 4, yet the gaps are 3, 1, 0.5
    for training, test in ((1.0, 4.0), (2.0, 3.0), (9.0, 9.5)):
        add(study, [9.0, training], [9.0, test])
    picture = drawn(Generalization(x="steps", gap=True), study.frames())
    assert lines(picture) == [[0.0, 1.0]]
    assert picture.axes.get_ylabel() == "test loss − training loss"
    assert picture.legend == ["adam"]


def test_the_gap_of_accuracies_is_above_zero_where_training_is_better(study, drawn):
    study.add([1.0, 0.5], train_accuracy=[0.5, 0.9], test_accuracy=[0.5, 0.7])
    picture = drawn(Generalization(x="steps", metric="accuracy", gap=True), study.frames())
    assert lines(picture)[0] == pytest.approx([0.0, 0.2])
    picture = drawn(Generalization(x="steps", metric="accuracy"), study.frames())
    assert lines(picture) == [[0.5, 0.9], [0.5, 0.7]]


def test_a_known_minimum_of_the_training_loss_is_not_subtracted(study, drawn):
    add(study, [4.0, 2.0], [5.0, 3.0], minimum=1.0)
    picture = drawn(Generalization(x="steps"), study.frames())
    assert lines(picture) == [[4.0, 2.0], [5.0, 3.0]]


def test_lost_runs_count_as_infinite_from_there_on(study, drawn):
    add(study, [4.0, 2.0, 1.0], [4.0, 3.0, 2.0])
    for _ in range(2):
        add(study, [4.0, 9.0, np.nan], [4.0, 9.0, np.nan], status="diverged")
    for figure in (Generalization(x="steps"), Generalization(x="steps", gap=True)):
        picture = drawn(figure, study.frames())
        assert [x for _, x, _ in picture.crosses] == [1]
        assert picture.legend[0] == "adam (2 of 3 diverged)"
        assert picture.legend[-1] == "half or more of the runs lost"


def test_both_are_on_one_axis_logarithmic_only_if_both_would_be(study, drawn):
    add(study, [9.0, 1.0, 0.1], [9.0, 5.0, 4.0])
    assert drawn(Generalization(x="steps"), study.frames()).axes.get_yscale() == "linear"
    assert (
        drawn(Generalization(x="steps", y_scale="log"), study.frames()).axes.get_yscale() == "log"
    )
    study.trials.clear()
    study.curves.clear()
    add(study, [9.0, 1.0, 0.1], [9.0, 1.0, 0.2])
    assert drawn(Generalization(x="steps"), study.frames()).axes.get_yscale() == "log"
    assert (
        drawn(Generalization(x="steps", y_scale="linear"), study.frames()).axes.get_yscale()
        == "linear"
    )


def test_a_gap_below_zero_cannot_be_logarithmic(study):
    add(study, [4.0, 3.0], [4.0, 2.5])
    reason = "some loss is not positive, which a logarithmic axis cannot show"
    assert Generalization(x="steps", gap=True, y_scale="log").missing(study.frames()) == reason
    assert Generalization(x="steps", y_scale="log").missing(study.frames()) is None
