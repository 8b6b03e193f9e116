import math
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest

import optframe
from optframe import Schedule
from optframe.errors import PluginError, UsageError
from optframe.trial.clock import Clock
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.bfgs import BFGS
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
from optframe_plugins.searches.armijo import Armijo
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


@dataclass(frozen=True)
class Given(Schedule):
    """Given values; the last of them stays."""

    values: tuple

    def __call__(self, k, epoch, progress):
        return self.values[min(k, len(self.values) - 1)]


BEYOND = [
    (SGD(lr=Given((0.1, -1.0))), "SGD: lr is -1 at step 1", "> 0"),
    (SGD(lr=Given((0.1, math.nan))), "SGD: lr is nan at step 1", "> 0"),
    (Momentum(0.1, Given((0.5, 1.0))), "Momentum: momentum is 1 at step 1", "≥ 0 and < 1"),
    (Momentum(0.1, Given((0.5, 1.5))), "Momentum: momentum is 1.5 at step 1", "≥ 0 and < 1"),
    (Adam(eps=Given((0.1, -1.0))), "Adam: eps is -1 at step 1", "≥ 0"),
    (ClipNorm(SGD(), Given((0.1, -1.0))), "ClipNorm: max is -1 at step 1", "> 0"),
    (BFGS(search=Armijo(decrease=Given((0.1, 2.0)))), "Armijo: decrease is 2 at step 1", "< 1"),
]


@pytest.mark.parametrize(("optimizer", "found", "bound"), BEYOND)
@pytest.mark.parametrize("budget", [{"steps": 3}, {"seconds": 60.0, "steps": 3}])
def test_a_value_beyond_the_bounds_of_its_field_is_named(optimizer, found, bound, budget):
    """With steps alone, when planning; else at the step."""
    with pytest.raises(UsageError) as caught:
        optframe.minimize(Quadratic(size=2), optimizer, **budget)
    assert f"{found} by its schedule Given; expected a number " in str(caught.value)
    assert str(caught.value).endswith(bound)
    assert str(caught.value).startswith("minimize: [[optimizer]] ") == ("seconds" not in budget)


def test_a_study_with_a_value_beyond_its_bounds_does_not_begin(tmp_path):
    given = ["sgd:lr={schedule=linear,start=1,end=-1,steps=100000}", "adam"]
    study = optframe.Study("s", {"steps": 75_001}, given, ["rosenbrock"])
    with pytest.raises(UsageError, match=r"SGD: lr is -.* at step .* by its schedule Linear"):
        optframe.run(study, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_trial_whose_schedule_leaves_the_bounds_has_failed(tmp_path):
    line = "sgd:lr={schedule=linear,start=0.1,end=-0.1,steps=2}"
    study = optframe.Study("s", {"gradients": 9}, [line], ["rosenbrock"])
    results = optframe.run(study, tmp_path / "s")
    trial = results.trials.iloc[0]
    assert trial["status"] == "failed"
    assert trial["reason"] == (
        "UsageError: SGD: lr is -0.1 at step 2 by its schedule Linear; expected a number > 0"
    )


@pytest.mark.parametrize("value", [None, "0.1", 1j, True, [0.1], np.ones(2)], ids=str)
def test_a_value_that_is_no_number_is_named(value):
    with pytest.raises(PluginError, match=r"Given returned .* at step 0; expected a number"):
        optframe.minimize(Quadratic(size=2), SGD(lr=Given((value,))), steps=2)


@pytest.mark.parametrize("kind", [int, np.float32, np.float64, np.int64, np.array])
def test_a_value_may_be_of_any_type_of_number(kind):
    found = optframe.minimize(Quadratic(size=2), SGD(lr=Given((kind(1),))), steps=1)
    expected = optframe.minimize(Quadratic(size=2), SGD(lr=1.0), steps=1)
    np.testing.assert_array_equal(found.theta, expected.theta)


def test_a_decay_may_end_at_zero_and_stay_there():
    found = optframe.minimize(Quadratic(size=2), SGD(lr=Cosine(0.1, 5)), steps=9, iterates=True)
    assert found.status == "finished"
    np.testing.assert_array_equal(found.iterates[5], found.iterates[9])


@pytest.mark.parametrize(
    ("schedule", "k", "value"),
    [
        (Exponential(1.0, 10.0), 400, math.inf),
        (Exponential(-1.0, 10.0), 400, -math.inf),
        (Exponential(0.0, 10.0), 400, 0.0),
        (Exponential(1e-200, 10.0), 400, 1e200),
        (Exponential(1, 2), 10**9, math.inf),
        (Exponential(1.0, 0.5), 10**9, 0.0),
        (Step(1e-3, 7, 10.0), 7 * 400, math.inf),
        (Step(1e-200, 7, 10.0), 7 * 400, 1e200),
    ],
)
def test_growth_ends_at_infinity(schedule, k, value):
    assert at(schedule, k) == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam", "adamw", "nadam", "lion"])
def test_a_learning_rate_range_test_diverges(name):
    found = optframe.minimize(
        "rosenbrock", f"{name}:lr={{schedule=exponential,start=1e-7,decay=10}}", steps=400
    )
    assert found.status == "diverged"


def test_an_infinite_learning_rate_at_a_minimum_diverges():
    still = optframe.FunctionProblem(lambda x: 0.0, np.zeros_like, theta0=[1.0])
    found = optframe.minimize(still, SGD(lr=Exponential(1.0, 10.0)), steps=400)
    assert (found.status, found.reason) == ("diverged", "at step 310")


@pytest.mark.parametrize(("share", "steps"), [(0.3, 100), (0.25, 41), (0.5, 7)])
def test_one_cycle_is_pytorchs_with_the_peak_that_its_docstring_gives(share, steps):
    def pytorch(k):
        """``OneCycleLR(max_lr=0.4, total_steps=steps, pct_start=share)``, by its formula."""
        begin, end = 0.4 / 25.0, 0.4 / 25.0 / 1e4
        peak = share * steps - 1
        if k <= peak:
            start, stop, part = begin, 0.4, k / peak
        else:
            start, stop, part = 0.4, end, (k - peak) / (steps - 1 - peak)
        return stop + (start - stop) / 2 * (1 + math.cos(math.pi * part))

    ours = OneCycle(0.4, steps - 1, rise=(share * steps - 1) / (steps - 1))
    for k in range(steps):
        assert at(ours, k) == pytest.approx(pytorch(k), rel=1e-9)
