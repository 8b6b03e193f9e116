"""That sensitivity shows the settings of a tuning, and how wide the good part of the space is."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from optframe import Frames
from optframe.drawing.figures import draw, frames_of, prepared
from optframe.errors import UsageError
from optframe_reports.figures.sensitivity import Sensitivity
from optframe_reports.figures.tuning_curve import TuningCurve
from optframe_reports.figures.tuning_landscape import TuningLandscape
from optframe_reports.plotting import tuned_searches

from .tuned import tuned_frames


def test_a_point_for_each_setting_and_a_line_where_nothing_else_was_tuned(drawn):
    frames = tuned_frames({"adam": 1, "sgd": 2}, trials=12)
    shown = drawn(Sensitivity(), frames)
    rows = frames.tuning[frames.tuning["contender"] == "adam"]
    lr = np.array([s["lr"] for s in frames.tunings["proposals"].iloc[0][0]])
    finite = np.isfinite(rows["loss"].to_numpy())
    order = np.argsort(lr[finite])
    expected = np.column_stack([lr[finite], rows["loss"][finite]])[order]
    (line,) = (line for lines in shown.styled().values() for line in lines)
    assert line == pytest.approx(expected)
    assert len(shown.marks("o")) == 3  # sgd's settings, and a ring for each
    near = (rows["loss"] <= 1.1 * rows["loss"].min()).sum()
    best = lr[np.nanargmin(rows["loss"].to_numpy())]
    assert shown.legend[0] == f"adam (best {best:.3g}; width {100 * near / 12:.0f} %)"
    assert shown.title == "mlp: tuned settings; width: share within 10 % of the best"
    assert shown.axes.get_xscale() == "log"
    data = Sensitivity().data(frames)
    assert len(data) == 24
    assert set(data["width"][data["name"] == "adam"]) == {near / 12}


def test_settings_that_broke_down_are_crosses(drawn):
    frames = tuned_frames({"adam": 1}, trials=20)
    broken = frames.tuning["status"] == "diverged"
    shown = drawn(Sensitivity(), frames)
    (crosses,) = shown.marks("x")
    lr = np.array([s["lr"] for s in frames.tunings["proposals"].iloc[0][0]])
    assert sorted(crosses[:, 0]) == sorted(lr[broken])
    assert broken.any()


def test_an_adaptive_tuner_has_no_width(drawn):
    frames = tuned_frames({"adam": (1, "optuna")})
    assert "width" not in drawn(Sensitivity(), frames).legend[0]
    assert Sensitivity().data(frames)["width"].isna().all()


def test_a_field_that_was_tuned_as_one_minus_is_drawn_so(drawn):
    shown = drawn(Sensitivity(parameter="beta1"), tuned_frames({"adam": 2, "sgd": 1}))
    assert shown.axes.get_xlabel() == "1 − beta1"
    assert len(shown.legend) == 2  # and what broke down
    assert "sgd" not in " ".join(shown.legend)


def test_another_field_or_metric_is_that_of_the_final_runs():
    frames = tuned_frames({"adam": 1})
    assert Sensitivity(parameter="eps").missing(frames) is not None
    assert Sensitivity(metric="loss").missing(frames) is not None


@pytest.mark.parametrize("contenders", [1, 12])
def test_contenders_are_told_apart(drawn, contenders):
    names = {f"optimizer{i}": 1 + i % 3 for i in range(contenders)}
    drawn(Sensitivity(), tuned_frames(names, trials=15)).assert_apart()


def both_problems():
    one, two = (tuned_frames({"adam": 1, "sgd": 1}, problem=name) for name in ("mlp", "p"))
    parts = ("trials", "curves", "tuning", "tunings")
    joined = {n: pd.concat([getattr(one, n), getattr(two, n)], ignore_index=True) for n in parts}
    return Frames(colors={**one.colors, **two.colors}, **joined)


def test_frames_of_a_tuning_are_chosen_by_problem_and_contender():
    frames = both_problems()
    _, chosen = prepared(TuningCurve(), frames, "p", optimizers=["sgd"])
    assert set(chosen.tuning["problem"]) == set(chosen.tunings["problem"]) == {"p"}
    assert set(chosen.tuning["contender"]) == set(chosen.tunings["contender"]) == {"sgd"}
    with pytest.raises(UsageError, match="the study has 2 problems"):
        draw("tuning-curve", frames)
    assert draw("tuning-curve", frames, "mlp").axes


def test_a_study_without_a_tuning_is_refused_in_one_line(study, tmp_path):
    results = study.add([2.0, 1.0]).results(tmp_path)
    assert not len(frames_of(results).tunings)
    with pytest.raises(UsageError, match="of tuning: nothing was tuned in this study"):
        draw("tuning-curve", results)
    tuned = tuned_frames({"adam": 1})
    results.tuning, results.tunings = tuned.tuning, tuned.tunings
    assert len(frames_of(results).tuning) == 20


def test_the_title_does_not_call_results_of_tuning_final():
    assert Sensitivity().title() == "Results against learning rate"
    assert Sensitivity(metric="test_loss").title() == "Final test loss against learning rate"
    assert Sensitivity(of="best").title() == "Best results against learning rate"


def test_the_searches_of_frames_are_made_once_for_all_figures(drawn, monkeypatch):
    frames, made = tuned_frames({"adam": 1, "sgd": 1}), []
    original = tuned_searches.searches_of
    monkeypatch.setattr(
        tuned_searches, "searches_of", lambda *given: made.append(1) or original(*given)
    )
    for figure in (Sensitivity(), TuningCurve(), TuningLandscape()):
        assert figure.missing(frames) is None
        figure.data(frames)
        drawn(figure, frames)
    assert len(made) == 1
    chosen = frames.tunings[frames.tunings["contender"] == "sgd"]
    one = dataclasses.replace(frames, tunings=chosen)
    assert {*Sensitivity().data(one)["name"]} == {"sgd"}
