"""How long a study will take: counted by hand from what its steps and checkpoints cost."""

import dataclasses
from pathlib import Path

import pytest

from optframe import Study, load_plugins
from optframe.contracts.trial import Budget, Checkpoints
from optframe.execution import estimate
from optframe.execution.estimate import Load, _Cost, estimated
from optframe.execution.preview import preview

FAIR = {"steps": 1.0, "epochs": 0.1, "gradients": 2.0, "work": 0.2, "seconds": 0.5}


@pytest.fixture(scope="module")
def registry():
    return load_plugins()


@pytest.fixture(scope="module")
def trial(registry):
    return Study("one", {"steps": 100}, ["sgd"], ["rosenbrock"]).trials(registry)[0]


@pytest.mark.parametrize(
    ("budget", "steps"),
    [
        ({"steps": 40}, 40),
        ({"epochs": 2.0}, 20),
        ({"gradients": 60.0}, 30),
        ({"work": 3.0}, 15),
        ({"seconds": 4.0}, 8),
        ({"steps": 40, "epochs": 2.0}, 20),
    ],
)
def test_a_trial_costs_its_steps_its_checkpoints_and_what_is_done_once(trial, budget, steps):
    cost = _Cost(step=2.0, checkpoint=100.0, fixed=10_000.0, per_step=FAIR)
    asked = dataclasses.replace(trial, budget=Budget(**budget), checkpoints=Checkpoints(count=5))
    assert cost.of(asked) == pytest.approx(10_000 + 2 * steps + 100 * 6)


@pytest.mark.parametrize(
    ("checkpoints", "number"),
    [({"count": 300}, 100), ({"every_steps": 30}, 4), ({"every_epochs": 2.0}, 5)],
)
def test_checkpoints_are_counted_as_they_are_asked_for(trial, checkpoints, number):
    cost = _Cost(step=0.0, checkpoint=1.0, fixed=0.0, per_step=FAIR)
    asked = dataclasses.replace(trial, checkpoints=Checkpoints(**checkpoints))
    assert cost.of(asked) == 1 + number


@pytest.fixture
def costs(monkeypatch):
    """Say what a batch costs by its number of runs: 10 s, and 1 s more for each but the first."""

    def cost(batch, runner, share):
        return _Cost(step=0.0, checkpoint=0.0, fixed=9.0 + len(batch), per_step={})

    monkeypatch.setattr(estimate, "_cost", cost)
    monkeypatch.setattr(estimate, "companions", lambda trials, runner, memory: [tuple(trials)])


def test_all_trials_are_added_and_divided_among_the_jobs(costs, trial):
    loads = [Load([trial] * 3, (30, 0, 6)), Load([trial], (4,))]
    assert estimated(loads, runner=None) == 400
    assert estimated(loads, runner=None, jobs=4) == 100
    assert estimated(loads, runner=None, jobs=100) == 10


def test_runs_of_a_batch_cost_what_each_adds(costs, trial):
    load = Load([trial] * 3, (30, 0, 6))
    assert estimated([load], runner=None, together=True) == (10 + 29) + 0 + (10 + 5)
    rounds = dataclasses.replace(load, rounds=3)
    assert estimated([rounds], runner=None, together=True) == (3 * 10 + 27) + (10 + 5)


def test_what_is_left_when_the_time_is_over_counts_as_its_problem_does(costs, trial):
    other = dataclasses.replace(trial, problem=dataclasses.replace(trial.problem, label="another"))
    loads = [Load([trial], (2,)), Load([other], (3,)), Load([trial], (5,))]
    assert estimated(loads, runner=None, patience=0) == 100


def test_nothing_is_known_of_trials_that_fail(monkeypatch, trial):
    def fails(trials):
        raise RuntimeError

    monkeypatch.setattr(estimate, "_first_gradient", lambda trial, runner: None)
    assert estimated([Load([trial], (2,))], fails) is None
    assert estimated([], fails) is None


@pytest.mark.parametrize("together", [False, True])
def test_a_study_is_previewed_without_a_trace(registry, together, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    study = Study.from_tables(
        {
            "study": {"name": "s", "seeds": 4, "start": "random", "budget": {"steps": 9}},
            "run": {
                "together": together,
                "save_every": 0.001,
                "checkpoints": {"every_epochs": 1.0},  # of which a function has none
            },
            "tune": {"trials": 5, "studies": 2, "confirm": 1},
            "optimizer": [{"name": "sgd"}, {"name": "bfgs"}],
            "problem": [{"name": "rosenbrock"}],
        },
        "s",
    )
    found = preview(study, registry)
    extent = found.extent
    assert (extent.searching, extent.confirming, extent.final) == (15, 6, 8)
    assert (extent.tuning, extent.trials, found.missing) == (21, 29, 29)
    assert extent.untuned == ("bfgs",)
    assert found.seconds is not None
    assert found.seconds > 0
    assert capsys.readouterr() == ("", "")
    assert list(Path().iterdir()) == []
