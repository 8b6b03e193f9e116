import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optframe import FunctionProblem, Study, hookimpl, load, load_plugins
from optframe.contracts.columns import STATUSES
from optframe.execution.runner import run_study
from optframe.execution.trial_runner import TrialRunner
from optframe.store.writer import Store
from optframe.study.settings import RunSettings

SAMPLES = Path(__file__).parent.parent / "sample_plugins"


def plugins(*names):
    return load_plugins([str(SAMPLES / f"{name}.py") for name in names])


def study(**given):
    fields = {
        "name": "small",
        "budget": {"steps": 12},
        "optimizers": ["sgd:lr=0.001", "adam"],
        "problems": ["rosenbrock"],
        "start": "random",
        "seeds": 3,
    }
    return Study(**{**fields, **given})


def same_curves(one, other):
    """Compare two studies' curves to the bit, the times aside."""
    order = ["key", "step"]
    frames = [
        results.curves.drop(columns="seconds").sort_values(order, ignore_index=True)
        for results in (one, other)
    ]
    assert len(frames[0])
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    return True


def test_every_trial_runs_and_is_kept(tmp_path):
    outcome = run_study(study(), tmp_path, load_plugins())
    assert (outcome.ran, outcome.found, outcome.counts) == (6, 0, {"finished": 6})
    trials = outcome.results.trials
    assert trials["status"].tolist() == ["finished"] * 6
    assert trials["steps"].tolist() == [12.0] * 6
    assert trials["gradients"].tolist() == [12.0] * 6
    assert trials.loc[trials["optimizer"] == "adam", "state_bytes"].tolist() == [32.0] * 3
    (environment,) = outcome.results.environments
    assert environment["versions"]["numpy"] == np.__version__
    assert environment["threads"] == 1
    described = outcome.results.study
    assert (described["name"], described["seeds"], described["budget"]) == ("small", 3, "steps 12")


def test_the_second_run_finds_everything(tmp_path):
    first = run_study(study(), tmp_path, load_plugins())
    second = run_study(study(), tmp_path, load_plugins())
    assert (second.ran, second.found, second.counts) == (0, 6, {})
    pd.testing.assert_frame_equal(first.results.trials, second.results.trials)


def test_a_larger_study_runs_what_is_missing_only(tmp_path):
    before = run_study(study(seeds=2), tmp_path, load_plugins()).results.trials
    larger = study(seeds=3, optimizers=["momentum", "adam", "sgd:lr=0.001"])
    outcome = run_study(larger, tmp_path, load_plugins())
    assert (outcome.ran, outcome.found) == (5, 4)
    after = outcome.results.trials.set_index("key").loc[before["key"]]
    assert after["started"].tolist() == before["started"].tolist()
    assert len(outcome.results.trials) == 9


def test_the_same_trial_said_twice_runs_once(tmp_path):
    twice = study(optimizers=["sgd", {"name": "sgd", "lr": 0.01}, "sgd:lr=0.01"], seeds=1)
    outcome = run_study(twice, tmp_path, load_plugins())
    assert outcome.ran == 1
    assert len(outcome.results.trials) == 1


def test_the_same_study_twice_gives_the_same_bits(tmp_path):
    mixed = study(
        problems=["rosenbrock", "mlp:data=tiny,hidden=[3]"],
        samplers=["shuffled:batch_size=7", "with-replacement:batch_size=3"],
    )
    one = run_study(mixed, tmp_path / "one", plugins("tiny")).results
    other = run_study(mixed, tmp_path / "other", plugins("tiny")).results
    assert same_curves(one, other)
    final = one.trials.groupby(["problem", "sampler", "optimizer"])["loss"].nunique()
    assert (final == 3).all()  # and seeds differ


def test_the_order_of_the_trials_changes_no_bit(tmp_path):
    mixed = study(
        problems=["rosenbrock", "logistic:data=tiny", "quadratic:size=3,rotate=true"],
        optimizers=["adam", "gambler", "momentum"],
        samplers=["shuffled:batch_size=7"],
    )
    shuffled = replace(mixed, run=RunSettings(executor="shuffling"))
    registry = plugins("tiny", "demanding", "shuffling")
    one = run_study(mixed, tmp_path / "one", registry).results
    other = run_study(shuffled, tmp_path / "other", registry).results
    assert one.trials["key"].tolist() == other.trials["key"].tolist()
    assert one.trials["started"].argsort().tolist() != other.trials["started"].argsort().tolist()
    assert same_curves(one, other)


def test_a_trial_alone_gives_the_bits_that_it_gives_among_others(tmp_path):
    fields = {"problems": "mlp:data=tiny,hidden=[3]", "samplers": ["shuffled:batch_size=7"]}
    among, alone = (
        run_study(study(**fields, **more), tmp_path / name, plugins("tiny")).results.curves
        for name, more in (("among", {}), ("alone", {"optimizers": "adam"}))
    )
    mine = among[among["optimizer"] == "adam"].reset_index(drop=True)
    columns = alone.columns.drop("seconds")
    pd.testing.assert_frame_equal(mine[columns], alone[columns], check_exact=True)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What two spies saw, by (problem, sampler, seed)."""
    registry = plugins("tiny", "spies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("optframe.execution.runner.PATIENCE", 0.0)  # spies want to be told at once
        run_study(
            study(
                optimizers=["spy", "adam", "other-spy", "sgd+clip-norm"],
                problems=["logistic:data=tiny", "mlp:data=tiny,hidden=[3]", "rosenbrock"],
                samplers=["shuffled:batch_size=7", "with-replacement:batch_size=7"],
            ),
            tmp_path_factory.mktemp("seen"),
            registry,
        )
    return sys.modules["spies"].SEEN


def test_all_optimizers_see_the_same_starts_and_minibatches(seen):
    assert len(seen["spy"]) == 2 * 2 * 3 + 3
    assert all(len(record) == 1 + 12 for record in seen["spy"].values())
    assert dict(seen["spy"]) == dict(seen["other-spy"])


def test_seeds_see_other_starts_and_minibatches(seen):
    records = [seen["spy"]["mlp", "shuffled:batch_size=7", seed] for seed in range(3)]
    assert len({record[0] for record in records}) == 3
    assert len({record[1] for record in records}) == 3
    for record in records:
        assert len(set(record[1:])) > 6  # the steps of one run differ, too


def test_samplers_of_one_seed_share_its_start(seen):
    starts = {key: record[0] for key, record in seen["spy"].items()}
    for seed in range(3):
        assert (
            starts["mlp", "shuffled:batch_size=7", seed]
            == (starts["mlp", "with-replacement:batch_size=7", seed])
        )


@pytest.fixture(scope="module")
def flawed(tmp_path_factory):
    """A study in which nearly everything goes wrong."""
    registry = plugins("flawed", "demanding")
    folder = tmp_path_factory.mktemp("flawed")
    wrong = study(
        optimizers=["stumbles", "leaves", "lunar", "sgd:lr=1e200", "sgd:lr=0.001"],
        problems=["rosenbrock", "abyss"],
        seeds=1,
        start="standard",
    )
    return run_study(wrong, folder, registry), wrong, folder


def of(flawed, optimizer, problem="rosenbrock"):
    trials = flawed[0].results.trials
    (row,) = trials[(trials["optimizer"] == optimizer) & (trials["problem"] == problem)].iloc
    return row


def test_every_planned_trial_ends_with_one_status(flawed):
    trials = flawed[0].results.trials
    assert trials["key"].is_unique
    assert set(trials["status"]) <= set(STATUSES)
    assert Counter(trials["status"]) == flawed[0].counts
    assert flawed[0].counts == {"failed": 6, "skipped": 2, "diverged": 1, "finished": 1}
    assert of(flawed, "sgd:lr=0.001")["status"] == "finished"


def test_an_optimizer_that_raises_fails_with_its_traceback_and_its_curve(flawed):
    row = of(flawed, "stumbles")
    assert (row["status"], row["reason"]) == ("failed", "ArithmeticError: stumbled over two lines")
    assert row["gradients"] == 4
    assert row["traceback"].startswith("Traceback (most recent call last):\n")
    assert 'raise ArithmeticError("stumbled\\nover two lines")' in row["traceback"]
    curves = flawed[0].results.curves
    assert curves.loc[curves["key"] == row["key"], "step"].tolist() == [0, 1, 2, 3, 4]


def test_what_leaves_the_process_or_cannot_be_measured_fails(flawed):
    row = of(flawed, "leaves")
    assert (row["status"], row["reason"]) == ("failed", "SystemExit: the optimizer has left")
    row = of(flawed, "sgd:lr=0.001", "abyss")
    assert (row["status"], row["reason"]) == ("failed", "ZeroDivisionError: no loss here")
    assert "raise ZeroDivisionError" in row["traceback"]


def test_a_diverging_run_keeps_its_curve_and_the_step(flawed):
    row = of(flawed, "sgd:lr=1e+200")
    assert row["status"] == "diverged"
    assert row["reason"] == "at step 1"
    curves = flawed[0].results.curves
    losses = curves.loc[curves["key"] == row["key"], "loss"]
    assert losses.iloc[0] == pytest.approx(24.2)
    assert not np.isfinite(losses.iloc[-1])


def test_what_is_missing_is_skipped_with_its_reason(flawed):
    for problem in ("rosenbrock", "abyss"):
        row = of(flawed, "lunar", problem)
        assert row["status"] == "skipped"
        assert row["reason"] == f"lunar needs moon, which {problem} does not support"


def test_what_failed_runs_again_and_the_rest_does_not(flawed):
    _, wrong, folder = flawed
    again = run_study(wrong, folder, plugins("flawed", "demanding"))
    assert (again.ran, again.found, again.counts) == (6, 4, {"failed": 6})


def test_a_wrong_shape_fails_with_what_was_expected(tmp_path):
    problem = FunctionProblem(
        loss=lambda theta: theta @ theta,
        gradient=lambda theta: np.ones((1, 3)),
        theta0=[1.0, 2.0, 3.0],
    )
    trials = run_study(study(problems=[problem]), tmp_path, load_plugins()).results.trials
    assert set(trials["status"]) == {"failed"}
    assert "(3,)" in trials["reason"][0]


def test_a_loss_that_raises_beside_the_path_costs_only_the_contours(tmp_path):
    def loss(theta):
        if theta[0] > 1:
            raise ValueError("outside")
        return theta @ theta

    problem = FunctionProblem(loss=loss, gradient=lambda theta: 2 * theta, theta0=[1.0, 1.0])
    fields = {"problems": [problem], "start": "standard", "optimizers": "sgd"}
    results = run_study(study(**fields), tmp_path, load_plugins()).results
    assert results.trials["status"].tolist() == ["finished"]
    assert results.landscapes == {}


def test_small_problems_keep_contours(tmp_path):
    results = run_study(study(seeds=1, optimizers="adam"), tmp_path, load_plugins()).results
    (key,) = results.landscapes
    assert key == results.trials["key"][0]
    assert {"theta_0", "theta_1"} <= {*results.curves}


def test_observers_are_told_what_happens(tmp_path):
    registry = plugins("watching")
    told = sys.modules["watching"].TOLD
    told.clear()
    run_study(study(optimizers="adam", seeds=2), tmp_path, registry)
    assert told == [
        ("started", "small", 2, 2),
        ("finished", "adam", 0, "finished"),
        ("finished", "adam", 1, "finished"),
        ("ended", "small", {"finished": 2}),
    ]
    told.clear()
    run_study(study(optimizers="adam", seeds=2), tmp_path, registry)
    assert told == [("started", "small", 2, 0), ("ended", "small", {})]


@pytest.mark.parametrize("order", [("grumpy", "watching"), ("watching", "grumpy")])
def test_an_observer_that_raises_stops_neither_the_study_nor_other_observers(
    tmp_path, capsys, order
):
    registry = plugins(*order)
    told = sys.modules["watching"].TOLD
    told.clear()
    outcome = run_study(study(optimizers="adam", seeds=2), tmp_path, registry)
    assert outcome.counts == {"finished": 2}
    assert len(told) == 4
    lines = capsys.readouterr().err.splitlines()
    where = f"({SAMPLES / 'grumpy.py'}:"
    assert [line.partition(where)[0] for line in lines] == [
        "optframe: plugin 'grumpy' raised RuntimeError at study_started: I do not like small ",
        "optframe: plugin 'grumpy' raised KeyError at trial_finished: 0 ",
        "optframe: plugin 'grumpy' raised KeyError at trial_finished: 1 ",
        "optframe: plugin 'grumpy' raised RuntimeError at study_finished: it is over ",
    ]


@pytest.mark.parametrize(("patience", "synced"), [(0.0, [True] * 4), (1e9, [False] * 4)])
def test_a_trial_is_saved_before_it_is_told_and_the_disk_is_waited_for_now_and_then(
    tmp_path, monkeypatch, patience, synced
):
    registry = plugins("watching")
    told, saved = sys.modules["watching"].TOLD, []
    told.clear()
    save = Store.save

    def counted(store, records, environment, sync):
        assert len(told) == 1 + len(saved)  # of no record before it is in the store
        saved.append(sync)
        save(store, records, environment, sync)
        assert len(records) == 1

    monkeypatch.setattr(Store, "save", counted)
    monkeypatch.setattr("optframe.execution.runner.PATIENCE", patience)
    outcome = run_study(study(optimizers="adam", seeds=4), tmp_path, registry)
    assert saved == synced
    assert outcome.counts == {"finished": 4}
    assert len(told) == 6


def test_an_interrupt_leaves_what_was_finished_in_the_store(tmp_path, monkeypatch):
    run, ran = TrialRunner.__call__, []

    def interrupted(runner, trials):
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.extend(trials)
        return run(runner, trials)

    monkeypatch.setattr(TrialRunner, "__call__", interrupted)
    monkeypatch.setattr("optframe.execution.runner.PATIENCE", 1e9)
    with pytest.raises(KeyboardInterrupt):
        run_study(study(optimizers="adam", seeds=4), tmp_path, plugins())
    statuses = load(tmp_path).trials["status"].tolist()
    assert statuses == ["finished", "finished", "planned", "planned"]


def test_an_observer_that_exits_or_moves_does_not_end_the_study(tmp_path, monkeypatch, capsys):
    class Observer:
        @hookimpl
        def optframe_trial_finished(self, trial, record):
            os.chdir("/")
            sys.exit("enough")

    monkeypatch.chdir(tmp_path)
    registry = load_plugins()
    registry.watch(Observer())
    outcome = run_study(study(), Path("out"), registry)
    assert outcome.counts == {"finished": 6}
    assert len(load("out").trials) == 6
    assert "raised SystemExit at trial_finished: enough" in capsys.readouterr().err
