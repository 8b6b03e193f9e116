"""The step at which a target is reached: the same whatever the checkpoints are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe import Optimizer, Solver, load_plugins
from optframe.contracts.trial import Budget, Checkpoints
from optframe.study import RunSettings

REGISTRY = load_plugins()
MARKS = [{"every_steps": 1}, {"every_steps": 3}, 60]


def truth(optimizer, goal, every, steps, epochs=None, sampler="shuffled", seed=0):
    """The first step that reaches the target in the first window whose end does, or the last."""
    whole = optframe.minimize(
        "softmax:data=digits",
        optimizer,
        steps=steps,
        sampler=sampler,
        seed=seed,
        checkpoints={"every_steps": 1},
    ).curve
    (metric, value) = goal
    rising = metric.endswith("accuracy")
    met = (whole[metric] >= value if rising else whole[metric] <= value).to_numpy()
    for end in [*range(0, steps, every), steps]:
        if met[end]:
            begin = max(end - 1, 0) // every * every
            first = next(k for k in range(begin if end == 0 else begin + 1, end + 1) if met[k])
            return whole.iloc[first]
    return None


OPTIMIZERS = ("sgd:lr=0.1", "momentum:lr=0.02", "nesterov:lr=0.02", "adam:lr=0.005")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("goal", "every"), [(("loss", 0.7), 100), (("test_accuracy", 0.9), 17)])
def test_steps_to_a_target_on_data_are_the_truth(optimizer, goal, every):
    expected = truth(optimizer, goal, every, 250)
    assert expected is not None
    for marks in MARKS:
        found = run_of(optimizer, goal, every, marks, 250)
        assert found["status"] == "converged"
        assert found["window"] == 1
        assert found["steps"] == expected["step"]
        counted = ["gradients", "work", "records", "samples", "loss", "test_accuracy"]
        assert [found[name] for name in counted] == [expected[name] for name in counted]


def run_of(optimizer, goal, every, marks, steps, **given):
    """A trial's row, from a study of one trial or of one batch."""
    return rows_of(optimizer, goal, every, marks, steps, **given).iloc[0]


def rows_of(optimizer, goal, every, marks, steps, seeds=1, together=False, **settings):
    import tempfile

    budget = {"steps": steps, "target": dict([goal]), "target_every": every}
    run = RunSettings(checkpoints=marks, together=together, **settings)
    study = optframe.Study("t", budget, optimizer, "softmax:data=digits", seeds=seeds, run=run)
    with tempfile.TemporaryDirectory() as folder:
        results = optframe.run(study, folder, registry=REGISTRY)
        trials, curves = results.trials, results.curves
    for _, row in trials.iterrows():
        curve = curves[curves["key"] == row["key"]]
        assert curve["step"].is_monotonic_increasing
        assert curve["step"].is_unique
        assert curve["seconds"].is_monotonic_increasing
        assert curve["step"].iloc[-1] == row["steps"]
    return trials


@pytest.mark.parametrize("marks", MARKS)
def test_a_batch_reaches_its_targets_where_its_runs_do_alone(marks):
    optimizers = ["sgd:lr=[0.1,0.2]", "adam:lr=[0.003,0.01]"]
    goal = ("test_accuracy", 0.93)
    alone = rows_of(optimizers, goal, 37, 20, 300, seeds=3)
    batch = rows_of(optimizers, goal, 37, marks, 300, seeds=3, together=True)
    assert set(batch["together"]) == {6}
    assert len({*alone["steps"]}) > 4
    same = ["status", "steps", "window", "gradients", "work", "records", "samples"]
    pd.testing.assert_frame_equal(alone[same], batch[same], check_exact=True)
    np.testing.assert_allclose(alone["loss"], batch["loss"], rtol=1e-6)


def test_the_end_of_the_budget_is_a_test():
    expected = truth("sgd:lr=0.1", ("loss", 0.8), 400, 250)
    assert expected is not None
    for marks in MARKS:
        found = run_of("sgd:lr=0.1", ("loss", 0.8), 400, marks, 250)
        assert (found["status"], found["steps"]) == ("converged", expected["step"])
    gradients = Budget(gradients=250, target={"loss": 0.8}, target_every=400)
    assert gradients.goal == ("loss", 0.8)


def test_a_target_at_the_start_takes_no_step():
    found = run_of("sgd:lr=0.1", ("loss", 5.0), 100, 60, 50)
    assert (found["status"], found["steps"], found["window"]) == ("converged", 0, 0)
    assert (found["work"], found["records"]) == (0, 0)


@pytest.mark.parametrize("name", ["polyak", "lookahead"])
def test_a_wrapper_is_measured_at_its_solution(name):
    optimizer = f"sgd:lr=0.2+{name}"
    expected = truth(optimizer, ("loss", 0.5), 60, 400)
    assert expected is not None
    found = run_of(optimizer, ("loss", 0.5), 60, 7, 400)
    assert (found["status"], found["steps"]) == ("converged", expected["step"])
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

    needs = ("gradient",)

    def minimize(self, theta, oracle, report):
        while report(theta):
            theta = theta - 0.1 * oracle.gradient(theta)
        return theta


@pytest.mark.parametrize("optimizer", [Opaque(), Descending()])
def test_what_cannot_be_repeated_reaches_its_target_within_a_window(optimizer):
    expected = truth(optimizer, ("loss", 0.6), 40, 400, sampler="full")
    assert expected is not None
    registry = load_plugins()
    study = optframe.Study(
        "t",
        {"steps": 400, "target": {"loss": 0.6}, "target_every": 40},
        [{"name": registry.add("optimizers", "mine", optimizer)}],
        "softmax:data=digits",
        samplers=["full"],
    )
    (trial,) = study.trials(registry)
    (record,) = optframe.execution.trial_runner.TrialRunner(registry)([trial])
    assert record.status == "converged"
    assert record.last("step") == -(-int(expected["step"]) // 40) * 40
    assert record.window == 40


def test_schedules_and_the_counts_of_line_searches_come_out_the_same():
    schedule = {
        "name": "sgd",
        "lr": {"schedule": "linear", "start": 0.3, "end": 0.01, "steps": 300},
    }
    search = "gradient-descent:search=armijo"
    for optimizer in (schedule, search):
        rows = [run_of(optimizer, ("loss", 0.7), 50, marks, 300) for marks in MARKS]
        assert (
            len({(row["steps"], row["work"], row["records"], row["losses"]) for row in rows}) == 1
        )
        assert rows[0]["status"] == "converged"
        assert rows[0]["steps"] % 50


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
