"""Runs that differ in numbers inside of their schedules are one batch, with the bits of each."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe import Count, Number, Schedule, Study
from optframe.study.settings import RunSettings
from optframe.trial.schedules import ScheduledFields
from optframe.trial.stacked_schedules import EachRun, as_one, of_rows, stacked
from optframe_plugins.schedules.cosine import Cosine
from optframe_plugins.schedules.warmup import Warmup


@pytest.fixture
def compared(tmp_path):
    """Run a study one run at a time and together; require the same bits, return the latter."""

    def run(**fields):
        given = {"name": "both", "budget": {"steps": 60}, "problems": "rosenbrock", "seeds": 2}
        alone, together = (
            optframe.run(
                Study(**{**given, "start": "random", **fields}, run=RunSettings(together=t)),
                tmp_path / str(t),
            )
            for t in (False, True)
        )
        assert (alone.trials["together"] == 1).all()
        for name in ("key", "status", "reason", "steps", "gradients"):
            pd.testing.assert_series_equal(alone.trials[name], together.trials[name])
        ours, theirs = (r.curves.drop(columns="seconds") for r in (alone, together))
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
        return together

    return run


def sgd(*schedules, name="sgd", field="lr"):
    return [{"name": name, field: list(schedules)}]


CHAIN = {"schedule": "polynomial", "share": 0.9, "factor": 0.1, "power": 1.3}
BUILT_IN = {
    "constant": [{"value": 1e-3}, {"value": 2e-3}],
    "linear": [{"start": 1e-3, "end": 1e-4, "steps": 40}, {"start": 3e-3, "end": 0.0, "steps": 40}],
    "linear factor": [{"start": s, "factor": f, "share": 0.7} for s, f in ((1e-3, 0.1), (2e-3, 0))],
    "inverse-time": [{"start": 1e-3, "decay": 0.1}, {"start": 2e-3, "decay": 0.3}],
    "inverse-sqrt": [{"start": 1e-3}, {"start": 2e-3}],
    "step": [{"start": 1e-3, "steps": 7, "factor": f} for f in (0.7, 0.31)],
    "exponential": [{"start": 1e-3, "decay": d} for d in (0.97, 0.913)],
    "cosine": [{"start": s, "share": 1.0} for s in (1e-3, 2.3e-3)],
    "cosine end": [{"start": s, "end": e, "steps": 50} for s, e in ((1e-3, 0.0), (2e-3, 1e-4))],
    "polynomial": [{"start": 1e-3, "steps": 50, "power": p} for p in (1.0, 1.7, 2.9)],
    "warmup": [{"value": v, "share": 0.2} for v in (1e-3, 2e-3)],
    "warmup then": [{"share": 0.1, "then": {**CHAIN, "start": s}} for s in (1e-3, 2.1e-3)],
    "warmup then others": [
        {"steps": 9, "then": {**CHAIN, "start": 1e-3, "power": p}} for p in (1.0, 2.3)
    ],
    "one-cycle": [{"max": m, "share": 1.0, "final_divisor": f} for m, f in ((1e-3, 9), (2e-3, 70))],
    "cosine-restarts": [{"start": s, "share": 0.1, "growth": 2} for s in (1e-3, 2.3e-3)],
    "trapezoid": [{"value": v, "rise": 0.1, "fall": 0.3, "share": 1.0} for v in (1e-3, 2e-3)],
    "undo-bias-correction": [{"value": 1e-3, "beta1": b} for b in (0.9, 0.95)],
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_schedule_has_the_bits_of_each_run_alone(name, compared):
    schedule = name.split()[0]
    tables = [{"schedule": schedule, **given} for given in BUILT_IN[name]]
    together = compared(optimizers=sgd(*tables))
    assert (together.trials["together"] == 2 * len(tables)).all()
    made = [optframe.make("sgd", lr=table).lr for table in tables]
    assert not isinstance(stacked(made), EachRun)


def test_every_registered_schedule_is_among_these():
    there = {name.split()[0] for name in BUILT_IN}
    assert there == set(optframe.load_plugins().names("schedules"))


def test_lengths_that_differ_are_one_batch_too(compared):
    fall = {"schedule": "cosine", "start": 1e-3, "share": 1.0}
    tables = [{"schedule": "warmup", "share": w, "then": fall} for w in (0.05, 0.1, 0.5)]
    steps = [{"schedule": "cosine", "start": 1e-3, "steps": n} for n in (10, 20)]
    together = compared(optimizers=[*sgd(*tables), *sgd(*steps)])
    assert together.trials["together"].tolist() == [6] * 6 + [4] * 4


def test_schedules_of_wrappers_inner_optimizers_and_several_fields(compared):
    def fading(start):
        return {"schedule": "cosine", "start": start, "share": 1.0}

    adam = [
        {"name": "adam", "lr": fading(lr), "beta1": {**fading(b), "end": 0.5},
         "wrap": [{"name": "clip-norm", "max": fading(m)}]}
        for lr, b, m in ((0.1, 0.9, 1.0), (0.01, 0.8, 2.0), (0.3, 0.95, 3.0))
    ]  # fmt: skip
    split = [{"name": "split", "rest": {"name": "sgd", "lr": fading(s)}} for s in (1e-3, 2e-3)]
    together = compared(optimizers=[*adam, *split])
    assert together.trials["together"].tolist() == [6] * 6 + [4] * 4


def test_runs_that_end_early_leave_with_their_rows(compared):
    rates = [{"schedule": "cosine", "start": s, "steps": 300} for s in (0.003, 0.05, 0.3)]
    lengths = [{"schedule": "cosine", "start": 1e-3, "steps": n} for n in (100, 200, 400)]
    wild = [{"schedule": "inverse-sqrt", "start": s} for s in (1e-3, 1.0, 5.0)]
    together = compared(
        optimizers=[*sgd(*rates, name="adam"), *sgd(*lengths), *sgd(*wild)],
        budget={"steps": 400, "target": 0.5},
        seeds=3,
    )
    assert together.trials["together"].gt(1).all()
    assert {"diverged", "finished", "converged"} <= set(together.trials["status"])
    assert together.trials["steps"].nunique() > 4


def test_on_data_in_single_precision(compared):
    falls = [{"schedule": "cosine", "start": s, "epochs": 1.0} for s in (0.1, 0.2)]
    tables = [{"schedule": "warmup", "epochs": 0.5, "then": fall} for fall in falls]
    together = compared(
        optimizers=sgd(*tables, name="adam"),
        problems="softmax:data=iris",
        budget={"epochs": 2},
        start="standard",
    )
    assert (together.trials["together"] == 4).all()


@dataclass(frozen=True)
class Swinging(Schedule):
    """A stranger's, which takes no arrays."""

    value: Number
    period: Count = 10

    def __call__(self, k, epoch, progress):
        if self.value > 1:
            return 1.0
        return self.value * (1 + math.cos(k / self.period) * math.cos(self.value)) / 2


@dataclass(frozen=True)
class Rounding(Schedule):
    """A stranger's, which says that it takes arrays and rounds them in another way."""

    value: Number

    batched: ClassVar[frozenset[str]] = frozenset({"value"})

    def __call__(self, k, epoch, progress):
        return self.value * (1 + 1e-15 * np.ndim(self.value))


@dataclass(frozen=True)
class Forgetting(Schedule):
    """A stranger's, whose value for all runs has no run axis."""

    value: Number

    batched: ClassVar[frozenset[str]] = frozenset({"value"})

    def __call__(self, k, epoch, progress):
        return float(np.mean(self.value))


@pytest.mark.parametrize("kind", [Swinging, Rounding, Forgetting])
def test_a_strangers_schedule_is_called_for_each_run(kind, compared):
    made = [kind(1e-3), kind(2e-3)]
    assert isinstance(stacked(made), EachRun)
    together = compared(optimizers=[optframe.make("sgd", lr=one) for one in made])
    assert (together.trials["together"] == 4).all()


def test_a_strangers_schedule_after_a_warm_up_is_called_for_each_run(compared):
    made = [Warmup(share=0.1, then=Swinging(v)) for v in (1e-3, 2e-3)]
    assert as_one(made) is None
    together = compared(optimizers=[optframe.make("sgd", lr=one) for one in made])
    assert (together.trials["together"] == 4).all()


def test_a_value_beyond_its_bounds_fails_one_run_alone(tmp_path, capfd):
    rates = [{"schedule": "linear", "start": 1e-3, "end": e, "steps": 9} for e in (0.0, -1e-3)]
    study = Study(
        "s", {"gradients": 12}, sgd(*rates), ["rosenbrock"], run=RunSettings(together=True)
    )
    results = optframe.run(study, tmp_path / "s")
    assert results.trials["status"].tolist() == ["finished", "failed"]
    assert "SGD: lr is -0.000111111 at step 5 by its schedule Linear" in results.trials["reason"][1]


def test_values_of_many_runs_become_arrays_of_the_backend():
    fields = ScheduledFields(lambda column: ("there", column.tolist()))
    owned = fields.own(optframe.make("sgd", lr=stacked([Cosine(s, 10) for s in (1.0, 2.0)])))
    fields.set(0, 0.0, lambda k, epoch: 0.0)
    assert owned.lr == ("there", [[1.0], [2.0]])


def test_equal_schedules_stay_one_and_rows_are_taken():
    first = Cosine(1.0, 10)
    assert stacked([first, Cosine(1.0, 10)]) is first
    three = stacked([Warmup(steps=2, then=Cosine(s, 10)) for s in (1.0, 2.0, 3.0)])
    two = of_rows(three, np.array([0, 2]))
    np.testing.assert_array_equal(two(7, 0.0, 0.5), three(7, 0.0, 0.5)[[0, 2]])
    each = of_rows(stacked([Cosine(1.0, n) for n in (3, 5, 7)]), np.array([2]))
    assert each.schedules == (Cosine(1.0, 7),)
