from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest

import optframe
from optframe import Schedule
from optframe.trial.clock import Clock
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.schedules.constant import Constant
from optframe_plugins.schedules.cosine import Cosine
from optframe_plugins.schedules.exponential import Exponential
from optframe_plugins.schedules.inverse_sqrt import InverseSqrt
from optframe_plugins.schedules.inverse_time import InverseTime
from optframe_plugins.schedules.linear import Linear
from optframe_plugins.schedules.one_cycle import OneCycle
from optframe_plugins.schedules.polynomial import Polynomial
from optframe_plugins.schedules.step import Step
from optframe_plugins.schedules.warmup import Warmup
from optframe_plugins.wrappers.clip_norm import ClipNorm
from optframe_problems.functions.quadratic import Quadratic

TAU = 40


def at(schedule, k):
    return schedule(k, 0.0, 0.0)


def test_linear_ends_exactly_where_it_should():
    schedule = Linear(start=0.3, end=0.1, steps=7)
    assert at(schedule, 0) == 0.3
    assert at(schedule, 7) == at(schedule, 8) == 0.1


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (Constant(0.3), {0: 0.3, 1: 0.3, TAU: 0.3, 10**9: 0.3}),
        (
            Linear(1.0, 0.1, TAU),
            {0: 1, 1: 0.9775, TAU // 2: 0.55, TAU - 1: 0.1225, TAU: 0.1, 10 * TAU: 0.1},
        ),
        (Linear(0.0, 1.0, 4), {0: 0, 1: 0.25, 2: 0.5, 3: 0.75, 4: 1, 5: 1}),
        (InverseTime(0.5, 0.25), {0: 0.5, 1: 0.4, 2: 1 / 3, TAU // 2: 0.5 / 6, TAU: 0.5 / 11}),
        (InverseTime(0.5, 0.0), {0: 0.5, 1: 0.5, 10**9: 0.5}),
        (Step(8.0, 3, 0.5), {0: 8, 2: 8, 3: 4, 5: 4, 6: 2, 9: 1}),
        (Exponential(2.0, 0.5), {0: 2, 1: 1, 4: 0.125}),
        (Cosine(3.0, TAU, 1.0), {0: 3, TAU // 4: 2 + np.sqrt(0.5), TAU // 2: 2, TAU: 1, 99: 1}),
        (Polynomial(3.0, TAU, 1.0, 2.0), {0: 3, TAU // 2: 1.5, TAU: 1, 99: 1}),
        (Polynomial(3.0, TAU, 1.0), {0: 3, TAU // 2: 2, TAU: 1}),
        (InverseSqrt(6.0), {0: 6, 3: 3, 8: 2, 35: 1}),
        (Warmup(6.0, 3), {0: 2, 1: 4, 2: 6, 3: 6, 99: 6}),
        (OneCycle(5.0, TAU, 0.25, 5.0, 10.0), {0: 1, 5: 3, 10: 5, 25: 2.55, TAU: 0.1, 99: 0.1}),
        (OneCycle(5.0, TAU, 0.0, 5.0, 10.0), {0: 5, TAU // 2: 2.55, TAU: 0.1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_by_hand(schedule, values):
    for k, expected in values.items():
        assert at(schedule, k) == pytest.approx(expected, rel=1e-14), k


@pytest.mark.parametrize("schedule", [Linear(1.0, 0.1, TAU), InverseTime(1.0, 0.1), Constant(1.0)])
def test_these_schedules_know_only_the_step(schedule):
    assert schedule(5, 0.0, 0.0) == schedule(5, 17.5, 0.9)


@pytest.mark.parametrize(
    "schedule",
    [Constant(0.05), Linear(start=0.1, end=0.01, steps=20), InverseTime(start=0.1, decay=0.5)],
)
def test_a_run_takes_each_step_with_the_value_at_the_steps_done_before_it(schedule):
    """k = 0 at the first step."""
    found = optframe.minimize(
        Quadratic(size=3, condition=8.0), SGD(lr=schedule), steps=30, iterates=True
    )
    eigenvalues, theta = np.geomspace(1, 8, 3), np.ones(3)
    for k in range(30):
        theta = theta - at(schedule, k) * (eigenvalues * theta)
        np.testing.assert_array_equal(found.iterates[k + 1], theta)


def test_any_number_may_be_scheduled_and_each_has_its_own():
    lr, momentum = Linear(0.1, 0.01, 20), Linear(0.0, 0.9, 10)
    found = optframe.minimize(
        Quadratic(size=2, condition=8.0), Momentum(lr, momentum), steps=30, iterates=True
    )
    eigenvalues, theta, v = np.geomspace(1, 8, 2), np.ones(2), np.zeros(2)
    for k in range(30):
        v = at(momentum, k) * v - at(lr, k) * (eigenvalues * theta)
        theta = theta + v
        np.testing.assert_array_equal(found.iterates[k + 1], theta)


def test_a_wrapper_and_what_it_wraps_may_both_be_scheduled():
    lr, limit = Linear(0.5, 0.1, 10), Linear(2.0, 0.5, 5)
    found = optframe.minimize(
        Quadratic(size=2, condition=4.0), ClipNorm(SGD(lr), limit), steps=12, iterates=True
    )
    eigenvalues, theta = np.geomspace(1, 4, 2), np.ones(2)
    for k in range(12):
        g = eigenvalues * theta
        g = g * min(1, at(limit, k) / np.linalg.norm(g))
        theta = theta - at(lr, k) * g
        np.testing.assert_allclose(found.iterates[k + 1], theta, rtol=1e-13, atol=1e-16)


def test_a_run_leaves_the_optimizer_that_it_was_given_as_it_was():
    lr, limit = Linear(0.5, 0.1, 10), Linear(2.0, 0.5, 5)
    inner = SGD(lr)
    outer = ClipNorm(inner, limit)
    first = optframe.minimize(Quadratic(size=2), outer, steps=5)
    assert inner.lr is lr
    assert outer.max is limit
    assert outer.optimizer is inner
    np.testing.assert_array_equal(
        optframe.minimize(Quadratic(size=2), outer, steps=5).theta, first.theta
    )


def test_a_schedule_is_made_from_its_table():
    table = {"schedule": "linear", "start": 1e-3, "end": 1e-5, "steps": 2000}
    assert optframe.make("adam", lr=table).lr == Linear(1e-3, 1e-5, 2000)
    text = "sgd:lr={schedule=inverse-time,start=0.1,decay=0.01}"
    assert optframe.make(text).lr == InverseTime(0.1, 0.01)


@dataclass(frozen=True)
class Asked(Schedule):
    """Keeps what it is asked with."""

    calls: list

    def __call__(self, k, epoch, progress):
        self.calls.append((k, epoch, progress))
        return 0.01


@pytest.mark.parametrize(
    ("budget", "share"),
    [({"steps": 8}, 1 / 8), ({"gradients": 4}, 1 / 4), ({"steps": 8, "gradients": 4}, 1 / 4)],
)
def test_progress_is_the_largest_share_of_a_budget_that_is_used_up(budget, share):
    calls = []
    optframe.minimize(Quadratic(size=2), SGD(lr=Asked(calls)), **budget)
    asked = {k: (epoch, progress) for k, epoch, progress in calls}
    assert asked == {k: (0.0, k * share) for k in range(round(1 / share))}


def test_epochs_are_passes_over_the_data():
    calls = []
    optframe.minimize(
        "softmax:data=digits",
        SGD(lr=Asked(calls)),
        epochs=2,
        sampler="sequential:batch_size=400",
    )
    per_epoch = max(k for k, _, _ in calls) + 1
    assert per_epoch % 2 == 0
    per_epoch //= 2
    assert per_epoch > 1
    for k, epoch, progress in calls:
        assert epoch == k / per_epoch
        assert progress == pytest.approx(k / (2 * per_epoch))


def test_progress_never_exceeds_one_and_follows_the_clock(monkeypatch):
    calls, readings = [], count()
    monkeypatch.setattr(f"{Clock.__module__}.perf_counter", lambda: next(readings) * 1e-4)
    optframe.minimize(Quadratic(size=2), SGD(lr=Asked(calls)), seconds=0.02)
    shares = [progress for _, _, progress in calls[1:]]  # the first is of the untimed step
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1
