"""A study that was killed, stopped or changed while it tuned goes on with what its store holds."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import optframe
from optframe import hookimpl
from optframe.contracts.record import Record
from optframe.execution import runner as running
from optframe.execution.runner import run_study

SAMPLES = Path(__file__).parent.parent / "sample_plugins"

KILLED = {
    "random": ("random", {}, 20),
    "adaptive": ("halves", {}, 20),
    "together": ("halves", {"together": True}, 8),
    "processes": ("halves", {"jobs": 2}, 4),
}
"""Tuner, settings of the run, and the number of kills."""

# Imports once, and forks a child for every attempt, so that 52 kills cost one start of Python.
DRIVER = """
import json, os, random, signal, sys, time
from pathlib import Path

import optframe
from optframe.execution.runner import run_study
from optframe.study.settings import RunSettings

plugin, cases = sys.argv[1:]
chance = random.Random(7)
registry = optframe.load_plugins([plugin])


def run(out, protocol, settings):
    study = optframe.Study(
        "killed",
        {"steps": 30},
        ["sgd:lr=1e-4..1e-2", "momentum:lr=1e-4..1e-2,momentum=0.5..0.9"],
        ["rosenbrock", "quadratic+rotate"],
        start="random",
        seeds=3,
        tune={"protocol": protocol, "trials": 8, "seeds": 2, "confirm": 1, "studies": 2},
        run=RunSettings(**settings),
    )
    return run_study(study, out, registry)


def killed(folder, protocol, settings, kills):
    begun = time.monotonic()
    run(folder / "whole", protocol, settings)
    lasts = time.monotonic() - begun
    landed = 0
    for attempt in range(kills):
        child = os.fork()
        if not child:
            run(folder / "killed", protocol, settings)
            os._exit(0)
        time.sleep(chance.uniform(0, lasts / 4))
        os.kill(child, signal.SIGKILL)
        landed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    outcome = run(folder / "killed", protocol, settings)
    return {"landed": landed, "left": outcome.left, "ran": outcome.ran}


told = {name: killed(Path(name), *case) for name, case in json.loads(cases).items()}
print(json.dumps(told))
"""

TIMES = {
    *("seconds", "started", "load", "compile_seconds", "state_bytes", "together", "environment"),
    *("seconds_sampling", "seconds_oracle"),
}
"""What is another in each run of a trial, or depends on which runs were in its batch."""


def contents(path):
    """Return all that a store holds of trials and tunings but times."""
    database = sqlite3.connect(f"{(path / 'store.sqlite').as_uri()}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    rows = {
        table: [
            {name: row[name] for name in row.keys() if name not in TIMES}  # noqa: SIM118
            for row in database.execute(f"SELECT * FROM {table} ORDER BY {order}")
        ]
        for table, order in (("trials", "position"), ("tunings", "position"), ("settings", "id"))
    }
    database.close()
    return rows


def curves(path):
    results = optframe.load(path)
    frames = results.curves, results.tuning_curves
    return [frame.drop(columns=["seconds"]).sort_values(["key", "step"]) for frame in frames]


def test_kills_at_random_moments_change_nothing_in_the_store(tmp_path):
    command = [sys.executable, "-c", DRIVER, str(SAMPLES / "tuning.py"), json.dumps(KILLED)]
    asked = {"capture_output": True, "text": True, "timeout": 300, "check": False}
    done = subprocess.run(command, cwd=tmp_path, **asked)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    for name, (*_, kills) in KILLED.items():
        assert told[name]["landed"] >= kills // 2, name
        assert told[name]["left"] == 0, name
        stores = tmp_path / name / "whole", tmp_path / name / "killed"
        whole, killed = map(contents, stores)
        assert whole == killed, name
        for one, other in zip(*map(curves, stores), strict=True):
            assert one.to_csv(index=False) == other.to_csv(index=False), name


def test_an_idle_second_call_runs_nothing_and_keeps_the_winners(study, registry, tmp_path):
    made = study({"protocol": "halves", "trials": 4, "confirm": 1}, seeds=2)
    first = run_study(made, tmp_path / "out", registry)
    before = contents(tmp_path / "out")
    second = run_study(made, tmp_path / "out", registry)
    assert (second.ran, second.left) == (0, 0)
    assert second.found == first.ran
    assert contents(tmp_path / "out") == before


def test_what_a_tuner_would_propose_now_does_not_change_what_was_begun(
    study, registry, tmp_path, capsys, monkeypatch
):
    made = study({"trials": 3, "seeds": 1})
    run_study(made, tmp_path / "out", registry)
    before = contents(tmp_path / "out")
    kind = registry.load("tuners", "random")
    asked = kind.ask
    monkeypatch.setattr(kind, "ask", lambda self, *given: asked(self, *given[:-1], given[-1] + 1))
    assert run_study(made, tmp_path / "out", registry).ran == 0
    assert contents(tmp_path / "out") == before
    assert "would propose other settings now" in capsys.readouterr().err


@pytest.mark.parametrize(("protocol", "again"), [("random", 2), ("halves", 2)])
def test_more_trials_go_on_after_those_that_were_tried(
    study, registry, tmp_path, capsys, protocol, again
):
    asked = {"protocol": protocol, "seeds": 1}
    run_study(study({**asked, "trials": 4}), tmp_path / "out", registry)
    outcome = run_study(study({**asked, "trials": 4 + again}), tmp_path / "out", registry)
    assert outcome.tuned == again
    fewer, more = outcome.results.tunings, outcome.results.tunings
    assert len(fewer) == 1
    assert sum(map(len, more["proposals"].iloc[0])) == 4 + again
    assert (
        "1 of 1 searches go on with the settings that were tried; 4 of 4 tuning trials are in the "
        "store, and 1 others are kept apart"
    ) in capsys.readouterr().err


def test_another_space_begins_anew_and_says_so(study, registry, tmp_path, capsys):
    run_study(study({"trials": 3, "seeds": 1}), tmp_path / "out", registry)
    other = study({"trials": 3, "seeds": 1}, optimizers=["sgd:lr=1e-5..1e-2"])
    outcome = run_study(other, tmp_path / "out", registry)
    assert outcome.tuned == 3
    assert len(outcome.results.tunings) == 1
    assert capsys.readouterr().err == (
        "optframe: the tuning of sgd was changed since: 0 of 1 searches go on with the settings "
        "that were tried; 0 of 3 tuning trials are in the store, and 4 others are kept apart\n"
    )


def test_another_budget_runs_all_again_and_says_so(study, registry, tmp_path, capsys):
    run_study(study({"trials": 3, "seeds": 1}, budget={"steps": 5}), tmp_path / "out", registry)
    other = study({"trials": 3, "seeds": 1}, budget={"steps": 6})
    assert run_study(other, tmp_path / "out", registry).tuned == 3
    assert capsys.readouterr().err == (
        "optframe: 1 of 1 searches run again, since their trials are others now: of another "
        "budget, or of other code; 0 of 3 tuning trials are in the store, and 4 others are kept "
        "apart\n"
    )


def test_another_choice_runs_no_trial_of_the_tuning_again(study, registry, tmp_path):
    run_study(study({"trials": 4, "seeds": 2}), tmp_path / "out", registry)
    outcome = run_study(study({"trials": 4, "seeds": 2, "at": "best"}), tmp_path / "out", registry)
    assert outcome.tuned == 0
    assert len(outcome.results.tuning) == 8


def test_ctrl_c_while_it_tunes_leaves_the_rest_to_the_next_call(
    study, registry, tmp_path, monkeypatch
):
    made = study({"protocol": "halves", "trials": 4, "seeds": 1}, seeds=2)
    execute = running.execute

    def stopped(executor, runner, batches, stop):
        for records in execute(executor, runner, batches, stop):
            yield records
            stop.request()
            return

    monkeypatch.setattr(running, "execute", stopped)
    first = run_study(made, tmp_path / "out", registry)
    assert (first.stopped, first.ran, first.left) == (2, 1, 5)
    assert len(first.results.trials) == 0
    monkeypatch.undo()
    second = run_study(made, tmp_path / "out", registry)
    assert (second.ran, second.left) == (5, 0)
    run_study(made, tmp_path / "whole", registry)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_trial_that_failed_is_tried_again_until_its_tuning_is_closed(
    study, registry, tmp_path, monkeypatch
):
    made = study({"trials": 3, "seeds": 1})
    execute = running.execute

    def failing(executor, runner, batches, stop):
        for (record,) in execute(executor, runner, batches, stop):
            trial = next(t for batch in batches for t in batch if t.key == record.key)
            broken = trial.stage == "tune" and trial.number == 0
            yield [Record.without_run(trial, "crashed", "gone", "now") if broken else record]

    monkeypatch.setattr(running, "execute", failing)
    first = run_study(made, tmp_path / "out", registry)
    assert first.counts["crashed"] == 1
    assert first.left == 0
    monkeypatch.undo()
    assert run_study(made, tmp_path / "out", registry).ran == 0
    again = run_study(made, tmp_path / "out", registry, retry=True)
    assert again.tuned == 1
    run_study(made, tmp_path / "whole", registry)
    tunings = [optframe.load(tmp_path / name).tunings for name in ("out", "whole")]
    assert tunings[0].astype(str).equals(tunings[1].astype(str))


def test_observers_are_told_the_most_trials_once(study, registry, tmp_path):
    told = []

    class Observer:
        @hookimpl
        def optframe_study_started(self, name, planned, missing):
            told.append((name, planned, missing))

    observer = Observer()
    registry.watch(observer)
    try:
        made = study({"protocol": "halves", "trials": 4, "seeds": 2, "confirm": 1}, seeds=3)
        run_study(made, tmp_path / "out", registry)
        run_study(made, tmp_path / "out", registry)
    finally:
        registry.manager.unregister(observer)
    assert told == [("small", 14, 14), ("small", 14, 0)]
