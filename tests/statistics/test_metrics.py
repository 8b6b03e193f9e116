"""The metric by which a problem's runs are judged, and targets of f − f*."""

import numpy as np
import pytest

from optframe.statistics import (
    evaluations_to_own_target,
    evaluations_to_target,
    final,
    over_problems,
    per_problem,
    study_costs,
    summary,
    tuned,
)
from optframe.statistics.metrics import judged_metrics, judged_values, measured, metric_words
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
    assert judged_values(study).tolist() == [4, 6, 0.5, 1.5, 1, 2, 2, 3, 2.5, 3.5, 3, 4]
    assert set(judged_metrics(study, "loss")) == {"loss"}
    assert metric_words(study) == "validation loss or f − f* or loss"
    assert metric_words(study, "test_accuracy") == "test accuracy"
    best = per_problem(study).set_index(["problem", "optimizer"])["best"].to_dict()
    assert {pair for pair, is_best in best.items() if is_best} == {
        ("data", "b"),
        ("known", "a"),
        ("plain", "a"),
    }
    assert study_costs(study).to_numpy().tolist() == [[5, 2.5], [1, 3], [1.5, 3.5]]
    assert study_costs(study, "loss").to_numpy().tolist() == [[1.5, 3.5]] * 3
    words = "median final validation loss or f − f* or loss"
    assert set(over_problems(study)["ranked_by"]) == {words}
    assert summary(study)["value"].tolist() == [5, 2.5, 1, 3, 1.5, 3.5]


def test_lost_runs_are_worst_by_each_metric(study):
    study.loc[study["optimizer"] == "b", "status"] = "diverged"
    assert np.isinf(per_problem(study).query("optimizer == 'b'")["value"]).all()
    study["test_accuracy"] = 0.5
    assert (final(study, "test_accuracy")[-6:] == -np.inf).all()
    assert study_costs(study, "test_accuracy").to_numpy().tolist() == [[-0.5, np.inf]] * 3


def test_a_metric_that_rises_is_judged_upwards(study):
    study["test_accuracy"] = np.where(study["optimizer"] == "a", 0.25, 0.5)
    table = per_problem(study, "test_accuracy")
    assert table["best"].tolist() == [False, True] * 3
    assert table["value"].tolist() == [0.25, 0.5] * 3
    assert over_problems(study, metric="test_accuracy")["optimizer"].tolist() == ["b", "a"]
    assert tuned(study, "test_accuracy")["value"].tolist() == [0.25, 0.5] * 3


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
