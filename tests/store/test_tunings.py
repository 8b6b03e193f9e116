"""The stage of tuning in a store: extending a plan, what runs again, what is read of each stage."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from optframe import Record, Space, StoreError, Study, load, load_plugins
from optframe.contracts.columns import COUNT_COLUMNS
from optframe.contracts.record import Landscape
from optframe.store.writer import Store

SPACE = {"momentum": Space(values=(0.5, 0.9)), "lr": Space(1e-4, 1e-1, source="a paper")}
SETTINGS = [{"momentum": 0.9, "lr": 0.001}, {"momentum": 0.5, "lr": 0.01}]


@pytest.fixture(scope="module")
def trials():
    """Two settings with two tuning seeds each, and the final trials of the second."""
    study = Study(
        "small",
        {"steps": 10},
        [{"name": "momentum", **setting} for setting in SETTINGS],
        "rosenbrock",
        seeds=2,
        start="random",
    )
    final = study.trials(load_plugins())
    tune = [
        dataclasses.replace(
            trial, stage="tune", contender="momentum", study=0, number=i // 2, round=0
        )
        for i, trial in enumerate(final)
    ]
    return tune, [dataclasses.replace(t, contender="momentum", study=0) for t in final[2:]]


def tuning(**changed):
    return {
        "contender": "momentum",
        "problem": "rosenbrock",
        "sampler": "none",
        "study": 0,
        "space": SPACE,
        "tuner": {"name": "random", "trials": 2},
        "seed": 2**63 - 1,
        "proposals": [SETTINGS],
        **changed,
    }


def closed(**changed):
    winner = {"number": 1, "setting": SETTINGS[1]}
    return tuning(**{"closed": True, "winner": winner, **changed})


def record(trial, status="finished", value=1.0):
    columns = (*COUNT_COLUMNS, "loss", "theta_0", "theta_1")
    return Record(
        trial.key,
        *(status, None, None, "2025-01-01T00:00:00.000+00:00", 7, 0.25, 0.125, 48, 2, 0.0),
        columns=columns,
        curve=np.full((2, len(columns)), value),
        landscape=Landscape((np.ones(2), np.ones(2)), np.ones((2, 2))),
        path=np.zeros((1, 5)),
    )


def filled(folder, trials, **statuses):
    """Write both stages; a tuning trial has the status of its number."""
    tune, final = trials
    with Store(folder) as store:
        store.plan([], {"name": "small"})
        store.extend(tune, [tuning()])
        ended = [record(t, statuses.get(f"of_{t.number}", "finished"), 3.0) for t in tune]
        store.save(ended, {})
        store.extend(final, [closed()])
        store.save([record(t) for t in final], {})
    return load(folder)


def test_extending_adds_to_the_plan_and_returns_what_is_to_be_run(tmp_path, trials):
    tune, final = trials
    with Store(tmp_path) as store:
        assert store.plan([], {"name": "small"}) == set()
        assert store.extend(tune[:2], [tuning()]) == {trial.key for trial in tune[:2]}
        store.save([record(tune[0])], {})
        assert store.extend(tune, [tuning()]) == {trial.key for trial in tune[1:]}
        assert [*store.tune_trials()["key"]] == [trial.key for trial in tune]
        assert [*store.tune_trials()["position"]] == [0, 1, 2, 3]
        assert len(store.trials("final")) == 0
        assert store.extend(final, [closed()]) == {trial.key for trial in final}
        assert [*store.trials("final")["position"]] == [4, 5]
        assert store.apart() == 0


def test_what_was_proposed_is_read_back_as_it_was(tmp_path, trials):
    with Store(tmp_path) as store:
        store.plan([], {"name": "small"})
        store.extend(trials[0], [tuning()])
        (found,) = store.tunings()
        assert found["proposals"] == [SETTINGS]
        assert [*found["space"]] == [*SPACE]  # in this order
        assert found["space"] == SPACE
        assert (found["closed"], found["winner"], found["position"]) == (False, None, 0)
        assert found["seed"] == 2**63 - 1
        store.extend([], [closed(proposals=[SETTINGS, [{"momentum": 0.5, "lr": 0.1}]])])
        (later,) = store.tunings()
        assert later["id"] == found["id"]
        assert later["winner"] == {"number": 1, "setting": SETTINGS[1]}
        assert len(later["proposals"]) == 2
        assert store.extend([], later and [later]) == set()  # what was read can be written
        assert store.tunings() == [later]


def test_a_tuning_of_an_earlier_plan_is_kept_and_not_shown(tmp_path, trials):
    filled(tmp_path, trials)
    with Store(tmp_path) as store:
        store.plan([], {"name": "small"})
        store.extend(trials[0][:2], [tuning(seed=5)])
        assert [one["position"] for one in store.tunings()] == [None, 0]
        assert store.apart() == 4
    assert [*load(tmp_path).tunings["seed"]] == [5]
    assert len(load(tmp_path).tuning) == 2


@pytest.mark.parametrize("status", ["failed", "crashed", "timeout"])
def test_broken_trials_run_again_until_their_tuning_is_closed(tmp_path, trials, status):
    tune, final = trials
    broken = {trial.key for trial in tune[:2]}
    with Store(tmp_path) as store:
        store.plan([], {"name": "small"})
        store.extend(tune, [tuning()])
        store.save([record(t, status if t.key in broken else "finished") for t in tune], {})
        assert store.extend(tune, [tuning()]) == broken
        assert store.extend(final, [closed()]) == {trial.key for trial in final}
        store.save([record(t, status) for t in final], {})
    with Store(tmp_path) as store:  # a second run of the study
        store.plan([], {"name": "small"})
        assert store.extend(tune, [closed()]) == set()
        assert store.extend(final, [closed()]) == {trial.key for trial in final}


def test_another_contenders_closed_tuning_leaves_trials_to_be_run(tmp_path, trials):
    tune, _ = trials
    with Store(tmp_path) as store:
        store.plan([], {"name": "small"})
        store.extend(tune, [tuning(), closed(contender="another"), closed(study=1)])
        store.save([record(t, "failed") for t in tune], {})
        assert len(store.extend(tune, [tuning()])) == 4


def test_trials_and_curves_are_final_and_the_others_stand_apart(tmp_path, trials):
    results = filled(tmp_path, trials)
    tune, final = ([trial.key for trial in stage] for stage in trials)
    assert [*results.trials["key"]] == final
    assert [*results.tuning["key"]] == tune
    assert [*results.tuning] == [*results.trials]
    assert [*results.tuning["number"]] == [0, 0, 1, 1]
    assert results.trials["number"].isna().all()
    assert [*results.trials["study"]] == [0, 0]
    assert {*results.curves["key"]} == {*final}
    assert {*results.tuning_curves["key"]} == {*tune}
    assert results.curves["loss"].eq(1).all()
    assert results.tuning_curves["loss"].eq(3).all()
    assert {*results.landscapes} == {*results.path_tables} == {*results.paths["key"]} == {*final}
    assert tune[0] not in results.path_tables
    assert "2 trials, 4 of tuning" in repr(results)
    assert len(results.tunings) == 1


def test_a_study_without_tuning_has_empty_frames_of_it(tmp_path, trials):
    with Store(tmp_path) as store:
        store.plan(trials[1], {"name": "plain"})
        store.save([record(t) for t in trials[1]], {})
    results = load(tmp_path)
    assert len(results.trials) == 2
    for frame in (results.tuning, results.tuning_curves, results.tunings):
        assert isinstance(frame, pd.DataFrame)
        assert frame.empty
    assert repr(results).endswith(": 2 trials>")


def test_two_tunings_of_one_contender_in_a_plan_are_refused(tmp_path, trials):
    with Store(tmp_path) as store:
        store.plan([], {"name": "small"})
        store.extend(trials[0], [tuning(), tuning(seed=5)])
    with pytest.raises(StoreError, match="table tunings, row 'all', column contender"):
        load(tmp_path).tunings  # noqa: B018
