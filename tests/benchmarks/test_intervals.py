"""Bootstrap intervals against their known distribution, and their coverage."""

import math
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

intervals = runpy.run_path(str(Path(__file__).with_name("intervals.py")))
bootstrap_median = intervals["bootstrap_median"]
bootstrap_median_ratio = intervals["bootstrap_median_ratio"]

INF, NAN = math.inf, math.nan


def below(n, k):
    """P(the bootstrap median of n values is at most the k-th smallest), n odd: Efron 1979."""
    return binom.sf((n - 1) // 2, n, k / n)


@pytest.mark.parametrize("n", [5, 9, 15, 31])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_the_ends_are_quantiles_of_the_distribution_that_resampling_has(random, n, confidence):
    values = random.permutation(n) + 1.0  # so that a value is its rank
    resamples = 40_000
    found = bootstrap_median(values, confidence, resamples, seed=int(random.integers(2**31)))
    tail = (1 - confidence) / 2
    noise = 8 * math.sqrt(tail * (1 - tail) / resamples)
    assert found.median == (n + 1) / 2
    assert below(n, found.low) > tail - noise
    assert below(n, found.low - 1) < tail + noise
    assert below(n, found.high) > 1 - tail - noise
    assert below(n, found.high - 1) < 1 - tail + noise


def test_an_even_sample_has_medians_between_its_values(random):
    found = bootstrap_median([1.0, 3.0], 0.9, seed=int(random.integers(2**31)))
    assert found == (2.0, 1.0, 3.0, 0.5)  # the medians 1, 2, 3 have probabilities 1/4, 1/2, 1/4
    assert bootstrap_median([1.0, 3.0], 0.4)[:3] == (2.0, 2.0, 2.0)


def test_the_same_seed_gives_the_same_interval_in_any_order(random):
    values = random.normal(size=25)
    found = bootstrap_median(values, seed=3)
    assert found == bootstrap_median(values[::-1], seed=3)
    shifted = bootstrap_median(7 - 2 * values, seed=3)
    np.testing.assert_allclose(shifted.median, 7 - 2 * found.median, rtol=0, atol=1e-12)


def test_lost_runs_are_values_like_others():
    assert bootstrap_median([1.0, 2.0, INF]) == (2.0, 1.0, INF, 0.75)
    # 1 is the median of 5.8 % of all resamples
    assert bootstrap_median([1.0, INF, INF, INF, INF])[:3] == (INF, 1.0, INF)
    assert bootstrap_median([-INF, 0.5, 0.6])[1] == -INF


def test_few_runs_do_not_claim_more_than_their_range_can_cover():
    assert bootstrap_median([2.5]) == (2.5, 2.5, 2.5, 0.0)
    assert [bootstrap_median(np.arange(n)).confidence for n in (2, 5, 6)] == [0.5, 0.9375, 0.95]


def test_a_ratio_is_of_pairs_so_that_what_disturbs_both_cancels(random):
    noise = np.exp(random.normal(scale=5, size=30))
    ours = 1.5 * noise
    found = bootstrap_median_ratio(ours, noise, 0.99)
    np.testing.assert_allclose(found[:3], 1.5, rtol=1e-13)
    assert found.confidence == 0.99
    unpaired = bootstrap_median(ours).median / bootstrap_median(noise).median
    shuffled = bootstrap_median_ratio(ours, random.permutation(noise), 0.99)
    assert unpaired == pytest.approx(1.5)
    assert shuffled.high > 1.5 > shuffled.low


def test_a_ratio_upside_down_is_the_reciprocal(random):
    ours, theirs = np.exp(random.normal(size=(2, 8)))
    found, turned = (bootstrap_median_ratio(*pair) for pair in ((ours, theirs), (theirs, ours)))
    assert turned.median == pytest.approx(1 / found.median, rel=1e-13)


def test_a_lost_run_has_an_infinite_ratio_or_none():
    assert bootstrap_median_ratio([1, 2, INF], [2, INF, 1]) == (0.5, 0.0, INF, 0.75)
    even = bootstrap_median_ratio([1, 4], [1, 1])
    assert even.median == pytest.approx(2)  # the geometric mean of the two in the middle


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        ([1, 2], [1], "found 2 and 1"),
        ([1, 0], [1, 1], "positive"),
        ([1, 1], [-1, 1], "positive"),
        ([INF, 1], [INF, 1], "no ratio"),
        ([NAN], [1], "NaN"),
        ([], [], "no runs"),
    ],
)
def test_what_has_no_ratio_is_refused(ours, theirs, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_median_ratio(ours, theirs)


def test_an_interval_needs_a_confidence_and_draws():
    for confidence in (0.0, 1.0, 95):
        with pytest.raises(ValueError, match="between 0 and 1"):
            bootstrap_median([1, 2], confidence)
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_median([1, 2], resamples=0)
