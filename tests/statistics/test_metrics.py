"""The metric by which a problem's runs are judged, and targets of f − f*."""

import numpy as np
import pytest

from optframe.statistics import (
    evaluations_to_own_target,
    evaluations_to_target,
    final,
    standings,
    summary,
)
from optframe.statistics.metrics import judged_metrics, measured, metric_words
from optframe.statistics.targets import reached

GAP = {"target": 1e-3, "target_metric": "gap", "minimum": 5.0}


@pytest.fixture
def study(trials, joined):
    """Three problems: one that is validated, one that knows f*, and one that does neither."""
    frames = []
    for optimizer, losses, validation in (("a", (1, 2), (4.0, 6.0)), ("b", (3, 4), (2.0, 3.0))):
        runs = [("finished", loss, 9) for loss in losses]
        frames.append(trials(*runs, optimizer=optimizer, problem="data", minimum=0.5))
        frames[-1]["validation_loss"] = validation
        frames.append(trials(*runs, optimizer=optimizer, problem="known", minimum=0.5))
        frames.append(trials(*runs, optimizer=optimizer, problem="plain"))
    return joined(*frames)


def test_each_problem_is_judged_by_the_best_that_it_has(study):
    names = dict(zip(study["problem"], judged_metrics(study), strict=True))
    assert names == {"data": "validation_loss", "known": "gap", "plain": "loss"}
    assert set(judged_metrics(study, "loss")) == {"loss"}
    assert metric_words(study) == "validation loss or f − f* or loss"
    assert metric_words(study, "test_accuracy") == "test accuracy"
    found = standings(study)
    assert found.problems["metric"].tolist() == ["validation_loss", "gap", "loss"]
    # √(4 · 6), √(2 · 3); √(½ · 3/2), √(5/2 · 7/2); √(1 · 2), √(3 · 4)
    squares = {"data": (24, 6), "known": (0.75, 8.75), "plain": (2, 12)}
    assert means(study) == {
        (name, problem): pytest.approx(square**0.5)
        for problem, pair in squares.items()
        for name, square in zip("ab", pair, strict=True)
    }
    assert set(standings(study, metric="loss").problems["metric"]) == {"loss"}
    assert means(study, "loss")["a", "data"] == pytest.approx(2**0.5)


def means(study, metric=None):
    """Return each contender's performance on each problem."""
    cells = standings(study, metric=metric).cells
    return cells.set_index(["contender", "problem"])["performance"].to_dict()


def test_lost_runs_are_worst_by_each_metric(study):
    study.loc[(study["optimizer"] == "b") & (study["seed"] == 0), "status"] = "diverged"
    assert np.isinf(summary(study).query("optimizer == 'b'")["loss"]).all()
    study["test_accuracy"] = np.where(study["optimizer"] == "a", [0.5, 0.7] * 6, 0.9)
    lost = study["status"] == "diverged"
    assert (final(study, "test_accuracy")[lost] == -np.inf).all()
    # Without curves the worst that was seen is an error of 0.5: √(0.5 · 0.1)
    assert means(study, "test_accuracy")["b", "plain"] == pytest.approx(0.05**0.5)


def test_a_metric_that_rises_is_judged_upwards(study):
    study["test_accuracy"] = np.where(study["optimizer"] == "a", 0.25, 0.5)
    found = standings(study, metric="test_accuracy")
    assert found.contenders == ("b", "a")
    assert means(study, "test_accuracy")["a", "data"] == pytest.approx(0.75)


def test_of_a_problem_whose_trials_do_not_all_know_f_star_the_loss_is_compared(study):
    study.loc[(study["problem"] == "known") & (study["seed"] == 0), "minimum"] = np.nan
    names = judged_metrics(study)
    assert set(names[study["problem"] == "known"]) == {"loss"}
    crashed = study["problem"] == "known"  # one that left nothing knows nothing
    study.loc[crashed & (study["seed"] == 0), ["status", "loss"]] = "crashed", np.nan
    assert set(judged_metrics(study)[crashed]) == {"gap"}


def test_a_gap_target_is_reached_by_f_minus_f_star(trials):
    frame = trials(("converged", 5.0005, 7), ("converged", 5.5, 8), ("finished", 5.0, 9), **GAP)
    assert measured(frame, "gap").tolist() == pytest.approx([0.0005, 0.5, 0.0])
    assert reached(frame).tolist() == [True, False, False]  # the second: by its gradient's norm
    assert evaluations_to_own_target(frame)["cost"].tolist() == [7, np.inf, np.inf]
    as_loss = frame.assign(target_metric="loss", target=5.001)
    assert reached(as_loss).tolist() == [True, False, False]
    assert not reached(frame.assign(minimum=np.nan)).any()


def test_what_the_run_itself_found_to_be_reached_is_reached(trials):
    """A gap in float32 may be rounded to the target, and the stored difference lie above it."""
    frame = trials(("converged", 5.0011, 7), ("finished", 5.0011, 9), **GAP)
    assert not reached(frame).any()
    assert reached(frame.assign(window=[1.0, np.nan])).tolist() == [True, False]


def test_the_gap_may_be_looked_up_in_curves(runs):
    runs.add([9, 6, 5], optimizer="a", minimum=5.0).add([4, 3, 2], optimizer="b", minimum=2.5)
    found = evaluations_to_target(runs.trials, runs.curves, [1.0, 0.0], metric="gap")
    assert found["cost"].tolist() == [1, 2, 1, 2]
    runs.add([4.0], optimizer="c")
    with pytest.raises(ValueError, match="no run measured 'gap'"):
        evaluations_to_target(runs.trials.iloc[2:], runs.curves, 1.0, metric="gap")
