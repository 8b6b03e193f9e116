"""That tuning-curve draws what the estimators say, and bands only where they hold."""

import dataclasses

import numpy as np
import pytest

from optframe.drawing.figures import picture, written
from optframe.statistics.tuning import best_so_far, expected_best, median_best, simultaneous_band
from optframe_reports.figures.tuning_curve import TuningCurve

from .tuned import tuned_frames


def values_of(frames, contender, study=None):
    """Return the values of a contender's settings, in their order."""
    rows = frames.tuning[frames.tuning["contender"] == contender]
    rows = rows if study is None else rows[rows["study"] == study]
    return rows["loss"].fillna(np.inf).to_numpy()


def test_the_line_is_the_median_and_the_band_is_simultaneous(drawn):
    frames = tuned_frames({"adam": 2}, trials=50)
    values, n = values_of(frames, "adam"), np.arange(1, 51)
    shown = drawn(TuningCurve(), frames)
    (lines,) = shown.styled().values()
    expected = np.column_stack([n, median_best(values, n)])
    assert lines[0] == pytest.approx(expected[np.isfinite(expected[:, 1])])
    data = TuningCurve().data(frames)
    low, high = simultaneous_band(values, n)
    assert data["low"].tolist() == low.tolist()
    assert data["high"].tolist() == high.tolist()
    assert data["study"].isna().all()
    assert np.isfinite(lines[1][:, 1]).all()
    assert "Its lower side ends at n = 3: how much better it could be is not known." in shown.notes
    assert "Its upper side goes on as a thin line." in shown.notes
    (band,) = shown.axes.collections
    x = band.get_paths()[0].vertices[:, 0]
    assert (x.min(), x.max()) == (1.0, 4.0)  # the step at n = 3 is as wide as the others
    assert shown.legend == ["adam (50 settings)"]
    assert shown.title == "mlp: median best of the settings so far"
    assert (shown.axes.get_xlabel(), shown.axes.get_ylabel()) == ("tuning trials", "best loss")
    shown.assert_on_page_and_apart([*shown.axes.get_legend().get_texts(), *shown.axes.texts])


def test_only_independent_draws_of_few_contenders_have_a_band(drawn):
    sobol = tuned_frames({"adam": (2, "sobol")})
    shown = drawn(TuningCurve(), sobol)
    assert not shown.axes.collections
    assert shown.notes == "Settings that fill the space evenly are taken in random order."
    many = tuned_frames({f"optimizer{i}": 1 for i in range(5)})
    assert TuningCurve().data(many)["low"].isna().all()
    assert not drawn(TuningCurve(band=False), tuned_frames({"adam": 2})).axes.collections


def test_studies_of_random_settings_are_one_sample(drawn):
    frames = tuned_frames({"adam": 2}, trials=8, studies=5)
    data = TuningCurve().data(frames)
    assert data["best"].tolist() == median_best(values_of(frames, "adam"), range(1, 41)).tolist()
    assert drawn(TuningCurve(), frames).legend == ["adam (40 settings, 5 studies)"]


def test_each_study_of_an_adaptive_tuner_is_a_line_in_its_own_order(drawn):
    frames = tuned_frames({"adam": (2, "optuna")}, trials=6, studies=4)
    data = TuningCurve().data(frames)
    ones, n = np.ones(6), np.arange(1, 7)
    curves = []
    for study in range(4):
        own = best_so_far(values_of(frames, "adam", study), ones, n)
        assert data["best"][data["study"] == study].tolist() == own.tolist()
        curves.append(own)
    middle = data["best"][data["study"].isna()]
    assert middle.tolist() == np.median(curves, axis=0).tolist()
    assert "adam: adaptive" in drawn(TuningCurve(), frames).notes
    few = TuningCurve().data(tuned_frames({"adam": (2, "optuna")}, studies=3))
    assert sorted(few["study"].unique()) == [0, 1, 2]


def test_by_work_runs_that_broke_down_cost_what_they_did(drawn):
    frames = tuned_frames({"adam": 2}, trials=20)
    data = TuningCurve(x="work").data(frames)
    work = frames.tuning["work"].sum() / 100
    assert data["work"].iloc[[0, -1]].tolist() == [0.0, pytest.approx(work)]
    assert data["best"].iloc[0] == 2.3  # the loss at the start of the final runs
    assert data["best"].iloc[-1] == pytest.approx(np.min(values_of(frames, "adam")))
    shown = drawn(TuningCurve(x="work"), frames)
    assert shown.axes.get_xlabel() == "work of tuning (whole runs)"


def test_the_expected_best_is_of_errors_alone(drawn):
    frames = tuned_frames({"adam": 2})
    figure = TuningCurve(of="expected")
    assert figure.missing(frames) == "loss has no bound, so no expected best; expected of=median"
    accuracy = np.random.default_rng(0).random(len(frames.tuning))
    tuning = frames.tuning.assign(validation_accuracy=accuracy, status="finished")
    table = {"tuner": "random", "metric": "validation_accuracy"}
    tunings = frames.tunings.assign(tuner=[table] * len(frames.tunings))
    bounded = dataclasses.replace(frames, tuning=tuning, tunings=tunings)
    data = figure.data(bounded)
    assert data["best"].tolist() == expected_best(1 - accuracy, range(1, 21)).tolist()
    drawn(figure, bounded)
    assert "expected x=trials" in TuningCurve(of="expected", x="work").missing(bounded)


def test_adaptive_tuners_have_no_expected_best_and_the_thick_line_is_named(drawn):
    few, many = (tuned_frames({"adam": (2, "optuna")}, studies=studies) for studies in (3, 4))
    for frames in (few, many):
        missing = TuningCurve(of="expected").missing(frames)
        assert missing == (
            "settings of an adaptive tuner have no expected best; expected of=median"
        )
    assert "The thick line is the median of the studies." in drawn(TuningCurve(), many).notes
    assert "thick" not in drawn(TuningCurve(), few).notes


def test_twelve_contenders_are_told_apart_and_more_are_left_out(drawn):
    frames = tuned_frames({f"optimizer{i}": 1 + i % 6 for i in range(14)}, trials=12)
    shown = drawn(TuningCurve(), frames)
    assert len(shown.legend) == 12
    assert shown.title.endswith("so far, the best 12 of 14")
    shown.assert_apart()


def test_without_a_tuning_there_is_nothing_to_draw(study):
    frames = study.add([2.0, 1.0]).frames()
    assert TuningCurve().missing(frames) == "nothing was tuned in this study"
    tuned = tuned_frames({"adam": 1})
    planned = dataclasses.replace(tuned, tuning=tuned.tuning.assign(status="planned"))
    assert TuningCurve().missing(planned) == "no setting has run yet"


@pytest.mark.parametrize("x", ["trials", "work"])
def test_the_same_frames_give_the_same_bytes(x):
    frames = tuned_frames({"adam": 2, "sgd": (1, "optuna")}, studies=4)
    first, second = (written(picture(TuningCurve(x=x), frames), "svg") for _ in range(2))
    assert first == second
