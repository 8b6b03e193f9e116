"""What searches find, held against all searches, and against the package opda."""

import itertools
import math
import statistics
from fractions import Fraction

import numpy as np
import pytest

from optframe.statistics.tuning.estimators import (
    best_so_far,
    expected_best,
    lower_side_ends,
    median_best,
    median_best_by_work,
    median_of_studies,
    simultaneous_band,
)

ABSENT = "peers are not installed: pip install 'optframe-bench[peers]'"
SIZES = [1, 2, 3, 7, 20, 50, 200]


def drawn(size, seed=0, ties=False):
    values = np.random.default_rng([size, seed]).lognormal(size=size)
    return np.round(values, 1) if ties else values


@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_expected_best_is_the_mean_over_all_subsets(size):
    values = [Fraction(v).limit_denominator(100) for v in drawn(size, ties=True)]
    for n in range(1, size + 1):
        subsets = list(itertools.combinations(values, n))
        exact = sum(map(min, subsets)) / len(subsets)
        found = expected_best([float(v) for v in values], n)
        assert found[0] == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("size", [40, 200, 3000])
def test_expected_best_is_the_exact_rational_sum(size):
    ordered = sorted(Fraction(float(v)) for v in drawn(size))
    for n in (1, 2, size // 3, size - 1, size):
        weights = [math.comb(size - i, n - 1) for i in range(1, size + 1)]
        exact = sum(w * y for w, y in zip(weights, ordered, strict=True)) / math.comb(size, n)
        assert expected_best(drawn(size), n)[0] == pytest.approx(float(exact), rel=1e-11)


def test_expected_best_is_infinite_while_all_may_be():
    values = [1.0, math.inf, 2.0, math.inf, 3.0]
    assert expected_best(values, [1, 2]).tolist() == [math.inf, math.inf]
    subsets = list(itertools.combinations(values, 3))
    exact = statistics.mean(map(min, subsets))
    assert expected_best(values, 3)[0] == pytest.approx(exact, rel=1e-14)
    assert math.isnan(expected_best(values, 6)[0])


@pytest.mark.parametrize("size", SIZES)
def test_median_best_is_the_quantile_found_by_counting(size):
    values = drawn(size)
    for n in range(1, size + 1):
        share = 1 - 0.5 ** (1 / n)
        found = next(y for y in np.sort(values) if np.mean(values <= y) >= share - 1e-12)
        assert median_best(values, n)[0] == found


def test_median_best_is_finite_as_soon_as_enough_ended():
    values = np.r_[np.full(15, np.inf), 1.0:6.0]
    found = median_best(values, np.arange(1, 21))
    first = next(n for n in range(1, 21) if 1 - 2 ** (-1 / n) <= 5 / 20)
    assert first == 3
    assert np.isinf(found).tolist() == [n < first for n in range(1, 21)]


@pytest.mark.parametrize("size", SIZES)
def test_curves_are_those_of_opda(size):
    opda = pytest.importorskip("opda.nonparametric", reason=ABSENT)
    for ties in (False, True):
        values = drawn(size, ties=ties)
        peer = opda.EmpiricalDistribution(values)
        n = np.arange(1, size + 1)
        expected = peer.u_tuning_curve(n, minimize=True)
        assert expected_best(values, n) == pytest.approx(np.atleast_1d(expected), rel=1e-11)
        own, theirs = (
            median_best(values, n),
            np.atleast_1d(peer.quantile_tuning_curve(n, minimize=True)),
        )
        if size % 2 == 0:  # N(1 − 2⁻¹) is whole: an order statistic apart, by rounding
            ordered = np.sort(values)
            assert own[0] == ordered[size // 2 - 1]
            assert theirs[0] in ordered[size // 2 - 1 : size // 2 + 1]
            own, theirs = own[1:], theirs[1:]
        assert own.tolist() == theirs.tolist()


@pytest.mark.parametrize("size", SIZES)
def test_bands_are_those_of_opda(size):
    opda = pytest.importorskip("opda.nonparametric", reason=ABSENT)
    values, n = drawn(size), np.arange(1, size + 1)
    low, _, high = opda.EmpiricalDistribution.confidence_bands(values, 0.95, method="ks")
    # The lower distribution function gives the upper side of the best value.
    sides = [
        np.atleast_1d(side.quantile_tuning_curve(n, minimize=True)).tolist() for side in (high, low)
    ]
    assert [side.tolist() for side in simultaneous_band(values, n)] == sides


@pytest.mark.parametrize("size", SIZES)
def test_the_band_has_the_ranks_that_are_found_by_counting(size):
    from scipy.stats import kstwo

    values, epsilon = drawn(size), kstwo.ppf(0.95, size)
    ordered = [-math.inf, *sorted(values), math.inf]
    for n in range(1, size + 1):
        p = 1 - 0.5 ** (1 / n)
        ranks = (math.ceil(size * (p - epsilon)), math.ceil(size * (p + epsilon)))
        sides = [ordered[min(max(rank, 0), size + 1)] for rank in ranks]
        assert [side[0] for side in simultaneous_band(values, n)] == sides


def test_the_band_contains_the_whole_true_curve_often_enough():
    n = np.arange(1, 21)
    true = 1 - 2.0 ** (-1 / n)  # of uniform values
    inside = 0
    for seed in range(400):
        low, high = simultaneous_band(np.random.default_rng(seed).random(20), n)
        inside += bool(((low <= true) & (true <= high)).all())
    assert inside >= 380


def test_the_lower_side_ends_where_the_band_says():
    assert [lower_side_ends(size) for size in (20, 50, 200)] == [1, 3, 6]
    for size in (1, 5, 20, 77):
        low, _ = simultaneous_band(drawn(size), np.arange(1, size + 1))
        assert lower_side_ends(size) == np.isfinite(low).sum()


def exact_by_work(values, work, at, start):
    found = []
    for order in itertools.permutations(range(len(values))):
        best, spent = math.inf, 0.0
        for i in order:
            spent += work[i]
            if spent <= at:
                best = min(best, values[i])
        found.append(start if math.isinf(best) else best)
    return found


def test_by_work_is_the_median_over_all_orders():
    values, work = [3.0, 1.0, math.inf, 2.0, 5.0], [10.0, 10.0, 1.0, 7.0, 3.0]
    for at in (0.0, 2.0, 5.0, 12.0, 20.0, 31.0):
        exact = exact_by_work(values, work, at, 9.0)
        middle = sorted(exact)
        near = middle[int(0.47 * len(middle))], middle[int(0.53 * len(middle))]
        found = median_best_by_work(values, work, at, start=9.0)[0]
        assert near[0] <= found <= near[1]
    assert median_best_by_work(values, work, [0.0, 31.0], start=9.0).tolist() == [9.0, 1.0]


def test_equal_costs_give_the_curve_by_trials():
    values, n = drawn(21), np.arange(1, 22)
    ordered = np.sort(values)
    by_work = median_best_by_work(values, np.full(21, 0.1), 0.1 * n)
    rank = np.searchsorted(ordered, median_best(values, n))
    low, high = np.maximum(rank - 1, 0), np.minimum(rank + 1, 20)
    assert ((ordered[low] <= by_work) & (by_work <= ordered[high])).all()


def test_before_any_setting_ended_there_is_the_start():
    assert median_best_by_work([1.0], [5.0], [0.0, 4.9, 5.0]).tolist() == [np.inf, np.inf, 1.0]
    assert best_so_far([np.inf, 4.0], [1.0, 2.0], [0, 1, 2, 3], 7.0).tolist() == [7, 7, 7, 4]


def test_the_best_so_far_keeps_the_order():
    found = best_so_far([3.0, 5.0, 1.0, 2.0], np.ones(4), [1, 2, 3, 4])
    assert found.tolist() == [3.0, 3.0, 1.0, 1.0]


def test_studies_have_a_median_from_four_on():
    assert median_of_studies([[1.0, 2.0]] * 3) is None
    assert median_of_studies([[1.0], [2.0], [4.0], [np.inf]]).tolist() == [3.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: median_best([], 1), "at least one"),
        (lambda: median_best([math.nan], 1), "found NaN"),
        (lambda: expected_best([1.0], 0), "n: found 0"),
        (lambda: simultaneous_band([1.0], 1, 95), "confidence: found 95"),
        (lambda: best_so_far([1.0], [1.0, 2.0], 1), "work of shape"),
        (lambda: median_best_by_work([1.0], [1.0, 2.0], 1), "work of shape"),
    ],
)
def test_bad_input_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
