"""Expected running times, success probabilities and medians, by hand and against SciPy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from optframe.statistics import evaluations_to_target, median_interval, time_to_target
from optframe.statistics.running_time import expected_running_times, percentile_ends

INF, NAN = math.inf, math.nan


def expected_running_time(cost, spent):
    """That of one group of runs."""
    runs = np.asarray(cost, float), np.asarray(spent, float)
    return float(expected_running_times(*runs, np.zeros(len(cost), int), 1)[0])


def row_of(cost, spent, confidence=0.95, **given):
    """The row of the table for these runs of one optimizer."""
    frame = pd.DataFrame({"cost": cost, "spent": spent, "target": 1.0, "level": 0}, dtype=float)
    frame = frame.assign(problem="p", optimizer="a", sampler="none", level=0)
    (row,) = time_to_target(frame, confidence, **given).to_dict("records")
    return row


def test_failures_are_paid_for_by_the_successes():
    assert expected_running_time([10, INF, 30, INF], [90, 100, 90, 50]) == (10 + 30 + 150) / 2
    assert expected_running_time([10, 30], [90, 90]) == 20  # what follows a success is free


def test_it_is_the_mean_cost_of_restarting_until_a_run_succeeds(random):
    cost = np.array([4.0, INF, 7.0, INF, INF])
    spent = np.array([9.0, 10.0, 9.0, 3.0, 5.0])
    p, restarts = 2 / 5, random.geometric(2 / 5, size=40_000) - 1
    failures = random.choice(spent[[1, 3, 4]], size=int(restarts.sum()))
    successes = random.choice(cost[[0, 2]], size=restarts.size)
    total = (failures.sum() + successes.sum()) / restarts.size
    assert expected_running_time(cost, spent) == pytest.approx(11 / 2 + (1 - p) / p * 18 / 3)
    noise = math.sqrt(1.5**2 + 1.5 * 6**2 + 6**2 * (1 - p) / p**2) / math.sqrt(restarts.size)
    assert total == pytest.approx(expected_running_time(cost, spent), abs=8 * noise)


def test_without_a_success_or_with_an_unknown_bill_it_is_infinite():
    assert math.isnan(expected_running_time([NAN], [1]))
    assert math.isnan(expected_running_time([], []))
    assert expected_running_time([INF, INF], [5, 5]) == INF
    assert expected_running_time([3, INF], [5, NAN]) == INF
    assert expected_running_time([3, 4], [5, NAN]) == 3.5
    assert expected_running_time([3, NAN], [5, 5]) == 3  # a shared time is in no sample


def test_its_interval_is_that_of_resampled_runs(random):
    cost, spent = np.where(random.random(12) < 0.3, INF, random.random(12)), random.random(12) + 1
    found = row_of(cost, spent, 0.9, resamples=3000)
    drawn = np.array(
        [expected_running_time(cost[i], spent[i]) for i in random.integers(12, size=(3000, 12))]
    )
    assert found["ert"] == pytest.approx(expected_running_time(cost, spent), rel=1e-12)
    tail = 8 * math.sqrt(2 * 0.05 * 0.95 / 3000)
    for end, share in ((found["ert_low"], 0.05), (found["ert_high"], 0.95)):
        assert np.mean(drawn < end) - tail <= share <= np.mean(drawn <= end) + tail


def test_a_resample_without_a_success_is_infinite():
    found = row_of([1, INF, INF], [9, 9, 9])
    assert (found["ert"], found["ert_high"]) == (19, INF)  # (2/3)³ of the resamples
    assert found["ert_low"] == pytest.approx(1)  # (1/3)³ of them are thrice the first
    assert row_of([1, 2, INF], [9, 9, NAN])["ert_high"] == INF


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_success_has_the_exact_interval_of_a_proportion(confidence):
    for runs in (2, 7, 20):
        for successes in range(runs + 1):
            cost = [1.0] * successes + [INF] * (runs - successes)
            row = row_of(cost, [2.0] * runs, confidence, resamples=10)
            found = [row[name] for name in ("success", "success_low", "success_high")]
            exact = binomtest(successes, runs).proportion_ci(confidence, method="exact")
            expected = (successes / runs, exact.low, exact.high)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_an_interval_needs_a_confidence_and_draws():
    for confidence in (0.0, 1.0, 95):
        with pytest.raises(ValueError, match="between 0 and 1"):
            percentile_ends(np.arange(3.0), confidence)
    with pytest.raises(ValueError, match="at least one"):
        percentile_ends(np.empty(0), 0.95)


def test_ends_are_drawn_values_rounded_outwards():
    drawn = np.array([[5.0, 1], [3, INF], [1, INF], [4, 2], [2, 3]])
    for confidence, ends in ((0.5, (2, 4)), (0.2, (3, 3)), (0.9, (1, 5))):
        low, high = percentile_ends(drawn, confidence)
        assert (low[0], high[0]) == ends
    assert percentile_ends(drawn, 0.5)[1][1] == INF


def test_the_table_says_of_each_group_what_the_functions_say(runs, random):
    for problem in "pq":
        for optimizer in "ab":
            for _ in range(7):
                loss = 10 * random.random(int(random.integers(2, 20)))
                runs.add(loss, optimizer, problem, random.choice(["finished", "diverged"]))
    frame = evaluations_to_target(runs.trials, runs.curves, [5, 1, 0.1])
    table = time_to_target(frame, 0.9, resamples=500, seed=4)
    assert len(table) == 12
    for row in table.to_dict("records"):
        same = {name: row[name] for name in ("problem", "optimizer", "sampler", "level")}
        own = frame[(frame[list(same)] == pd.Series(same)).all(axis=1)]
        cost, spent = own["cost"], own["spent"]
        assert (row["runs"], row["left_out"]) == (7, 0)
        assert row["reached"] == np.isfinite(cost).sum()
        assert row["target"] == [5, 1, 0.1][row["level"]]
        alone = row_of(cost.to_numpy(), spent.to_numpy(), 0.9, resamples=500, seed=4)
        assert alone["ert"] == pytest.approx(expected_running_time(cost, spent), rel=1e-12)
        ends = ("ert", "ert_low", "ert_high", "success", "success_low", "success_high")
        np.testing.assert_allclose(
            [row[name] for name in ends], [alone[name] for name in ends], rtol=1e-12
        )
        said = [row[name] for name in ("median", "low", "high", "confidence")]
        np.testing.assert_allclose(said, median_interval(cost, 0.9), rtol=1e-12)


def test_half_of_the_runs_lost_have_an_infinite_median(runs):
    runs.add([9, 1]).add([9, 9, 1]).add([9, 9]).add([], status="crashed")
    (row,) = time_to_target(evaluations_to_target(runs.trials, runs.curves, 1)).to_dict("records")
    assert (row["median"], row["low"], row["high"]) == (INF, 1, INF)
    assert (row["reached"], row["success"]) == (2, 0.5)
    assert row["ert"] == (1 + 2 + 1 + 2) / 2  # the crash is charged what a finished run spent


def test_shared_times_are_left_out_and_counted(runs):
    runs.add([9, 1]).add([9, 9, 1]).add([9, 1], together=3)
    runs.add([9, 1], optimizer="b", together=2)
    frame = evaluations_to_target(runs.trials, runs.curves, 1, "seconds")
    ours, theirs = time_to_target(frame).to_dict("records")
    assert (ours["runs"], ours["left_out"], ours["reached"]) == (3, 1, 2)
    assert ours["median"] == pytest.approx(0.15)
    assert (theirs["runs"], theirs["left_out"], theirs["reached"]) == (1, 1, 0)
    assert all(math.isnan(theirs[name]) for name in ("median", "ert", "success", "confidence"))


def test_one_run_has_no_ends_and_targets_that_differ_no_name(runs):
    runs.add([9, 1]).add([9, 9, 1], optimizer="b").add([9, 1], optimizer="b")
    goals = np.array([[1.0], [2.0], [3.0]])
    frame = evaluations_to_target(runs.trials, runs.curves, goals)
    one, two = time_to_target(frame).to_dict("records")
    assert (one["target"], one["median"], one["ert"], one["success"]) == (1, 1, 1, 1)
    ends = ["low", "high", "confidence", "ert_low", "ert_high", "success_low", "success_high"]
    assert all(math.isnan(one[name]) for name in ends)
    assert math.isnan(two["target"])
    assert two["median"] == 1.5


def test_no_evaluations_make_an_empty_table(runs):
    runs.add([9, 1])
    full = time_to_target(evaluations_to_target(runs.trials, runs.curves, 1))
    empty = time_to_target(evaluations_to_target(runs.trials, runs.curves, NAN))
    assert list(empty.columns) == list(full.columns)
    assert empty.empty
