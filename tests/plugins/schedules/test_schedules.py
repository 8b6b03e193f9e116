import math
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest

import optframe
from optframe import Schedule
from optframe.errors import PluginError, UsageError
from optframe.study.pairing import parts_of
from optframe.trial.clock import Clock
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.schedules.constant import Constant
from optframe_plugins.schedules.cosine import Cosine
from optframe_plugins.schedules.cosine_restarts import CosineRestarts
from optframe_plugins.schedules.exponential import Exponential
from optframe_plugins.schedules.inverse_sqrt import InverseSqrt
from optframe_plugins.schedules.inverse_time import InverseTime
from optframe_plugins.schedules.linear import Linear
from optframe_plugins.schedules.one_cycle import OneCycle
from optframe_plugins.schedules.polynomial import Polynomial
from optframe_plugins.schedules.step import Step
from optframe_plugins.schedules.trapezoid import Trapezoid
from optframe_plugins.schedules.undo_bias_correction import UndoBiasCorrection
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


def progress_of(k, steps=1000):
    """Return the step, the epoch and the share of a run with 40 steps per epoch."""
    return k, k / 40, k / steps


LENGTHS = [{"steps": 200}, {"share": 0.2}, {"epochs": 5.0}]
MADE = {
    "linear": lambda **length: Linear(1.0, 0.1, **length),
    "linear to a factor": lambda **length: Linear(0.5, factor=0.2, **length),
    "cosine": lambda **length: Cosine(1.0, end=0.1, **length),
    "polynomial": lambda **length: Polynomial(1.0, end=0.1, power=1.7, **length),
    "polynomial to a factor": lambda **length: Polynomial(1.0, factor=0.1, power=1.7, **length),
    "step": lambda **length: Step(1.0, factor=0.5, **length),
    "one-cycle": lambda **length: OneCycle(1.0, **length),
    "restarts": lambda **length: CosineRestarts(1.0, growth=2, **length),
    "trapezoid": lambda **length: Trapezoid(1.0, 0.1, 0.3, **length),
}


@pytest.mark.parametrize("name", MADE)
def test_a_length_is_the_same_in_each_unit(name):
    in_steps, *others = (MADE[name](**length) for length in LENGTHS)
    for other in others:
        for k in range(1100):
            assert other(*progress_of(k)) == pytest.approx(in_steps(*progress_of(k)), rel=1e-12), k


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("cosine,start=1", "expected one of steps, share and epochs, found none of them"),
        ("step,start=1,steps=3,epochs=2", "share and epochs, found steps and epochs"),
        ("cosine,start=1,share=0.5,steps=3,epochs=2", "found steps and share and epochs"),
        ("cosine,start=1,share=1.5", "share: expected a number > 0 and ≤ 1, found 1.5"),
        ("linear,start=1,epochs=0,end=1", "epochs: expected a number > 0, found 0"),
        ("linear,start=1,steps=3", "expected either end or factor, found neither"),
        ("linear,start=1,steps=3,end=1,factor=1", "expected either end or factor, found both"),
        ("cosine,start=1,steps=3,end=1,factor=1", "expected either end or factor, found both"),
        ("warmup,steps=3", "expected either value or then, found neither"),
        ("warmup,steps=3,value=1,then={schedule=constant,value=1}", "value or then, found both"),
        ("warmup,share=1,then={schedule=constant,value=1}", "leaves nothing for then; give less"),
        ("warmup,steps=3,then=cosine", "then: expected a schedule, { schedule = ... }, found"),
        ("warmup,steps=3,then={schedule=cosine,start=1}", "then: expected one of steps, share"),
        ("warmup,steps=3,then={schedule=cosin}", "then: unknown schedule 'cosin'; did you mean"),
        ("constant,value={schedule=constant,value=1}", "value: found a schedule, which is not"),
        ("trapezoid,value=1,rise=0.6,fall=0.6,share=1", r"expected rise \+ fall ≤ 1, found 1.2"),
        (
            "cosine,start=1,epochs=2",
            "counts epochs by its schedule Cosine, but Rosenbrock has no data; give",
        ),
        ("warmup,steps=2,then={schedule=cosine,start=1,epochs=2}", "by its schedule Warmup, but"),
    ],
)
def test_what_is_wrong_with_a_length_or_an_end_is_said(table, message):
    with pytest.raises(UsageError, match=r"sgd.*lr.*" + message):
        optframe.minimize("rosenbrock", f"sgd:lr={{schedule={table}}}", steps=9)


def test_schedules_too_deep_inside_each_other_are_refused():
    text = "{schedule=constant,value=1}"
    for _ in range(20):
        text = f"{{schedule=warmup,share=0.1,then={text}}}"
    with pytest.raises(UsageError, match="sgd: lr: found tables more than 16 deep"):
        optframe.make(f"sgd:lr={text}")


@pytest.mark.parametrize("steps", [20, 60, 1000, 12_345])
def test_a_warm_up_then_a_cosine_over_the_rest_in_closed_form(steps):
    given = "adam:lr={schedule=warmup,share=0.05,then={schedule=cosine,start=0.3,share=1}}"
    schedule, begin = optframe.make(given).lr, math.ceil(0.05 * steps)
    for k in range(steps):
        rest = (k / steps - 0.05) / 0.95
        expected = 0.15 * (1 + math.cos(math.pi * rest)) if k >= begin else 6 * k / steps
        assert schedule(*progress_of(k, steps)) == pytest.approx(expected, rel=1e-11), k


def test_algoperfs_warm_up_then_polynomial_decay_in_closed_form():
    """Linear to the peak over 5 %, then to a factor over 90 % of the rest, then constant."""
    schedule = Warmup(share=0.05, then=Polynomial(2.0, share=0.9, factor=1e-2))
    for k in range(1000):
        expected = 2 * min(k / 50, 1 - 0.99 * min(max(0, k - 50) / (0.9 * 950), 1))
        assert schedule(*progress_of(k)) == pytest.approx(expected, rel=1e-12), k


@pytest.mark.parametrize("length", [{"steps": 50}, {"share": 0.05}, {"epochs": 1.25}])
@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (Step(1.0, 19, 0.5), lambda k: 0.5 ** (k // 19)),
        (Cosine(1.0, share=0.5), lambda k: (1 + math.cos(math.pi * min(k / 475, 1))) / 2),
        (Linear(1.0, 0.0, epochs=4), lambda k: max(0, 1 - k / 160)),
        (InverseSqrt(1.0), lambda k: (k + 1) ** -0.5),
        (
            Warmup(steps=10, then=Step(1.0, share=0.1, factor=0.5)),
            lambda k: (k + 1) / 10 if k < 10 else 0.5 ** ((k - 10) // 94),
        ),
    ],
)
def test_the_later_schedule_counts_from_the_end_of_the_warm_up(length, then, expected):
    schedule = Warmup(**length, then=then)
    early = 31 if "steps" in length else 30
    assert schedule(*progress_of(30)) == pytest.approx(expected(0) * early / 50)
    for k in range(50, 1000):
        assert schedule(*progress_of(k)) == pytest.approx(expected(k - 50), rel=1e-11), k


def test_a_run_has_a_chain_as_a_share_of_any_budget():
    """A share of gradients is one of steps where each step asks one."""
    given = "sgd:lr={schedule=warmup,share=0.25,then={schedule=linear,start=0.1,end=0,share=1}}"
    rates = [0, 0.05, 0.1, 0.1 * 5 / 6, 0.1 * 4 / 6, 0.1 * 3 / 6, 0.1 * 2 / 6, 0.1 / 6]
    theta = np.ones(2)
    for rate in rates:
        theta = theta - rate * np.geomspace(1, 4, 2) * theta
    for budget in ({"steps": 8}, {"gradients": 8}):
        found = optframe.minimize(Quadratic(size=2, condition=4.0), given, **budget)
        np.testing.assert_allclose(found.theta, theta, rtol=1e-13)


def test_warm_restarts_by_hand():
    """Equation 5 of Loshchilov and Hutter, T_0 = 4 and T_mult = 2."""
    schedule = CosineRestarts(3.0, 4, end=1.0, growth=2)
    cosine = [Cosine(3.0, n, 1.0) for n in (4, 8, 16)]
    falls = [at(one, k) for one in cosine for k in range(one.steps)]
    assert [at(schedule, k) for k in range(28)] == pytest.approx(falls, rel=1e-14)
    again = CosineRestarts(3.0, share=0.1)
    assert all(again(k, 0.0, k / 10) == 3.0 for k in range(10))


def test_a_trapezoid_by_hand():
    schedule = Trapezoid(2.0, 0.2, 0.4, 10)
    assert [at(schedule, k) for k in range(12)] == pytest.approx(
        [0, 1, 2, 2, 2, 2, 2, 1.5, 1, 0.5, 0, 0]
    )
    assert at(Trapezoid(2.0, 0.0, 0.0, 10), 0) == at(Trapezoid(2.0, 0.0, 0.0, 10), 10) == 2.0


def test_undone_bias_correction_makes_adam_with_a_large_eps_the_averaged_momentum():
    """Adam's step is lr·m̂/(√v̂ + δ), near lr/δ·m̂ where δ is large."""
    problem, eps = Quadratic(size=3, condition=8.0), 1e8
    adam = Adam(lr=UndoBiasCorrection(0.1 * eps), eps=eps)
    momentum = Momentum(0.1, 0.9, form="average")
    ours, theirs = (
        optframe.minimize(problem, one, steps=20, iterates=True).iterates
        for one in (adam, momentum)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
    plain = optframe.minimize(problem, Adam(lr=0.1 * eps, eps=eps), steps=20, iterates=True)
    assert np.abs(plain.iterates[1] - theirs[1]).max() > 0.05


def test_a_schedule_inside_a_schedule_is_part_of_the_trial(tmp_path):
    registry = optframe.load_plugins()
    given = "sgd:lr={schedule=warmup,steps=2,then={schedule=cosine,start=0.1,share=1}}"
    study = optframe.Study("s", {"steps": 4}, [given], ["rosenbrock"])
    (trial,) = study.trials(registry)
    assert trial.optimizer.values["lr"] == {
        "schedule": "warmup",
        "steps": 2,
        "then": {"schedule": "cosine", "start": 0.1, "end": 0.0, "share": 1.0},
    }
    assert trial.optimizer.label == given
    parts = parts_of(registry, trial.optimizer, trial.problem, trial.sampler, "numpy")
    assert [part for part in parts if part[0] == "schedules"] == [
        ("schedules", "warmup"),
        ("schedules", "cosine"),
    ]
    made = SGD(lr=Warmup(steps=2, then=Cosine(0.1, share=1.0)))
    (same,) = optframe.Study("s", {"steps": 4}, [made], ["rosenbrock"]).trials(registry)
    assert same.cell == trial.cell


def test_the_bounds_hold_for_the_schedule_inside():
    given = "sgd:lr={schedule=warmup,steps=2,then={schedule=linear,start=0.1,end=-1,share=1}}"
    with pytest.raises(UsageError, match=r"SGD: lr is -.* at step .* by its schedule Warmup"):
        optframe.minimize("rosenbrock", given, steps=100)


def test_cells_of_schedules_in_steps_are_those_from_before_they_had_other_lengths():
    registry = optframe.load_plugins()
    lines = [
        "linear,start=1,end=0.1,steps=50",
        "cosine,start=1,steps=100",
        "warmup,value=1,steps=9",
    ]
    given = [f"sgd:lr={{schedule={line}}}" for line in lines]
    study = optframe.Study("s", {"steps": 5}, given, ["rosenbrock"])
    assert [trial.optimizer.values["lr"] for trial in study.trials(registry)] == [
        {"schedule": "linear", "start": 1.0, "end": 0.1, "steps": 50},
        {"schedule": "cosine", "start": 1.0, "end": 0.0, "steps": 100},
        {"schedule": "warmup", "value": 1.0, "steps": 9},
    ]


def test_labels_of_a_grid_show_what_differs_inside_of_a_chain():
    lr = [
        {
            "schedule": "warmup",
            "share": 0.1,
            "then": {"schedule": "cosine", "start": s, "share": 1.0},
        }
        for s in (0.1, 0.2)
    ]
    table = {"name": "sgd", "label": "ours", "lr": lr}
    study = optframe.Study("s", {"steps": 5}, [table], ["rosenbrock"])
    trials = study.trials(optframe.load_plugins())
    assert [trial.optimizer.label for trial in trials] == ["ours 0.1", "ours 0.2"]
