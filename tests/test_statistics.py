"""Medians, intervals, alignment and summaries against values computed by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optframe.statistics import (
    STATUSES,
    Curve,
    align,
    final,
    median_and_quartiles,
    median_interval,
    summary,
    worst,
)

INF, NAN = math.inf, math.nan


def curve(x, y, censored=None):
    return Curve(np.array(x, float), np.array(y, float), censored)


# --- align -----------------------------------------------------------------------------------


def test_a_run_has_the_value_of_its_last_checkpoint_and_keeps_its_last_one():
    values = align([curve([0, 2, 5], [9, 4, 1])], [0, 1, 2, 4, 5, 80])
    assert values.tolist() == [[9, 9, 4, 4, 1, 1]]


def test_interpolation_joins_checkpoints_by_lines_and_keeps_the_last_value():
    values = align([curve([0, 2, 6], [9, 5, 1])], [0, 1, 2, 5, 7], interpolate=True)
    assert values.tolist() == [[9, 7, 5, 2, 1]]


@pytest.mark.parametrize("interpolate", [False, True])
def test_a_censored_run_is_infinite_from_there_on(interpolate):
    runs = [curve([0, 2, 4], [9, 50, NAN], censored=4)]
    values = align(runs, [0, 2, 3, 4, 9], interpolate=interpolate)
    assert values.tolist() == [[9, 50, 50, INF, INF]]


def test_a_run_may_be_censored_before_and_after_its_last_checkpoint():
    runs = [curve([0, 2, 4], [9, 8, 7], censored=3), curve([0, 2], [9, 8], censored=5)]
    assert align(runs, [2, 3, 4, 5]).tolist() == [[8, INF, INF, INF], [8, 8, 8, INF]]


def test_nan_and_lost_runs_count_as_the_worst():
    runs = [curve([0, 1], [0.1, NAN]), curve([], [], censored=0)]
    assert align(runs, [0, 1], worst=-INF).tolist() == [[0.1, -INF], [-INF, -INF]]


def test_a_value_next_to_an_infinite_one_is_held_and_not_interpolated():
    values = align([curve([0, 2, 4], [1, INF, 3])], [0, 1, 2, 3, 4], interpolate=True)
    assert values.tolist() == [[1, 1, INF, INF, 3]]


def test_no_runs_align_to_no_rows():
    assert align([], [0, 1]).shape == (0, 2)


@pytest.mark.parametrize(
    ("run", "grid", "message"),
    [
        (curve([1, 2], [5, 4]), [0, 1], "before a run's start"),
        (curve([0, 2, 1], [5, 4, 3]), [0, 1], "must ascend"),
        (curve([], []), [0, 1], "at least one"),
    ],
)
def test_curves_that_cannot_be_aligned_are_refused(run, grid, message):
    with pytest.raises(ValueError, match=message):
        align([run], grid)


# --- quartiles -------------------------------------------------------------------------------


def test_quartiles_of_five_are_the_second_third_and_fourth():
    assert median_and_quartiles([5, 1, 4, 2, 3]) == (2, 3, 4)


def test_quartiles_between_two_values_are_interpolated():
    assert median_and_quartiles([1, 2, 3, 10]) == (1.75, 2.5, 4.75)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_quartiles_of_numbers_are_those_of_numpy(sample):
    np.testing.assert_allclose(
        median_and_quartiles(sample), np.percentile(sample, [25, 50, 75]), rtol=1e-12, atol=1e-9
    )


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([1, 2, 3, INF, INF], (2, 3, INF)),  # two of five lost: the median is a number
        ([1, 2, INF, INF, INF], (2, INF, INF)),
        ([1, 2, INF, INF], (1.75, INF, INF)),  # half lost: between a number and infinity
        ([INF, INF], (INF, INF, INF)),
        ([-INF, 0.5, 0.7, 0.9], (-INF, 0.6, 0.75)),  # an accuracy
    ],
)
def test_a_quartile_that_touches_an_infinity_is_infinite(sample, expected):
    np.testing.assert_allclose(median_and_quartiles(sample), expected)


def test_quartiles_are_over_the_first_axis():
    assert median_and_quartiles([[1, INF], [3, INF], [2, 7]]).median.tolist() == [2, INF]


@pytest.mark.parametrize("bad", [[], 3.0, [1, NAN]])
def test_samples_without_a_median_are_refused(bad):
    with pytest.raises(ValueError, match=r"no median|NaN"):
        median_and_quartiles(bad)


# --- the median's interval -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "low", "high", "confidence"),
    [
        (1, 1, 1, 0.0),
        (2, 1, 2, 1 - 2 / 4),
        (5, 1, 5, 1 - 2 / 32),
        (6, 1, 6, 1 - 2 / 64),
        (8, 1, 8, 1 - 2 / 256),
        (9, 2, 8, 1 - 2 * (1 + 9) / 512),
        (20, 6, 15, 0.9586105),  # the textbook's table
    ],
)
def test_the_interval_of_the_median_has_the_ranks_of_the_binomial(n, low, high, confidence):
    interval = median_interval(np.arange(n, 0, -1))
    assert (interval.median, interval.low, interval.high) == ((n + 1) / 2, low, high)
    assert interval.confidence == pytest.approx(confidence, abs=1e-7)


def test_the_interval_covers_the_true_median_as_often_as_it_says():
    samples = np.random.default_rng(0).standard_normal((4000, 9))
    found = [median_interval(sample) for sample in samples]
    covered = np.mean([interval.low <= 0 <= interval.high for interval in found])
    assert covered == pytest.approx(found[0].confidence, abs=0.012)


def test_lost_runs_widen_the_interval_to_infinity():
    assert median_interval([1, 2, 3, 4, INF]) == (3, 1, INF, 1 - 2 / 32)
    assert median_interval(range(9), confidence=0.5)[1:3] == (2, 6)


# --- final values and the summary ------------------------------------------------------------


def trials(*rows, **common):
    """Make a frame of trials: each row a (status, loss, steps), seeds counted up."""
    fixed = {
        "problem": "p",
        "optimizer": "o",
        "sampler": "none",
        "target": NAN,
        "target_metric": None,
        "minimum": NAN,
        "test_accuracy": NAN,
        "together": 1,
    } | common
    made = [
        fixed | {"status": s, "loss": loss, "steps": steps, "seconds": steps * (seed + 1) * 1e-3}
        for seed, (s, loss, steps) in enumerate(rows)
    ]
    return pd.DataFrame(made)


def only(frame):
    (row,) = summary(frame).to_dict("records")
    return row


def test_lost_runs_count_as_infinite_and_those_that_did_not_run_not_at_all():
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


def test_an_accuracy_is_lost_downwards():
    assert (worst("test_accuracy"), worst("test_loss")) == (-INF, INF)
    frame = trials(("finished", 1, 9), ("finished", 1, 9), ("diverged", NAN, 9), ("failed", 1, 9))
    frame["test_accuracy"] = [0.9, 0.8, NAN, 0.99]
    assert final(frame, "test_accuracy").tolist() == [0.9, 0.8, -INF, -INF]
    assert only(frame)["test_accuracy"] == -INF
    assert only(frame.iloc[:3])["test_accuracy"] == 0.8


def test_the_test_loss_is_lost_upwards():
    frame = trials(("finished", 1, 9), ("finished", 1, 9), ("diverged", 1, 9))
    frame["test_loss"] = [0.3, 0.5, 0.1]
    assert only(frame)["test_loss"] == 0.5
    assert only(frame.iloc[::2])["test_loss"] == INF


@pytest.mark.parametrize(("other", "agreed"), [(0.25 + 1e-14, 0.25), (0.26, NAN)])
def test_a_minimum_is_known_where_all_know_the_same_but_for_rounding(other, agreed):
    frame = trials(("finished", 1.0, 10), ("finished", 1.0, 10), ("finished", 1.0, 10))
    frame["minimum"] = [other, 0.25, NAN]
    assert only(frame)["minimum"] == pytest.approx(agreed, abs=0, nan_ok=True)


def test_a_metric_that_a_problem_lacks_has_no_median():
    row = only(trials(("finished", 1.0, 10), ("diverged", NAN, 10)))
    assert math.isnan(row["test_accuracy"])
    assert math.isnan(row["steps_to_target"])
    assert only(trials(("failed", NAN, NAN)).drop(columns="loss"))["loss"] == INF


def test_steps_to_target_are_infinite_for_runs_that_did_not_reach_it():
    runs = [("converged", 0.09, 40), ("converged", 0.1, 60), ("finished", 0.3, 100)]
    goal = {"target": 0.1, "target_metric": "loss"}
    assert only(trials(*runs, **goal))["steps_to_target"] == 60
    assert only(trials(*runs, ("diverged", NAN, 5), **goal))["steps_to_target"] == INF


def test_a_run_that_converged_by_its_gradient_did_not_reach_the_target():
    runs = [("converged", 0.5, 40), ("converged", 0.05, 60)]
    assert only(trials(*runs, target=0.1, target_metric="loss"))["steps_to_target"] == INF
    assert only(trials(*runs[1:], target=0.1, target_metric="loss"))["steps_to_target"] == 60


def test_a_target_accuracy_is_reached_from_below():
    frame = trials(("converged", 1.0, 40), target=0.9, target_metric="test_accuracy")
    assert only(frame.assign(test_accuracy=0.95))["steps_to_target"] == 40
    assert only(frame.assign(test_accuracy=0.85))["steps_to_target"] == INF


def test_time_per_step_is_the_median_over_runs_that_stepped():
    frame = trials(("finished", 1.0, 10), ("finished", 1.0, 20), ("failed", NAN, 0))
    assert only(frame)["seconds_per_step"] == pytest.approx(1.5e-3)


def test_summary_keeps_the_order_of_the_study_and_names_each_group():
    frame = pd.concat(
        [
            trials(("finished", 2.0, 9), problem="z", optimizer="b"),
            trials(("finished", 1.0, 9), ("diverged", 0, 9), problem="z", optimizer="a"),
            trials(("planned", NAN, NAN), problem="a", optimizer="b", minimum=0.5),
        ],
        ignore_index=True,
    )
    table = summary(frame)
    assert table[["problem", "optimizer"]].to_numpy().tolist() == [
        ["z", "b"],
        ["z", "a"],
        ["a", "b"],
    ]
    assert table["statuses"].tolist() == ["1 finished", "1 finished, 1 diverged", "1 planned"]
    assert table["runs"].tolist() == [1, 2, 0]
    assert math.isnan(table["loss"].iloc[2])
    assert table["minimum"].iloc[2] == 0.5


def test_an_empty_store_has_an_empty_summary_with_the_same_columns():
    full = summary(trials(("finished", 1.0, 9)))
    for empty in (pd.DataFrame(), trials(("finished", 1.0, 9)).iloc[:0]):
        assert list(summary(empty).columns) == list(full.columns)
        assert summary(empty).empty
