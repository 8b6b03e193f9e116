"""Final values and the summary of a study."""

import math

import pandas as pd
import pytest

from optframe.statistics import STATUSES, final, summary, worst

INF, NAN = math.inf, math.nan


def only(frame):
    (row,) = summary(frame).to_dict("records")
    return row


def test_lost_runs_count_as_infinite_and_those_that_did_not_run_not_at_all(trials):
    frame = trials(
        ("finished", 1.0, 10),
        ("stopped", 2.0, 10),
        ("diverged", 0.5, 3),  # its last number says nothing
        ("crashed", NAN, NAN),
        ("planned", NAN, NAN),
        ("skipped", NAN, NAN),
    )
    assert final(frame, "loss").tolist() == [1.0, 2.0, INF, INF]
    row = only(frame)
    assert (row["runs"], row["loss"], row["loss_low"], row["loss_high"]) == (4, INF, 1.0, INF)
    assert {s: row[s] for s in STATUSES if row[s]} == dict.fromkeys(frame["status"], 1)


def test_an_accuracy_is_lost_downwards(trials):
    assert (worst("test_accuracy"), worst("test_loss")) == (-INF, INF)
    frame = trials(("finished", 1, 9), ("finished", 1, 9), ("diverged", NAN, 9), ("failed", 1, 9))
    frame["test_accuracy"] = [0.9, 0.8, NAN, 0.99]
    assert final(frame, "test_accuracy").tolist() == [0.9, 0.8, -INF, -INF]
    assert only(frame)["test_accuracy"] == -INF
    assert only(frame.iloc[:3])["test_accuracy"] == 0.8


def test_the_test_loss_is_lost_upwards(trials):
    frame = trials(("finished", 1, 9), ("finished", 1, 9), ("diverged", 1, 9))
    frame["test_loss"] = [0.3, 0.5, 0.1]
    assert only(frame)["test_loss"] == 0.5
    assert only(frame.iloc[::2])["test_loss"] == INF


def test_the_metrics_of_validation_records_are_summed_up_beside_those_of_test_records(trials):
    frame = trials(*3 * [("finished", 1, 9)]).assign(test_accuracy=[0.7, 0.8, 0.9])
    row = only(frame.assign(validation_loss=[0.3, 0.1, 0.2], validation_accuracy=[0.6, 0.9, 0.5]))
    assert (row["validation_loss"], row["validation_accuracy"]) == (0.2, 0.6)
    assert row["test_accuracy"] == 0.8
    assert math.isnan(only(frame)["validation_loss"])


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_final_value_that_is_no_number_is_the_worst(value, trials):
    frame = trials(("finished", 1, 9), ("converged", 1, 9), ("stopped", 1, 9))
    frame = frame.assign(validation_loss=[value, 0.5, value], validation_accuracy=[value, 0.5, 0.7])
    assert final(frame, "validation_loss").tolist() == [INF, 0.5, INF]
    assert final(frame, "validation_accuracy").tolist() == [-INF, 0.5, 0.7]
    assert only(frame)["validation_loss"] == INF


@pytest.mark.parametrize(("other", "agreed"), [(0.25 + 1e-14, 0.25), (0.26, NAN)])
def test_a_minimum_is_known_where_all_know_the_same_but_for_rounding(trials, other, agreed):
    frame = trials(("finished", 1.0, 10), ("finished", 1.0, 10), ("finished", 1.0, 10))
    frame["minimum"] = [other, 0.25, NAN]
    assert only(frame)["minimum"] == pytest.approx(agreed, abs=0, nan_ok=True)


def test_a_metric_that_a_problem_lacks_has_no_median(trials):
    row = only(trials(("finished", 1.0, 10), ("diverged", NAN, 10)))
    assert math.isnan(row["test_accuracy"])
    assert math.isnan(row["steps_to_target"])
    assert only(trials(("failed", NAN, NAN)).drop(columns="loss"))["loss"] == INF


def test_steps_to_target_are_infinite_for_runs_that_did_not_reach_it(trials):
    runs = [("converged", 0.09, 40), ("converged", 0.1, 60), ("finished", 0.3, 100)]
    goal = {"target": 0.1, "target_metric": "loss"}
    assert only(trials(*runs, **goal))["steps_to_target"] == 60
    assert only(trials(*runs, ("diverged", NAN, 5), **goal))["steps_to_target"] == INF


def test_a_run_that_converged_by_its_gradient_did_not_reach_the_target(trials):
    runs = [("converged", 0.5, 40), ("converged", 0.05, 60)]
    assert only(trials(*runs, target=0.1, target_metric="loss"))["steps_to_target"] == INF
    assert only(trials(*runs[1:], target=0.1, target_metric="loss"))["steps_to_target"] == 60


def test_a_target_accuracy_is_reached_from_below(trials):
    frame = trials(("converged", 1.0, 40), target=0.9, target_metric="test_accuracy")
    assert only(frame.assign(test_accuracy=0.95))["steps_to_target"] == 40
    assert only(frame.assign(test_accuracy=0.85))["steps_to_target"] == INF


def test_time_per_step_is_the_median_over_runs_that_stepped(trials):
    frame = trials(("finished", 1.0, 10), ("finished", 1.0, 20), ("failed", NAN, 0))
    assert only(frame)["seconds_per_step"] == pytest.approx(1.5e-3)


def test_summary_keeps_the_order_of_the_study_and_names_each_group(trials, joined):
    frame = joined(
        trials(("finished", 2.0, 9), problem="z", optimizer="b"),
        trials(("finished", 1.0, 9), ("diverged", 0, 9), problem="z", optimizer="a"),
        trials(("planned", NAN, NAN), problem="a", optimizer="b", minimum=0.5),
    )
    table = summary(frame)
    assert (table["problem"] + table["optimizer"]).tolist() == ["zb", "za", "ab"]
    assert table["statuses"].tolist() == ["1 finished", "1 finished, 1 diverged", "1 planned"]
    assert table["runs"].tolist() == [1, 2, 0]
    assert math.isnan(table["loss"].iloc[2])
    assert table["minimum"].iloc[2] == 0.5


def test_an_empty_store_has_an_empty_summary_with_the_same_columns(trials):
    full = summary(trials(("finished", 1.0, 9)))
    for empty in (pd.DataFrame(), trials(("finished", 1.0, 9)).iloc[:0]):
        assert list(summary(empty).columns) == list(full.columns)
        assert summary(empty).empty
