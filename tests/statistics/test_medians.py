"""Medians, intervals and alignment against values computed by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from optframe.statistics import Curve, align, median_and_quartiles, median_interval

INF, NAN = math.inf, math.nan


def curve(x, y, censored=None):
    return Curve(np.array(x, float), np.array(y, float), censored)


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
    with pytest.raises(ValueError, match=r"no runs|NaN"):
        median_and_quartiles(bad)


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


def test_ten_thousand_runs_have_their_interval():
    interval = median_interval(np.arange(10_000.0))
    k = int(binom.ppf(0.025, 10_000, 0.5))  # P(B < k) is the last that is no more than 0.025
    assert interval[:3] == (4999.5, k - 1, 10_000 - k)
    assert interval.confidence == pytest.approx(1 - 2 * binom.cdf(k - 1, 10_000, 0.5), rel=1e-9)
