"""What the fixture runs and times: the trials of a study, and truly the next step of a run."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

import optframe
from optframe import Number, Optimizer, Record, Solver, Study, UsageError
from optframe.components.loading import load_plugins
from optframe.gate.measured import of_record
from optframe.gate.optbench import WARM_UP, Bench, Outcome, shortfall


@dataclass(frozen=True)
class Wanderer(Optimizer):
    """Goes anywhere."""

    random: ClassVar[bool] = True
    lr: Number = 0.01

    def step(self, theta, state, oracle):
        return theta + self.lr * oracle.random.standard_normal(theta.shape), state


@dataclass(frozen=True)
class Opaque(Optimizer):
    """Keeps what nobody can copy."""

    resumable: ClassVar[bool] = False

    def init(self, theta, oracle):
        return (number for number in range(1000))

    def step(self, theta, state, oracle):
        next(state)
        return theta - 0.01 * oracle.gradient(theta), state


@dataclass(frozen=True)
class Library(Solver):
    """Owns its loop."""

    def minimize(self, theta, oracle, report):
        while report(theta):
            theta = theta - 0.01 * oracle.gradient(theta)
        return theta


def bench(optimizer, problem="booth", **others):
    others = {"budget": {"steps": 40}} | others
    return Bench(Study(name="one", optimizers=[optimizer], problems=[problem], **others))


def ran(optimizer, problem="booth", **others):
    made = bench(optimizer, problem, **others)
    return made, made.trials[0], made.run(made.trials[0])


@pytest.mark.parametrize(
    ("optimizer", "problem"),
    [
        ("adam:lr={lr}", "rosenbrock"),
        ("lbfgs", "rosenbrock"),
        ("sgd:lr={lr}", "softmax"),
        ("adam:lr={lr}+clip-norm:max=1", "softmax"),
        (Wanderer(), "booth"),
    ],
)
def test_the_timed_step_is_the_next_one_of_the_run_each_time(random, optimizer, problem):
    seed = int(random.integers(1000))
    if isinstance(optimizer, str):
        optimizer = optimizer.format(lr=random.uniform(0.01, 0.1))
    whole = optframe.minimize(problem, optimizer, steps=12, seed=seed, iterates=True).iterates
    made, trial, record = ran(optimizer, problem, budget={"steps": 12}, seed=seed)
    with made.step(trial, record) as step:
        for _ in range(3):
            arguments, names = step.fresh()
            np.testing.assert_array_equal(arguments[0], whole[WARM_UP])
            theta, _ = step(*arguments, **names)
            np.testing.assert_array_equal(theta, whole[WARM_UP + 1])
    assert not np.array_equal(whole[WARM_UP], whole[WARM_UP + 1])


def test_of_a_short_run_the_last_step_is_timed(random):
    lr = random.uniform(0.01, 0.05)
    whole = optframe.minimize("booth", f"sgd:lr={lr}", steps=4, iterates=True).iterates
    made, trial, record = ran(f"sgd:lr={lr}", budget={"steps": 4})
    with made.step(trial, record) as step:
        (theta, state), _ = step.fresh()
        np.testing.assert_array_equal(step(theta, state)[0], whole[4])


@pytest.mark.parametrize("optimizer", [Opaque(), Library(), "newton"])
def test_where_no_step_can_be_had_alone_there_is_none(optimizer):
    made, trial, record = ran(optimizer, budget={"steps": 40, "gradient_norm": 1e-9})
    assert record.status in ("finished", "converged")
    with made.step(trial, record) as step:
        assert step is None


def test_short_steps_are_timed_often_and_long_ones_at_least_a_few_times():
    made, trial, record = ran("sgd:lr=0.01")
    for seconds, rounds in ((1e-9, 1000), (40 * 0.002, 50), (4000.0, 5)):
        with made.step(trial, replace(record, seconds=seconds)) as step:
            assert step.rounds == rounds


def test_a_step_counts_nothing_in_the_run_that_was_counted(random):
    made, trial, record = ran("sgd:lr=0.01")
    before = record.curve.copy()
    with made.step(trial, record) as step:
        arguments, _ = step.fresh()
        step(*arguments)
    np.testing.assert_array_equal(record.curve, before)
    counts = [record.columns.index(name) for name in record.columns if name != "seconds"]
    np.testing.assert_array_equal(made.run(trial).curve[:, counts], before[:, counts])


@pytest.mark.parametrize(
    ("optimizer", "budget", "said"),
    [
        ("sgd:lr=0.01", {"steps": 3}, None),
        ("sgd:lr=0.05", {"steps": 900, "target": 1e-3}, None),
        (
            "sgd:lr=1e-6",
            {"steps": 7, "target": 1e-3},
            r"did not reach f − f\* ≤ 0\.001: f − f\* \d+\.\d+ after 7 steps, 7 gradients; "
            r"finished: the budget is spent \(steps 7, target gap 0\.001\)",
        ),
        (
            "sgd:lr=1e-6",
            {"steps": 7, "target": {"loss": 1e-3}},
            r"did not reach loss ≤ 0\.001: loss \d+\.\d+ after 7 steps, 7 gradients; "
            r"finished: the budget is spent \(steps 7, target loss 0\.001\)",
        ),
        (
            "sgd:lr=1e-6",
            {"steps": 7, "gradient_norm": 0.5},
            r"did not reach gradient norm ≤ 0\.5: loss .* after 7 steps, 7 gradients; finished: .*",
        ),
        (
            "sgd:lr=1e6",
            {"steps": 50},
            r"did not run to its end: loss .* after \d+ steps, \d+ gradients; diverged: at .*",
        ),
    ],
)
def test_what_was_missed_is_said_in_one_line(optimizer, budget, said):
    _, trial, record = ran(optimizer, budget=budget)
    found = shortfall(trial, record)
    if said is None:
        assert found is None
        return
    assert re.fullmatch(rf"{re.escape(trial.optimizer.label)} on booth .*{said}", found)


def test_a_run_that_measured_nothing_says_so():
    _, trial, _ = ran("sgd:lr=0.05", budget={"steps": 5, "target": 1e-3})
    record = Record.without_run(trial, "failed", "ValueError: no", "2026-01-02T03:04:05+00:00")
    said = "did not reach f − f* ≤ 0.001: it measured nothing; failed: ValueError: no"
    assert shortfall(trial, record).endswith(said)
    with pytest.raises(UsageError, match="booth does not measure 'test_accuracy'"):
        ran("sgd:lr=0.05", budget={"steps": 5, "target": {"test_accuracy": 0.9}})


def test_what_was_missed_of_a_gap_is_its_distance_to_f_star():
    _, trial, record = ran("sgd:lr=1e-6", "six-hump-camel", budget={"steps": 3, "target": 1e-3})
    gap = record.last("loss") - record.minimum
    assert record.minimum < -1
    assert f"f − f* {gap:.6g} after 3 steps" in shortfall(trial, record)


def test_accuracies_are_to_rise():
    budget = {"steps": 1, "target": {"test_accuracy": 0.99}}
    _, trial, record = ran("sgd:lr=1e-9", "softmax", budget=budget, seeds=2)
    found = shortfall(trial, record)
    assert "on softmax, shuffled did not reach test_accuracy ≥ 0.99: test_accuracy 0." in found


def test_an_outcome_tells_the_most_that_any_seed_needed():
    made = bench("sgd:lr=0.001", "rosenbrock", start="random", seeds=3, budget={"steps": 5})
    records = [made.run(trial) for trial in made.trials]
    outcome = Outcome(tuple(of_record(t, r, {}) for t, r in zip(made.trials, records, strict=True)))
    assert [one.spec.seed for one in outcome.trials] == [0, 1, 2]
    assert outcome.counts["steps"] == outcome.counts["gradients"] == 5
    assert outcome.counts["epochs"] is None
    assert outcome.loss == max(record.last("loss") for record in records)


def test_a_broken_plugin_is_named_beside_the_name_that_it_took_away(monkeypatch):
    def broken():
        registry = load_plugins()
        registry.leave_out("theirs", "theirs 1.0", ImportError("no module named fast"))
        return registry

    monkeypatch.setattr("optframe.gate.optbench.load_plugins", broken)
    with pytest.raises(UsageError) as raised:
        bench("their-adam")
    first, second = raised.value.mistakes
    assert "unknown optimizer 'their-adam'" in first
    assert "plugin 'theirs' is broken: " in second
    assert "no module named fast" in second
