"""What holds for every figure with a row for each optimizer, or of what targets cost."""

import numpy as np
import pytest

from optframe import Frames
from optframe_reports.figures.critical_difference import CriticalDifference
from optframe_reports.figures.data_profile import DataProfile
from optframe_reports.figures.distribution import Distribution
from optframe_reports.figures.ecdf import Ecdf
from optframe_reports.figures.ert import Ert
from optframe_reports.figures.performance_profile import PerformanceProfile
from optframe_reports.figures.rank_heatmap import RankHeatmap
from optframe_reports.figures.time_to_target import TimeToTarget
from optframe_reports.figures.timing import Timing

ACROSS = [CriticalDifference, DataProfile, Ecdf, PerformanceProfile, RankHeatmap]
ALL = [*ACROSS, Ert]


def many(race, names, problems, random, seeds=3, **given):
    """Let a tenth of the runs diverge, and some not reach the target."""
    for name in names:
        for problem in problems:
            for _ in range(seeds):
                cost = 10 ** random.uniform(0.5, 2.5)
                lost = random.random() < 0.1
                status = "diverged" if lost else None
                race.add(name, problem, None if lost else cost, status=status, **given)
    return race.frames()


def in_view(axis):
    """Return the labels of those ticks that the axis shows."""
    low, high = sorted(axis.get_view_interval())
    labels = zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True)
    return [label for label, place in labels if low <= place <= high]


@pytest.mark.parametrize("width", [None, 3.3])
@pytest.mark.parametrize("figure", ALL)
def test_twelve_long_names_with_markup_stay_on_the_picture_and_apart(
    race, drawn, random, figure, width
):
    names = [f"optimizer-{i}:lr=0.{i}+clip-norm:max=1,<b>=a-long-$na_me${i}" for i in range(12)]
    problems = [f"problem-{i}:size=20,condition=1000" for i in range(6)]
    found = drawn(figure(), many(race, names, problems[: 1 if figure is Ert else 6], random), width)
    legend = found.axes.get_legend()
    texts = [
        *(legend.get_texts() if legend else []),
        *(text for text in found.axes.texts if figure is not RankHeatmap),
        *(label for axis in (found.axes.xaxis, found.axes.yaxis) for label in in_view(axis)),
        found.axes._left_title,
    ]
    shown = " ".join(text.get_text() for text in texts).replace("\n", "")
    assert all(f"optimizer-{i}:lr=0.{i}" in shown for i in range(12))
    assert "\\$na_me\\$11" in shown
    found.assert_on_page_and_apart(texts, slack=1)


@pytest.mark.parametrize("width", [None, 3.2])
@pytest.mark.parametrize("figure", [Distribution, TimeToTarget, Timing])
def test_twelve_rows_with_long_names_stay_on_the_figure_and_apart(strips, study, figure, width):
    target = {"target": 0.1, "target_metric": "loss"}
    ends = {0.00435: "converged", 0.0069: "converged", 1.0: "diverged"}
    for i in range(12):
        name = f"optimizer-{i}:lr=0.{i}+clip-norm:max=1+weight-decay:rate=0.0001,x=$very_long<b>"
        for end, status in ends.items():
            study.add([4.0, end], x=[0, 4], optimizer=name, status=status, trial=target)
    found = strips(figure(), study.frames(), width)
    assert len(found.rows) == 12
    assert "\\$very" in found.rows[0].replace("\n", "")
    assert found.overlaps == ([], [])


@pytest.mark.parametrize("figure", ACROSS)
def test_there_must_be_somebody_to_compare_with(race, figure):
    race.add("a", status="planned")
    assert figure().missing(race.frames()) == "no trial has run yet"
    race.add("a", cost=10)
    reason = "only one optimizer has run; expected two or more to compare"
    assert figure().missing(race.frames()) == reason
    race.add("b", "elsewhere", cost=10)
    reason = "there is no problem yet that all optimizers have run on"
    assert figure().missing(race.frames()) == reason


@pytest.mark.parametrize("figure", ACROSS)
def test_an_empty_study_says_so(race, figure):
    full = race.add("a", cost=10).frames()
    empty = Frames(full.trials.iloc[:0], full.curves.iloc[:0], {})
    assert figure().missing(empty) == "the study has no trials"


@pytest.mark.parametrize(
    ("figure", "reason"),
    [
        (PerformanceProfile(target="study"), "the study has no target"),
        (RankHeatmap(measure="target"), "no run reached a target of the study"),
        (RankHeatmap(metric="regret"), "no run measured regret"),
        (CriticalDifference(metric="regret"), "no run measured regret"),
        (PerformanceProfile(by="seconds"), "all runs ran in batches"),
        (Ecdf(by="seconds"), "all runs ran in batches"),
        (DataProfile(by="steps"), "the runs counted no steps"),
        (Ecdf(by="evaluations"), "the runs counted no evaluations"),
    ],
)
def test_what_was_not_counted_is_said(race, figure, reason):
    nothing = dict.fromkeys(("steps", "gradients", "losses"), np.nan)
    for name in "abc":
        race.add(name, loss=0.1, target=np.nan, together=3, **nothing)
    assert figure.missing(race.frames()).startswith(reason)


@pytest.mark.parametrize("figure", [DataProfile, Ecdf, PerformanceProfile, Ert])
def test_a_loss_that_nobody_measured_is_said(race, figure):
    for name in "ab":
        race.add(name, path=[(0, np.nan), (9, np.nan)], target=np.nan, minimum=np.nan)
    said = figure().missing(race.frames())
    assert said == ("no run measured a loss" if figure is Ert else "no run measured loss")


@pytest.mark.parametrize("figure", ACROSS)
def test_where_all_runs_diverged_it_is_said(race, figure):
    for name in "abc":
        for problem in "pq":
            race.add(name, problem, path=[(0, 1.0), (9, np.inf)], status="diverged")
    reason = "Every run broke down (6 diverged): there is nothing to compare"
    assert figure().missing(race.frames()) == reason


@pytest.mark.parametrize("figure", ALL)
def test_a_figure_knows_its_size_without_a_picture(race, random, figure):
    frames = many(race, "abc", ["p", "q", "r"], random)
    wide, high = figure().size(frames)
    assert 6 < wide < 9
    assert 2 < high < 9
    assert figure.across == (figure is not Ert)


@pytest.mark.parametrize(
    ("figure", "field"), [(CriticalDifference, "alpha"), (Ecdf, "least"), (Ert, "least")]
)
def test_zero_is_refused_where_a_logarithm_or_a_level_is_asked_for(figure, field):
    with pytest.raises(ValueError, match=f"{field} must be greater than 0, got 0"):
        figure(**{field: 0.0})
