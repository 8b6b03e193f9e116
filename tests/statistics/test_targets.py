"""First hitting times, against curves that are read by eye and a loop over every checkpoint."""

import math

import numpy as np
import pandas as pd
import pytest

from optframe.statistics import (
    COSTS,
    evaluations_to_own_target,
    evaluations_to_target,
    relative_targets,
)

INF, NAN = math.inf, math.nan


def costs(frame):
    return frame["cost"].tolist()


def test_a_target_costs_what_was_spent_at_the_first_checkpoint_that_is_as_good(runs):
    runs.add([9, 4, 1, 3], step=[0, 2, 5, 9])
    found = evaluations_to_target(runs.trials, runs.curves, [4, 3.9, 1, 0.5, 9, 10])
    assert costs(found) == [2, 5, 5, INF, 0, 0]
    assert found["level"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["target"].tolist() == [4, 3.9, 1, 0.5, 9, 10]
    assert set(found["spent"]) == {9}
    names = ["key", "problem", "optimizer", "sampler", "seed"]
    assert list(found.columns) == [*names, "level", "target", "cost", "spent"]


@pytest.mark.parametrize(
    ("by", "cost", "spent"),
    [("steps", 5, 9), ("losses", 10, 18), ("evaluations", 15, 27), ("seconds", 0.5, 0.9)],
)
def test_costs_are_counted_in_what_is_asked(runs, by, cost, spent):
    runs.add([9, 4, 1, 3], step=[0, 2, 5, 9])
    (row,) = evaluations_to_target(runs.trials, runs.curves, 2.0, by).to_dict("records")
    assert (row["cost"], row["spent"]) == (cost, spent)


def test_rows_may_come_in_any_order_and_of_other_trials(runs, random):
    for _ in range(20):
        runs.add(random.random(int(random.integers(1, 30))), optimizer=str(random.integers(3)))
    trials, goals = runs.trials, [0.5, 0.1, 0.01]
    expected = []
    for key, end in zip(trials["key"], trials["steps"], strict=True):
        curve = runs.curves[runs.curves["key"] == key]
        for goal in goals:
            hits = curve["step"][curve["loss"] <= goal]
            expected.append((key, hits.min() if len(hits) else INF, end))
    shuffled = runs.curves.sample(frac=1, random_state=int(random.integers(2**31)))
    for curves in (runs.curves, shuffled):
        found = evaluations_to_target(trials, curves, goals, "steps")
        assert [*found[["key", "cost", "spent"]].itertuples(index=False, name=None)] == expected
        some = evaluations_to_target(trials.iloc[5:9], curves, goals, "steps")
        pd.testing.assert_frame_equal(some, found.iloc[15:27].reset_index(drop=True))


def test_a_lost_run_reaches_nothing_where_it_was_lost_but_what_it_had_reached_before(runs):
    runs.add([9, 4, 1], status="diverged")
    runs.add([9, 4, NAN], status="diverged")
    runs.add([9, 4, 1], status="failed")
    assert costs(evaluations_to_target(runs.trials, runs.curves, [4, 1])) == 3 * [1, INF]


def test_a_run_without_a_curve_is_charged_what_a_finished_run_spent(runs):
    runs.add([9, 1]).add([], status="crashed").add([], status="planned").add([], status="skipped")
    found = evaluations_to_target(runs.trials, runs.curves, 1, "seconds")
    assert costs(found) == [0.1, INF]
    assert found["spent"].tolist() == [0.1, 0.1]


def test_where_nobody_spent_anything_the_charge_is_unknown(runs):
    runs.add([9, 1]).add([], problem="q", status="crashed")
    found = evaluations_to_target(runs.trials, runs.curves, 1)
    np.testing.assert_equal(found["spent"].tolist(), [1, NAN])


def test_a_run_that_broke_down_is_charged_its_whole_budget(runs):
    """A budget of 100 steps, of work 7 per step; else what it spent, divided by the share used."""
    step = np.arange(0, 101, 50)
    runs.add([9, 8, 7], step=step, work=7 * step).add([9, 8], step=step[:2], status="diverged")
    runs.add([9, 8], step=step[:2], optimizer="x", status="failed", work=3 * step[:2])
    trials = runs.trials.assign(budget="steps 100, target 1")
    trials["work"] = [700.0, 350.0, 150.0]
    found = evaluations_to_target(trials, runs.curves, 1, "steps")
    assert found["spent"].tolist() == [100, 100, 100]
    found = evaluations_to_target(trials, runs.curves, 1)
    assert found["spent"].tolist() == [700, 700, 150 * 100 / 50]
    assert costs(found) == 3 * [INF]


def test_an_accuracy_is_reached_from_below(runs):
    runs.add([1, 1, 1], accuracy=[0.1, 0.8, 0.9]).add([1, 1], accuracy=[0.1, 0.95], status="failed")
    found = evaluations_to_target(runs.trials, runs.curves, [0.8, 0.95], metric="accuracy")
    assert costs(found) == [1, INF, INF, INF]


def test_targets_may_differ_by_problem_and_by_trial(runs):
    runs.add([9, 5, 1], problem="a").add([9, 5, 1], problem="b").add([9, 5, 1], problem="c")
    found = evaluations_to_target(runs.trials, runs.curves, {"a": 5, "b": [1, 9]})
    assert found[["problem", "level", "cost"]].to_numpy().tolist() == [
        ["a", 0, 1],
        ["b", 0, 2],
        ["b", 1, 0],
    ]
    goals = np.array([[1, NAN], [5, 9], [NAN, NAN]])
    found = evaluations_to_target(runs.trials, runs.curves, goals)
    assert found[["problem", "level", "cost"]].to_numpy().tolist() == [
        ["a", 0, 2],
        ["b", 0, 1],
        ["b", 1, 0],
    ]
    np.testing.assert_equal(goals[0], [1, NAN])  # not written to


def test_a_time_that_a_batch_shared_is_in_no_sample(runs):
    runs.add([9, 1]).add([9, 1], together=2).add([9, 9], together=2)
    by_time = evaluations_to_target(runs.trials, runs.curves, 1, "seconds")
    np.testing.assert_equal(costs(by_time), [0.1, NAN, NAN])
    assert costs(evaluations_to_target(runs.trials, runs.curves, 1, "steps")) == [1, 1, INF]


def test_what_a_problem_does_not_count_or_measure_is_in_no_sample(runs):
    runs.add([9, 1]).add([], status="crashed")
    runs.add([9, 1], problem="q", test_accuracy=[0.1, 0.9])
    runs.add([], problem="q", status="crashed")
    found = evaluations_to_target(runs.trials, runs.curves, 1, "epochs")
    np.testing.assert_equal(costs(found), 4 * [NAN])
    found = evaluations_to_target(runs.trials, runs.curves, 0.5, metric="test_accuracy")
    assert found["problem"].tolist() == ["q", "q"]
    assert costs(found) == [1, INF]


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_metric_that_is_no_number_reaches_no_target(runs, value):
    runs.add([9, 1, 1], validation_loss=[9, value, 2], validation_accuracy=[0.1, value, 0.8])
    runs.add([9, 1, 1], validation_loss=[9, 3, value], validation_accuracy=[0.1, 0.7, value])
    found = evaluations_to_target(runs.trials, runs.curves, [2.5, 3.5], metric="validation_loss")
    assert costs(found) == [2, 2, INF, 1]
    found = evaluations_to_target(runs.trials, runs.curves, 0.75, metric="validation_accuracy")
    assert costs(found) == [2, INF]
    tolerance = relative_targets(runs.trials, runs.curves, [0.5], "validation_loss")
    assert tolerance.tolist() == [[5.5], [5.5]]


@pytest.mark.parametrize(("metric", "goal"), [("test_loss", 2.0), ("test_accuracy", 0.5)])
def test_a_run_that_ended_by_its_gradient_has_not_reached_an_infinite_target(trials, metric, goal):
    frame = trials(("converged", 1, 9), ("converged", 1, 9), ("converged", 1, 9))
    frame = frame.assign(target=goal, target_metric=metric, **{metric: [INF, -INF, goal]})
    assert costs(evaluations_to_own_target(frame)) == [INF, INF, 9]


def test_words_that_fit_nothing_are_refused(runs):
    runs.add([9, 1])
    with pytest.raises(
        ValueError, match=r"found the cost 'hours', expected one of steps, .*, seconds"
    ):
        evaluations_to_target(runs.trials, runs.curves, 1, "hours")
    with pytest.raises(ValueError, match="no run measured 'test_loss'"):
        evaluations_to_target(runs.trials, runs.curves, 1, metric="test_loss")
    with pytest.raises(ValueError, match=r"\(2, 1\), expected a row for each of 1 trials"):
        evaluations_to_target(runs.trials, runs.curves, [[1], [2]])


def test_the_own_target_is_reached_at_the_end_of_a_run_that_ended_there(trials):
    goal = {"target": 0.1, "target_metric": "loss"}
    frame = trials(
        ("converged", 0.1, 40),
        ("converged", 0.3, 60),  # by its gradient's norm
        ("finished", 0.1, 100),
        ("diverged", 0.05, 5),
        ("crashed", NAN, NAN),
        ("planned", NAN, NAN),
        **goal,
    )
    found = evaluations_to_own_target(frame)
    assert costs(found) == [40, INF, INF, INF, INF]
    # What broke down is charged what the finished run spent: here nobody has a budget.
    assert found["spent"].tolist() == [40, 60, 100, 100, 100]
    assert found["target"].tolist() == 5 * [0.1]
    assert costs(evaluations_to_own_target(frame, "gradients"))[0] == 80
    assert evaluations_to_own_target(trials(("finished", 1, 9))).empty


def test_both_ways_to_a_target_agree(runs):
    runs.add([9, 4, 1], status="converged", target=1).add([9, 4, 2], target=1)
    for by in set(COSTS) - {"epochs"}:
        own = evaluations_to_own_target(runs.trials, by)
        pd.testing.assert_frame_equal(
            own, evaluations_to_target(runs.trials, runs.curves, 1, by), check_dtype=False
        )


def test_a_shared_time_to_the_own_target_is_in_no_sample(trials):
    frame = trials(("converged", 0, 4), target=1, target_metric="loss", together=8)
    np.testing.assert_equal(costs(evaluations_to_own_target(frame, "seconds")), [NAN])
    assert costs(evaluations_to_own_target(frame)) == [4]


def test_relative_targets_are_those_of_more_and_wild(runs):
    runs.add([11, 3], minimum=1).add([21, 3], minimum=1)
    found = relative_targets(runs.trials, runs.curves, (0.1, 0.01))
    np.testing.assert_allclose(found, [[2, 1.1], [3, 1.2]])
    reached = found[:, 0]  # f(x₀) − f(x) = (1 − τ) (f(x₀) − f_L)
    np.testing.assert_allclose([11, 21] - reached, 0.9 * (np.array([11, 21]) - 1))


def test_an_unknown_minimum_is_the_best_that_anybody_found_and_kept(runs):
    runs.add([10, 5]).add([20, 2, 4], optimizer="b").add([20, 0], optimizer="b", status="diverged")
    found = relative_targets(runs.trials, runs.curves, (0.5,))
    np.testing.assert_allclose(found, [[6], [11], [11]])


def test_a_run_without_a_curve_has_the_targets_of_its_seed(runs):
    for optimizer in "ab":
        for start in (10, 20):
            crashed = optimizer == "b" and start == 20
            runs.add(
                [] if crashed else [start, 5],
                optimizer=optimizer,
                status="crashed" if crashed else "finished",
                minimum=NAN if crashed else 0,
            )
    runs.add([], optimizer="c", seed=9, status="crashed")
    found = relative_targets(runs.trials, runs.curves, (0.1,))
    np.testing.assert_allclose(found[:, 0], [1, 2, 1, 2, 1.5])  # the last: a median seed's


def test_relative_targets_of_an_accuracy_lie_below_the_best(runs):
    runs.add([1, 1, 1], accuracy=[0.5, 0.9, 0.8], minimum=0.0)
    np.testing.assert_allclose(
        relative_targets(runs.trials, runs.curves, (0.1,), "accuracy"), [[0.86]]
    )


def test_where_nothing_is_known_there_is_no_target(runs):
    runs.add([9, 1]).add([], problem="q", status="failed")
    found = relative_targets(runs.trials, runs.curves, (0.5,))
    np.testing.assert_equal(found, [[5], [NAN]])
