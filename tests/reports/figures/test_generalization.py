"""That training and test, or their difference seed by seed, are drawn for each optimizer."""

import numpy as np
import pytest

from optframe_reports.figures.generalization import Generalization


def lines(axes, color):
    """Return the lines of a colour by their width: the thin one is the training's."""
    found = [line for line in axes.lines if line.get_color() == color]
    return [line.get_ydata().tolist() for line in sorted(found, key=lambda line: line.get_lw())]


def add(study, training, test, **given):
    study.add(training, test_loss=test, **given)


def test_training_is_thin_and_dashed_and_test_is_thick(study, draw):
    add(study, [4.0, 2.0, 1.0], [4.5, 3.0, 2.5])
    add(study, [4.0, 2.2, 1.4], [4.5, 3.2, 2.7])
    add(study, [4.0, 2.4, 1.2], [4.5, 3.4, 2.9])
    add(study, [4.0, 3.0, 2.0], [4.0, 3.5, 3.0], optimizer="sgd")
    frames = study.frames()
    axes = draw(Generalization(), frames).axes[0]
    assert lines(axes, frames.colors["adam"]) == [[4.0, 2.2, 1.2], [4.5, 3.2, 2.7]]
    assert lines(axes, frames.colors["sgd"]) == [[4.0, 3.0, 2.0], [4.0, 3.5, 3.0]]
    assert axes.get_ylabel() == "loss"
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["adam", "sgd", "test", "training"]
    (band,) = axes.collections  # of the test loss of adam alone: sgd has one seed
    vertices = {(x, round(y, 9)) for x, y in band.get_paths()[0].vertices}
    assert {(2, 2.6), (2, 2.8)} <= vertices
    numbers = Generalization().data(frames)
    own = numbers[(numbers["name"] == "adam") & (numbers["metric"] == "training_loss")]
    assert own["median"].tolist() == [4.0, 2.2, 1.2]


def test_the_gap_is_taken_seed_by_seed(study, draw):
    # the medians of 1, 2, 9 and of 4, 3, 9.5 are 2 and 4, yet the gaps are 3, 1, 0.5
    for training, test in ((1.0, 4.0), (2.0, 3.0), (9.0, 9.5)):
        add(study, [9.0, training], [9.0, test])
    frames = study.frames()
    axes = draw(Generalization(gap=True), frames).axes[0]
    assert lines(axes, frames.colors["adam"]) == [[0.0, 1.0]]
    assert axes.get_ylabel() == "test loss − training loss"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["adam"]


def test_the_gap_of_accuracies_is_above_zero_where_training_is_better(study, draw):
    study.add([1.0, 0.5], train_accuracy=[0.5, 0.9], test_accuracy=[0.5, 0.7])
    frames = study.frames()
    axes = draw(Generalization(metric="accuracy", gap=True), frames).axes[0]
    assert lines(axes, frames.colors["adam"])[0] == pytest.approx([0.0, 0.2])
    axes = draw(Generalization(metric="accuracy"), frames).axes[0]
    assert lines(axes, frames.colors["adam"]) == [[0.5, 0.9], [0.5, 0.7]]


def test_a_known_minimum_of_the_training_loss_is_not_subtracted(study, draw):
    add(study, [4.0, 2.0], [5.0, 3.0], minimum=1.0)
    frames = study.frames()
    axes = draw(Generalization(), frames).axes[0]
    assert lines(axes, frames.colors["adam"]) == [[4.0, 2.0], [5.0, 3.0]]


def test_lost_runs_count_as_infinite_from_there_on(study, draw):
    add(study, [4.0, 2.0, 1.0], [4.0, 3.0, 2.0])
    for _ in range(2):
        add(study, [4.0, 9.0, np.nan], [4.0, 9.0, np.nan], status="diverged")
    frames = study.frames()
    for figure in (Generalization(), Generalization(gap=True)):
        axes = draw(figure, frames).axes[0]
        marks = [line for line in axes.lines if line.get_marker() == "x"]
        assert [mark.get_xdata()[0] for mark in marks] == [1]
        legend = [text.get_text() for text in axes.get_legend().get_texts()]
        assert legend[0] == "adam (2 of 3 diverged)"
        assert legend[-1] == "half or more of the runs lost"


def test_both_are_on_one_axis_logarithmic_only_if_both_would_be(study, draw):
    add(study, [9.0, 1.0, 0.1], [9.0, 5.0, 4.0])
    assert draw(Generalization(), study.frames()).axes[0].get_yscale() == "linear"
    assert draw(Generalization(y_scale="log"), study.frames()).axes[0].get_yscale() == "log"
    study.trials.clear()
    study.curves.clear()
    add(study, [9.0, 1.0, 0.1], [9.0, 1.0, 0.2])
    assert draw(Generalization(), study.frames()).axes[0].get_yscale() == "log"
    assert draw(Generalization(y_scale="linear"), study.frames()).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize(
    ("figure", "reason"),
    [
        (Generalization(), "no run measured test_loss"),
        (Generalization(metric="accuracy"), "no run measured test_accuracy"),
        (Generalization(x="epochs"), "no run measured test_loss"),
    ],
)
def test_what_nobody_measured_is_said(study, figure, reason):
    study.add([8.0, 4.0])
    assert figure.missing(study.frames()) == reason


def test_a_gap_below_zero_cannot_be_logarithmic(study):
    add(study, [4.0, 3.0], [4.0, 2.5])
    reason = "some loss is not positive, which a logarithmic axis cannot show"
    assert Generalization(gap=True, y_scale="log").missing(study.frames()) == reason
    assert Generalization(y_scale="log").missing(study.frames()) is None
