"""What ends a run, and which end decides."""

import math

import numpy as np
import pytest

from optframe.contracts.oracle import Counts
from optframe.contracts.products import norms
from optframe.contracts.trial import Budget
from optframe.trial.termination import Termination, limit_of, within
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_within_says_what_the_norm_says(dtype, backend, random):
    for size in (1, 2, 50):
        vector = (random.standard_normal(size) * 10.0 ** random.integers(-12, 15)).astype(dtype)
        there = backend.asarray(vector, dtype)
        length = float(norms(there, backend.xp))
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


def termination(limit=None, **budget):
    limit = limit_of(np.zeros(2), np) if limit is None else limit
    return Termination(Rosenbrock(), Budget(**budget), NumpyBackend(), limit)


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
        assert termination(**budget).progress(7, 2.5, counts, nobody) == share
    both = termination(steps=20, seconds=10)
    assert both.progress(7, 0.0, counts, lambda: 9.0) == 9 / 10
    assert both.progress(19, 0.0, counts, lambda: 9.0) == 19 / 20
    assert both.progress(0, 0.0, counts, lambda: 99.0) == 1.0


@pytest.mark.parametrize("budget", [{"target": 100.0}, {"gradient_norm": 200.0}])
def test_a_batch_is_judged_as_its_runs_are_alone(budget, random):
    theta = random.normal(scale=1.5, size=(200, 2))
    theta[:5] = [[1, 1], [1e11, 1], [math.nan, 1], [1e200, 1], [-1.2, 1]]
    limits = np.full(200, 1e10)
    limits[100:] = random.uniform(0.5, 2, size=100)
    with np.errstate(all="ignore"):
        losses = Rosenbrock().loss(theta)
        together = termination(limits, steps=9, **budget)
        diverged = together.diverged(losses, theta)
        reached = together.reached({"loss": losses}, theta)
        for i, limit in enumerate(limits):
            alone = termination(limit, steps=9, **budget)
            assert diverged[i] == alone.diverged(losses[i], theta[i])
            assert reached[i] == alone.reached({"loss": losses[i]}, theta[i])
    assert reached[0]
    assert diverged[1:4].all()
    assert 10 < reached.sum() < 190
    assert 10 < diverged.sum() < 190


@pytest.mark.parametrize(
    ("seen", "end"),
    [
        ({}, (None, None)),
        ({"exhausted": "no data"}, ("stopped", "no data")),
        ({"exhausted": "no data", "spent": True}, ("finished", None)),
        ({"spent": True, "stopped": "done"}, ("stopped", "done")),
        ({"stopped": "done", "target": "loss 0"}, ("converged", "loss 0")),
        ({"target": "loss 0", "diverged": True}, ("converged", "loss 0")),
        ({"stopped": "done", "diverged": True}, ("diverged", "at step 7")),
    ],
)
def test_the_first_end_decides(seen, end):
    nothing = {"diverged": False, "target": None, "spent": False}
    assert termination(steps=9).verdict(7, {"loss": 1.0}, **nothing | seen) == end


def test_nothing_is_spent_before_the_first_step():
    verdict = termination(steps=9).verdict(
        0, {"loss": 1.0}, diverged=False, target=None, spent=True
    )
    assert verdict == (None, None)


@pytest.mark.parametrize(
    ("size", "limit", "expected"), [(1e-23, 1e-26, False), (1e-23, 1e-22, True), (1e25, 1e26, True)]
)
def test_a_norm_whose_square_is_no_float32_is_compared_as_it_is(size, limit, expected):
    """In a lone run and in a batch; |g| is √2·size."""
    theta = np.full(2, size, "float32")
    there = Quadratic(size=2, condition=1.0)
    ends = Termination(there, Budget(steps=9, gradient_norm=limit), NumpyBackend(), 1e30)
    with np.errstate(all="ignore"):
        assert ends.reached({"loss": 0.0}, theta) == expected
        rows = np.stack([theta, 0 * theta, math.nan * theta])
        assert ends.reached({"loss": np.zeros(3)}, rows).tolist() == [expected, True, False]
        assert f"gradient norm {math.sqrt(2) * size:.6g} reached" in ends.target({}, theta)[0]
        assert not ends.diverged(0.0, theta)
        assert ends.diverged(0.0, np.full(2, 1e31, "float32"))


def test_the_limit_of_a_start_whose_square_overflows_is_a_number():
    assert limit_of(np.full(2, 1e25, "float32"), np) == pytest.approx(math.sqrt(2) * 1e35)
