"""Where a run ends, judged in a few operations."""

import math

import numpy as np
import pytest

from optframe.contracts.oracle import Counts
from optframe.contracts.trial import Budget
from optframe.trial.termination import Endings, norm, within
from optframe_problems.functions.rosenbrock import Rosenbrock


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_within_says_what_the_norm_says(dtype, backend, random):
    for size in (1, 2, 50):
        vector = (random.standard_normal(size) * 10.0 ** random.integers(-12, 15)).astype(dtype)
        there = backend.asarray(vector, dtype)
        length = norm(there, backend.xp)
        limits = [length * factor for factor in (0, 1e-3, 0.4, 0.6, 1.5, 1.9, 2.1, 1e3, math.inf)]
        for limit in [*limits, length, np.nextafter(length, 0), np.nextafter(length, math.inf)]:
            assert within(there, float(limit), backend.xp) == (length <= limit)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_no_number_or_too_large_to_square_is_not_within(dtype):
    for value in (math.nan, math.inf, -math.inf, np.finfo(dtype).max):
        vector = np.array([1.0, value], dtype)
        with np.errstate(all="ignore"):
            assert not within(vector, 1e10, np)
            assert not within(vector, np.finfo(dtype).max / 4, np)


def test_a_limit_whose_square_overflows_is_a_limit():
    assert within(np.array([1e150]), 1e200, np)
    assert not within(np.array([1e153]), 1e152, np)


def endings(**budget):
    return Endings(Rosenbrock(), Budget(**budget), np, np.zeros(2))


def test_progress_is_the_largest_share_and_reads_the_clock_for_seconds_only(random):
    counts = Counts(gradients=30)

    def nobody():
        raise AssertionError

    for budget, share in [
        ({"steps": 200}, 7 / 200),
        ({"epochs": 8}, 2.5 / 8),
        ({"gradients": 40}, 30 / 40),
        ({"steps": 200, "epochs": 8, "gradients": 40}, 30 / 40),
        ({"steps": 200, "gradients": 20}, 1.0),
    ]:
        assert endings(**budget).progress(7, 2.5, counts, nobody) == share
    both = endings(steps=20, seconds=10)
    assert both.progress(7, 0.0, counts, lambda: 9.0) == 9 / 10
    assert both.progress(19, 0.0, counts, lambda: 9.0) == 19 / 20
    assert both.progress(0, 0.0, counts, lambda: 99.0) == 1.0


def test_a_run_ends_between_checkpoints_at_its_target_or_where_it_is_lost():
    ends = endings(steps=9, target=4.0).ends
    start, lost = np.array([-1.2, 1.0]), np.array([1e11, 1.0])
    assert not ends(start, start)
    assert ends(np.ones(2), start)
    assert ends(start, lost)
    assert ends(start, np.array([math.nan, 1.0]))
    with np.errstate(all="ignore"):
        assert ends(np.array([1e200, 1.0]), start)
