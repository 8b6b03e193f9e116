"""The step at which a target is reached: the same whatever the checkpoints are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe import Optimizer, Solver, load_plugins
from optframe.contracts.trial import Checkpoints
from optframe.execution.trial_runner import TrialRunner
from optframe.study import RunSettings
from optframe.study.study import plan

RUNNER = TrialRunner(load_plugins())
MARKS = [{"every_steps": 1}, {"every_steps": 3}, 60]


def truth(optimizer, goal, every, steps, **given):
    """The row of the first step that reaches the target, in the first window whose end does."""
    (whole,) = rows_of(optimizer, None, every, {"every_steps": 1}, steps, **given)
    metric, value = goal
    met = whole[metric] >= value if metric.endswith("accuracy") else whole[metric] <= value
    end = next(k for k in [*range(0, steps, every), steps] if met[k])
    first = next(k for k in range(max(end - every, -1) + 1, end + 1) if met[k])
    return whole.iloc[first]


OPTIMIZERS = ("sgd:lr=0.1", "momentum:lr=0.02", "nesterov:lr=0.02", "adam:lr=0.005")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("goal", "every"), [(("loss", 0.45), 100), (("test_accuracy", 0.8), 17)])
def test_steps_to_a_target_on_data_are_the_truth(optimizer, goal, every):
    expected = truth(optimizer, goal, every, 250)
    for marks in MARKS:
        found = run_of(optimizer, goal, every, marks, 250)
        assert found["status"] == "converged"
        assert found["window"] == 1
        assert found["step"] == expected["step"]
        counted = ["gradients", "work", "records", "samples", "loss", "test_accuracy"]
        assert [found[name] for name in counted] == [expected[name] for name in counted]


def run_of(*given, **more):
    """The last row of a trial's curve."""
    (curve,) = rows_of(*given, **more)
    return curve.iloc[-1]


def rows_of(optimizers, goal, every, marks, steps, seeds=1, batch=False, sampler="shuffled"):
    """The curves of the trials of a study, whose columns also have the record's values."""
    budget = {"steps": steps, "target_every": every, **({"target": dict([goal])} if goal else {})}
    run = RunSettings(checkpoints=marks)
    study = optframe.Study(
        "t", budget, optimizers, "softmax:data=iris", [sampler], seeds=seeds, run=run
    )
    trials = plan(study, RUNNER.registry, RUNNER.binder, keyed=False)
    with RUNNER.limited():
        records = RUNNER(trials) if batch else [RUNNER([trial])[0] for trial in trials]
    curves = []
    for record in records:
        assert record.together == (len(trials) if batch else 1)
        curve = pd.DataFrame(record.curve, columns=record.columns)
        assert curve["step"].is_monotonic_increasing
        assert curve["step"].is_unique
        assert curve["seconds"].is_monotonic_increasing
        curves.append(curve.assign(status=record.status, window=record.window))
    return curves


def test_a_batch_reaches_its_targets_where_its_runs_do_alone():
    optimizers = ["sgd:lr=0.1", "sgd:lr=0.2", "sgd:lr=0.4"]
    given = ("loss", 0.3), 37
    alone = rows_of(optimizers, *given, 20, 250, seeds=3)
    assert len({curve["step"].iloc[-1] for curve in alone}) > 4
    for marks in MARKS:
        batch = rows_of(optimizers, *given, marks, 250, seeds=3, batch=True)
        for one, other in zip(alone, batch, strict=True):
            same = ["status", "step", "window", "gradients", "work", "records", "samples"]
            last = one[same].iloc[-1], other[same].iloc[-1]
            pd.testing.assert_series_equal(*last, check_exact=True, check_names=False)
            assert one["loss"].iloc[-1] == pytest.approx(other["loss"].iloc[-1], rel=1e-6)


def test_the_end_of_the_budget_is_a_test():
    expected = truth("sgd:lr=0.1", ("loss", 0.3), 400, 250)
    for marks in MARKS:
        found = run_of("sgd:lr=0.1", ("loss", 0.3), 400, marks, 250)
        assert (found["status"], found["step"]) == ("converged", expected["step"])


def test_a_target_at_the_start_takes_no_step():
    found = run_of("sgd:lr=0.1", ("loss", 5.0), 100, 60, 50)
    assert (found["status"], found["step"], found["window"]) == ("converged", 0, 0)
    assert (found["work"], found["records"]) == (0, 0)


def test_a_wrapper_is_measured_at_its_solution():
    optimizer = "sgd:lr=0.5+polyak"
    expected = truth(optimizer, ("loss", 0.35), 60, 400)
    found = run_of(optimizer, ("loss", 0.35), 60, 7, 400)
    assert (found["status"], found["step"]) == ("converged", expected["step"])
    assert found["loss"] == expected["loss"]


@dataclass(frozen=True)
class Opaque(Optimizer):
    """Gradient descent whose state cannot be restored."""

    resumable = False

    def step(self, theta, state, oracle):
        return theta - 0.1 * oracle.gradient(theta), state


@dataclass(frozen=True)
class Descending(Solver):
    """Gradient descent with its own loop."""

    needs = frozenset({"gradient"})

    def minimize(self, theta, oracle, report):
        while report(theta):
            theta = theta - 0.1 * oracle.gradient(theta)
        return theta


@pytest.mark.parametrize("component", [Opaque(), Descending()])
def test_what_cannot_be_repeated_reaches_its_target_within_a_window(component):
    optimizer = RUNNER.registry.add("optimizers", "mine", component)
    expected = truth(optimizer, ("loss", 0.45), 40, 400, sampler="full")
    for marks in MARKS:
        found = run_of(optimizer, ("loss", 0.45), 40, marks, 400, sampler="full")
        assert found["status"] == "converged"
        assert found["step"] == -(-int(expected["step"]) // 40) * 40
        assert found["window"] == 40


def test_what_draws_schedules_and_searches_comes_out_the_same():
    schedule = {"name": "sgd", "lr": {"schedule": "linear", "start": 0.3, "end": 0.01}}
    schedule["lr"]["steps"] = 300
    for optimizer, sampler in (
        (schedule, "with-replacement"),
        ("lbfgs", "full"),
    ):
        expected = truth(optimizer, ("loss", 0.4), 50, 100, sampler=sampler)
        assert expected["step"] % 50
        for marks in MARKS:
            found = run_of(optimizer, ("loss", 0.4), 50, marks, 150, sampler=sampler)
            counts = ["step", "work", "records", "losses", "gradients", "loss"]
            assert found[counts].tolist() == expected[counts].tolist()


def test_iterates_end_where_the_run_does(run_of_setup):
    run = run_of_setup(iterates=True)
    assert run.status == "converged"
    assert len(run.iterates) == run.k + 1
    np.testing.assert_array_equal(run.iterates[-1], run.theta)


@pytest.fixture
def run_of_setup(run_of, squares):
    def made(**given):
        budget = {"steps": 200, "target": {"loss": 5.0}, "target_every": 60}
        fields = {"sampler": optframe.make("full"), "checkpoints": Checkpoints(every_steps=9)}
        return run_of(squares(), optframe.make("sgd:lr=0.1"), budget=budget, **fields, **given)

    return made
