"""The order in which trials run: seed by seed, all contenders in random order."""

import sys
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from optframe import Study, load_plugins
from optframe.components.binder import Binder
from optframe.execution import runner
from optframe.execution.order import interleaved
from optframe.execution.runner import run_study
from optframe.store.export import dictionary
from optframe.study.settings import RunSettings
from optframe.study.study import plan

SAMPLES = Path(__file__).parent.parent / "sample_plugins"
SAMPLERS = ["shuffled:batch_size=16", "full"]
OPTIMIZERS = ["sgd:lr=0.001", "momentum:lr=0.001", "adam", "newton", "adagrad"]


def plugins(*names):
    return load_plugins([str(SAMPLES / f"{name}.py") for name in names])


def study(**given):
    fields = {
        "name": "small",
        "budget": {"steps": 3},
        "optimizers": OPTIMIZERS,
        "problems": ["rosenbrock", "sphere:size=3"],
        "start": "random",
        "seeds": 4,
    }
    return Study(**{**fields, **given})


def trials_of(asked, registry):
    return plan(asked, registry, Binder(registry))


def order_of(asked, registry=None):
    """The trials of a study in the order in which they should run."""
    planned = trials_of(asked, registry or load_plugins())
    return [trial for (trial,) in interleaved([(trial,) for trial in planned], planned)]


@pytest.fixture
def watched():
    """Run a study, and return what an observer heard of: (optimizer, seed) of each trial."""
    registry = plugins("watching", "slow")

    def run(asked, folder):
        told = sys.modules["watching"].TOLD
        told.clear()
        run_study(asked, folder, registry)
        return [what[1:3] for what in told if what[0] == "finished"]

    return run


def test_seeds_follow_one_another_and_each_runs_all_contenders():
    order = order_of(study(problems=["rosenbrock", "softmax:data=iris"], samplers=SAMPLERS))
    rounds = [
        (where, {(trial.optimizer.label, trial.sampler.label) for trial in trials})
        for where, trials in (
            (where, list(group))
            for where, group in groupby(order, lambda trial: (trial.problem.name, trial.seed))
        )
    ]
    assert [where for where, _ in rounds] == [
        (problem, seed) for problem in ("rosenbrock", "softmax") for seed in range(4)
    ]
    assert {len(contenders) for _, contenders in rounds[:4]} == {5}
    assert {len(contenders) for _, contenders in rounds[4:]} == {10}


def test_the_order_within_a_round_is_drawn_anew_each_time():
    names = [trial.optimizer.name for trial in order_of(study(seeds=60, problems="rosenbrock"))]
    rounds = [names[i : i + 5] for i in range(0, 300, 5)]
    assert len({tuple(each) for each in rounds}) > 30
    places = {name: [each.index(name) for each in rounds] for name in rounds[0]}
    for found in places.values():  # each is as often first as last, up to chance
        assert 1.4 < sum(found) / 60 < 2.6
        assert {*found} == {0, 1, 2, 3, 4}


def test_the_studys_seed_draws_it():
    def keys(seed):
        return [
            (trial.optimizer.name, trial.problem.name, trial.seed)
            for trial in order_of(study(seed=seed))
        ]

    assert keys(1) == keys(1)
    assert keys(1) != keys(2)
    assert sorted(keys(1)) == sorted(keys(2))


def test_trials_run_in_that_order_and_the_plan_keeps_its_own(tmp_path, watched):
    asked = study()
    expected = [(trial.optimizer.label, trial.seed) for trial in order_of(asked)]
    assert watched(asked, tmp_path / "one") == expected
    assert watched(asked, tmp_path / "other") == expected
    results = run_study(asked, tmp_path / "one", load_plugins()).results
    assert results.trials["key"].tolist() == [t.key for t in trials_of(asked, load_plugins())]
    assert results.trials["position"].tolist() == list(range(40))


def test_what_is_left_of_a_study_keeps_its_order(tmp_path, watched):
    asked = study()
    order = order_of(asked)
    with pytest.MonkeyPatch.context() as patch:
        run = runner.TrialRunner.__call__
        ran = []

        def interrupted(self, trials):
            if len(ran) == 13:
                raise KeyboardInterrupt
            ran.append(trials[0].key)
            return run(self, trials)

        patch.setattr(runner.TrialRunner, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_study(asked, tmp_path, load_plugins())
    assert ran == [trial.key for trial in order[:13]]
    assert watched(asked, tmp_path) == [(t.optimizer.label, t.seed) for t in order[13:]]
    assert watched(asked, tmp_path) == []


def test_what_is_left_in_the_middle_keeps_its_order():
    planned = trials_of(study(), load_plugins())
    every = interleaved([(trial,) for trial in planned], planned)
    some = interleaved([(trial,) for trial in planned[::3]], planned)
    assert some == [batch for batch in every if batch in some]
    assert len(some) == 14


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_other_processes_start_trials_in_that_order(executor, tmp_path):
    if executor == "dask":
        pytest.importorskip("distributed")
    asked = study(
        optimizers=["slow", "slow:seconds=0.03", "slow:seconds=0.01"],
        problems="rosenbrock",
        budget={"steps": 1},
        run=RunSettings(executor=executor, jobs=1),
    )
    trials = run_study(asked, tmp_path, plugins("slow")).results.trials
    started = trials.sort_values("started", kind="stable")
    expected = [trial.key for trial in order_of(asked, plugins("slow"))]
    assert started["key"].tolist() == expected
    assert expected != trials["key"].tolist()


def test_a_batch_is_one_unit_and_has_the_place_of_its_first_trial(tmp_path, watched):
    planned = trials_of(study(problems="rosenbrock"), load_plugins())
    of = {name: [t for t in planned if t.optimizer.name == name] for name in ("sgd", "adam")}
    together, alone = tuple(of["sgd"][1:3]), [(trial,) for trial in of["adam"]]
    order = interleaved([*alone, together], planned)
    assert order[0] == alone[0]
    assert {order[1], order[2]} == {alone[1], together}
    assert order[3:] == alone[2:]

    batched = study(problems="rosenbrock", run=RunSettings(together=True))
    heard = watched(batched, tmp_path)
    labels = [label for label, _ in groupby(label for label, _ in heard)]
    first = [t.optimizer.label for t in order_of(study(problems="rosenbrock")) if t.seed == 0]
    assert labels == first
    assert heard == [(label, seed) for label in labels for seed in range(4)]


def test_results_are_those_of_any_order(tmp_path):
    shuffled = replace(study(), run=RunSettings(executor="shuffling"))
    one = run_study(study(), tmp_path / "one", load_plugins()).results
    other = run_study(shuffled, tmp_path / "other", plugins("shuffling")).results
    columns = ["key", "step", "loss", "gradients", "work"]
    assert one.curves[columns].equals(other.curves[columns])


@pytest.mark.parametrize("together", [False, True])
def test_each_trial_has_the_load_of_the_machine_that_ran_it(tmp_path, monkeypatch, together):
    loads = iter(range(1, 100))
    monkeypatch.setattr("optframe.execution.trial_runner.machine_load", lambda: next(loads) / 4)
    asked = study(
        optimizers=["sgd:lr=0.001", "adam"],
        problems="rosenbrock",
        run=RunSettings(together=together),
    )
    results = run_study(asked, tmp_path, load_plugins()).results
    expected = [0.25] * 4 + [0.5] * 4 if together else [0.25 * i for i in range(1, 9)]
    assert sorted(results.trials["load"]) == expected
    explained = dictionary(results.trials, results.curves).set_index("column").loc["load"]
    assert explained["unit"] == "processes"
    assert "when the run began" in explained["meaning"]


def test_a_trial_that_fails_has_its_load_too(tmp_path, monkeypatch):
    monkeypatch.setattr("optframe.execution.trial_runner.machine_load", lambda: 2.5)
    monkeypatch.setattr(runner.TrialRunner, "setup", lambda *_: 1 / 0)
    asked = study(optimizers=["adam"], problems="rosenbrock", seeds=1)
    trials = run_study(asked, tmp_path, load_plugins()).results.trials
    assert (trials["status"][0], trials["load"][0]) == ("failed", 2.5)


def test_processes_tell_the_load_of_their_own_machine(tmp_path, monkeypatch):
    """This process's load is replaced, and the worker's is not."""
    monkeypatch.setattr("optframe.execution.trial_runner.machine_load", lambda: -1.0)
    asked = study(problems="rosenbrock", seeds=1, run=RunSettings(executor="processes", jobs=1))
    trials = run_study(asked, tmp_path, load_plugins()).results.trials
    assert (trials["load"] >= 0).all()
