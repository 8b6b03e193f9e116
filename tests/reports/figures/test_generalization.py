"""That training, validation and test, or a difference seed by seed, are drawn."""

import numpy as np
import pytest

from optframe.drawing.figures import frames_of
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
    study.add([1.0, 0.5], accuracy=[0.5, 0.9], test_accuracy=[0.5, 0.7])
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


def test_validation_is_a_third_line_dotted_and_without_a_band(study, drawn):
    for shift in (0.0, 0.2, 0.4):
        add(study, [4.0, 2 + shift], [4.5, 3 + shift], validation_loss=[4.4, 2.5 + shift])
    picture = drawn(Generalization(x="steps"), study.frames())
    assert lines(picture) == [[4.0, 2.2], [4.4, 2.7], [4.5, 3.2]]  # training, validation, test
    assert picture.legend == ["adam", "test", "validation", "training"]
    assert {round(y, 9) for x, y in picture.band if x == 1} == {3.1, 3.3}
    numbers = Generalization(x="steps").data(study.frames())
    assert numbers["metric"].unique().tolist() == ["test_loss", "validation_loss", "training_loss"]
    own = numbers[numbers["metric"] == "validation_loss"]
    assert own["median"].tolist() == [4.4, 2.7]
    assert Generalization(x="steps").title() == "Generalization of the loss against steps"
    dashes = {line.get_lw(): line._unscaled_dash_pattern[1] for line in picture.axes.lines}
    assert dashes == {1.0: (3, 1.5), 1.2: (1, 1.2), 1.8: None}


def test_without_test_records_validation_is_the_thick_line(study, drawn):
    study.add([4.0, 2.0], validation_loss=[4.5, 3.0])
    picture = drawn(Generalization(x="steps"), study.frames())
    assert lines(picture) == [[4.0, 2.0], [4.5, 3.0]]
    assert picture.legend == ["adam", "validation", "training"]
    picture = drawn(Generalization(x="steps", gap=True), study.frames())
    assert lines(picture) == [[0.5, 1.0]]
    assert picture.axes.get_ylabel() == "validation loss − training loss"


def test_the_three_accuracies_are_drawn_too(study, drawn):
    accuracies = {"accuracy": [0.1, 0.9], "validation_accuracy": [0.1, 0.8]}
    study.add([4.0, 2.0], test_accuracy=[0.1, 0.7], **accuracies)
    picture = drawn(Generalization(x="steps", metric="accuracy"), study.frames())
    assert lines(picture) == [[0.1, 0.9], [0.1, 0.8], [0.1, 0.7]]


def test_a_run_without_validation_has_two_lines_beside_one_that_has_three(study, drawn):
    add(study, [4.0, 2.0], [4.5, 3.0], validation_loss=[4.2, 2.5])
    add(study, [5.0, 3.0], [5.5, 4.0], optimizer="sgd")
    picture = drawn(Generalization(x="steps"), study.frames())
    assert lines(picture) == [[4.0, 2.0], [4.2, 2.5], [4.5, 3.0]]
    assert lines(picture, "sgd") == [[5.0, 3.0], [5.5, 4.0]]
    assert picture.crosses == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_validation_loss_that_is_no_number_leaves_the_other_lines(study, drawn, value):
    for test in (3.0, 3.5):
        add(study, [4.0, 2.0, 1.0], [4.5, test, 3.0], validation_loss=[4.2, value, value])
    for scale in ("auto", "linear", "log")[: 2 if value < 0 else 3]:
        picture = drawn(Generalization(x="steps", y_scale=scale), study.frames())
        found = lines(picture)
        assert [4.0, 2.0, 1.0] in found
        assert [4.5, 3.25, 3.0] in found
        low, high = picture.axes.get_ylim()
        assert 0 < low < 1
        assert 4.5 < high < 6


def test_stores_of_older_versions_have_another_name_for_the_training_accuracy(
    study, drawn, tmp_path
):
    study.add([1.0, 0.5], train_accuracy=[0.5, 0.9], test_accuracy=[0.5, 0.7])
    picture = drawn(
        Generalization(x="steps", metric="accuracy"), frames_of(study.results(tmp_path))
    )
    assert lines(picture) == [[0.5, 0.9], [0.5, 0.7]]
    study.add([1.0, 0.5], accuracy=[0.6, 0.8], test_accuracy=[0.5, 0.7], optimizer="new")
    picture = drawn(
        Generalization(x="steps", metric="accuracy"), frames_of(study.results(tmp_path))
    )
    assert lines(picture) == [[0.5, 0.9], [0.5, 0.7]]
    assert lines(picture, "new") == [[0.6, 0.8], [0.5, 0.7]]
