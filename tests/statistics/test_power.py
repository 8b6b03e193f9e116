"""Numbers of seeds: by counting, from published tables, and by simulation."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from optframe.statistics import (
    a12,
    least_p,
    mann_whitney,
    median_interval,
    seeds_for_interval,
    seeds_for_test,
    seeds_to_separate,
)

INF = math.inf


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_so_many_runs_have_the_interval_and_one_fewer_has_not(confidence):
    n = seeds_for_interval(confidence)
    assert median_interval(range(n), confidence).confidence >= confidence
    assert median_interval(range(n - 1), confidence).confidence < confidence


def test_the_least_p_is_that_of_samples_that_do_not_overlap():
    for n, m in ((4, 4), (3, 5), (1, 7), (6, 2)):
        assert least_p(n, m) == pytest.approx(mann_whitney(range(n), range(10, 10 + m)).p)
    assert least_p(1, 1) == 1


@pytest.mark.parametrize(
    ("alpha", "theirs", "expected"),
    [(0.05, None, 4), (0.01, None, 5), (0.05, 3, 5), (0.05, 2, 8), (0.05, 1, 40), (0.05, 4, 4)],
)
def test_fewer_runs_cannot_be_significant(alpha, theirs, expected):
    """The first critical values in the tables of Mann and Whitney's U, two-sided."""
    found = seeds_for_test(alpha, theirs)
    assert found == expected
    assert least_p(found, theirs or found) < alpha
    assert least_p(found - 1, theirs or found - 1) >= alpha


def test_noethers_number_is_that_of_the_formula():
    """(z + z)²/(6 (A₁₂ − ½)²), and here with A₁₂ = 0.6."""
    ours, theirs = [1, 2, 3, 4, 15, 16, 17, 18, 19, 20], [5.5] * 10
    assert a12(ours, theirs) == 0.6
    assert seeds_to_separate(ours, theirs) == math.ceil(2.801585**2 / (6 * 0.01))
    assert seeds_to_separate(theirs, ours) == seeds_to_separate(ours, theirs)
    assert seeds_to_separate(ours, theirs, power=0.9) == math.ceil(3.241515**2 / (6 * 0.01))


def test_lost_runs_count_as_far_away():
    assert seeds_to_separate([1, 2, INF], [1, 2, 3]) == seeds_to_separate([1, 2, 9], [1, 2, 3])


def test_what_does_not_differ_cannot_be_told_apart_and_what_differs_wholly_needs_the_least():
    assert seeds_to_separate([1, 2], [2, 1]) == INF
    assert seeds_to_separate([1, 2], [3, 4]) == 6  # (1.96 + 0.84)² / 1.5 = 5.2
    assert seeds_to_separate([1, 2], [3, 4], power=0.1) == 4  # the test's least


def test_so_many_runs_have_about_the_power_that_was_asked_for():
    shift = math.sqrt(2) * norm.ppf(0.7)  # so that A₁₂ = 0.7
    n = math.ceil((norm.ppf(0.975) + norm.ppf(0.8)) ** 2 / (6 * 0.2**2))
    random = np.random.default_rng(0)
    samples = random.standard_normal((400, 2, n)) + np.array([[shift], [0]])
    power = np.mean([mann_whitney(*pair).p < 0.05 for pair in samples])
    assert power == pytest.approx(0.8, abs=0.06)


def test_impossible_demands_are_refused():
    for bad in (0, 1, 95):
        with pytest.raises(ValueError, match=r"confidence: found .*, expected between 0 and 1"):
            seeds_for_interval(bad)
        with pytest.raises(ValueError, match=r"significance level: found .*, expected between"):
            seeds_for_test(bad)
        with pytest.raises(ValueError, match=r"power: found .*, expected between"):
            seeds_to_separate([1], [2], power=bad)
    with pytest.raises(ValueError, match="without runs"):
        seeds_for_test(0.05, 0)
