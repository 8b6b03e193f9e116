"""Expected running times, success probabilities and medians, by hand and against SciPy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from optframe.statistics import (
    evaluations_to_target,
    expected_running_time,
    expected_running_time_interval,
    median_interval,
    success_probability,
    time_to_target,
)

INF, NAN = math.inf, math.nan


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
    assert expected_running_time([INF, INF], [5, 5]) == INF
    assert expected_running_time([3, INF], [5, NAN]) == INF
    assert expected_running_time([3, 4], [5, NAN]) == 3.5
    assert expected_running_time([3, NAN], [5, 5]) == 3  # a shared time is in no sample


@pytest.mark.parametrize(("cost", "spent"), [([], []), ([1, 2], [1]), ([NAN], [1])])
def test_no_runs_have_no_running_time(cost, spent):
    with pytest.raises(ValueError, match="at least one run"):
        expected_running_time(cost, spent)


def test_its_interval_is_that_of_resampled_runs(random):
    cost, spent = np.where(random.random(12) < 0.3, INF, random.random(12)), random.random(12) + 1
    found = expected_running_time_interval(cost, spent, 0.9, resamples=3000)
    drawn = np.array(
        [expected_running_time(cost[i], spent[i]) for i in random.integers(12, size=(3000, 12))]
    )
    assert found.value == pytest.approx(expected_running_time(cost, spent), rel=1e-12)
    tail = 8 * math.sqrt(2 * 0.05 * 0.95 / 3000)
    for end, share in ((found.low, 0.05), (found.high, 0.95)):
        assert np.mean(drawn < end) - tail <= share <= np.mean(drawn <= end) + tail


def test_a_resample_without_a_success_is_infinite():
    found = expected_running_time_interval([1, INF, INF], [9, 9, 9])
    assert (found.value, found.high) == (19, INF)  # (2/3)³ of the resamples
    assert found.low == pytest.approx(1)  # (1/3)³ of them are thrice the first
    assert expected_running_time_interval([1, 2, INF], [9, 9, NAN]).high == INF


def test_one_run_has_no_interval():
    assert expected_running_time_interval([4], [9]) == (4, 4, 4, 0)


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_success_has_the_exact_interval_of_a_proportion(confidence):
    for runs in (1, 7, 20):
        for successes in range(runs + 1):
            found = success_probability(successes, runs, confidence)
            exact = binomtest(successes, runs).proportion_ci(confidence, method="exact")
            expected = (successes / runs, exact.low, exact.high, confidence)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_the_rule_of_three():
    assert success_probability(0, 20).high == pytest.approx(1 - 0.025 ** (1 / 20))


@pytest.mark.parametrize(("successes", "runs"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_proportions_are_refused(successes, runs):
    with pytest.raises(ValueError, match=r"successes in 2 runs, expected 0 to 2"):
        success_probability(successes, runs)


# --- tables ----------------------------------------------------------------------------------


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
        ert = expected_running_time_interval(cost, spent, 0.9, resamples=500, seed=4)
        said = [row[name] for name in ("ert", "ert_low", "ert_high")]
        np.testing.assert_allclose(said, ert[:3], rtol=1e-12)
        said = [row[name] for name in ("median", "low", "high", "confidence")]
        np.testing.assert_allclose(said, median_interval(cost, 0.9), rtol=1e-12)
        said = [row[name] for name in ("success", "success_low", "success_high")]
        probability = success_probability(int(row["reached"]), 7, 0.9)
        np.testing.assert_allclose(said, probability[:3], rtol=1e-12)


def test_half_of_the_runs_lost_have_an_infinite_median(runs):
    runs.add([9, 1]).add([9, 9, 1]).add([9, 9]).add([], status="crashed")
    (row,) = time_to_target(evaluations_to_target(runs.trials, runs.curves, 1)).to_dict("records")
    assert (row["median"], row["low"], row["high"]) == (INF, 1, INF)
    assert (row["reached"], row["success"], row["ert"]) == (2, 0.5, INF)


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
