"""Learning-rate schedulers of PyTorch as schedules: their values are those that torch sets."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import optframe
from optframe import UsageError
from optframe.testing import check_schedule

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
schedulers = torch.optim.lr_scheduler

STEPS = 30
RATED = [
    (schedulers.CosineAnnealingLR, {"T_max": 10, "eta_min": 0.01}),
    (schedulers.CosineAnnealingWarmRestarts, {"T_0": 4, "T_mult": 2}),
    (schedulers.StepLR, {"step_size": 3}),
    (schedulers.MultiStepLR, {"milestones": (2, 5), "gamma": 0.5}),
    (schedulers.ExponentialLR, {"gamma": 0.9}),
    (schedulers.LinearLR, {"total_iters": 7}),
    (schedulers.ConstantLR, {"total_iters": 7}),
    (schedulers.PolynomialLR, {"total_iters": 7, "power": 2.0}),
]
OWN = [
    (schedulers.OneCycleLR, {"max_lr": 0.3, "total_steps": STEPS}),
    (schedulers.CyclicLR, {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 4}),
]


def theirs(found, start, given):
    """The rates that torch's scheduler sets in an optimizer."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=start, momentum=0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = found(optimizer, **given)
        for k in range(STEPS):
            yield optimizer.param_groups[0]["lr"]
            optimizer.step()
            if k < STEPS - 1:
                scheduler.step()


@pytest.mark.parametrize(
    ("found", "own", "given"),
    [*((f, {"start": 0.2}, g) for f, g in RATED), *((f, {}, g) for f, g in OWN)],
)
def test_each_value_is_the_one_that_torch_sets(adapted, found, own, given):
    schedule = adapted(found, **own, **given)
    expected = list(theirs(found, own.get("start", 1.0), given))
    assert [schedule(k, 0.0, 0.0) for k in range(STEPS)] == expected
    for again in (copy.copy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert [again(k, 0.0, 0.0) for k in (17, 3, 29, 0)] == [expected[k] for k in (17, 3, 29, 0)]
    assert np.ptp(expected) > 0.01


def test_a_scheduler_may_take_a_step_an_epoch(adapted):
    schedule = adapted(schedulers.StepLR, start=0.2, step_size=2, each="epoch")
    values = [schedule(100, epoch, 0.5) for epoch in (0.0, 1.9, 2.0, 3.5)]
    np.testing.assert_allclose(values, [0.2, 0.2, 0.02, 0.02], rtol=1e-12)


def test_after_its_end_a_scheduler_says_so(adapted):
    schedule = adapted(schedulers.OneCycleLR, max_lr=0.3, total_steps=5)
    with pytest.raises(UsageError, match=r"OneCycleLR: Tried to step 6 times"):
        schedule(6, 0.0, 0.0)


@pytest.mark.parametrize(
    ("found", "given", "message"),
    [
        (schedulers.ReduceLROnPlateau, {}, "looks at metrics"),
        (schedulers.OneCycleLR, {"max_lr": 0.3}, "You must define either total_steps"),
    ],
)
def test_what_is_no_schedule_is_refused(adapted, found, given, message):
    with pytest.raises(ValueError, match=message):
        adapted(found, **given)


def test_the_kit_accepts_them(adapted):
    checks = check_schedule(adapted(schedulers.StepLR, start=0.2, step_size=3))
    slow = {"goes-on-beyond-its-end", "enough-checks-apply"}  # a million steps of torch's
    outcomes = [one.outcome for one in checks if one.__name__ not in slow]
    beside = {one.check for one in outcomes if one.status != "passed"}
    # It takes no arrays, and declares no spaces.
    assert beside == {"has-the-bits-of-lone-runs-in-a-batch", "spaces-fit-their-fields"}


def test_a_scheduler_drives_optimizers_of_both_kinds():
    lr = {"schedule": "torch.optim.lr_scheduler.StepLR", "start": 1e-3, "step_size": 4}
    ends = [
        optframe.minimize("rosenbrock", optframe.make(name, lr=lr), steps=12).theta
        for name in ("sgd", "torch.optim.SGD")
    ]
    constant = optframe.minimize("rosenbrock", optframe.make("sgd", lr=1e-3), steps=12).theta
    np.testing.assert_allclose(*ends, rtol=1e-12)
    assert np.abs(ends[0] - constant).max() > 1e-3
