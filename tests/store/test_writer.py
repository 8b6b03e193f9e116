import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optframe import Record, StoreError, Study, load, load_plugins, run
from optframe.contracts.columns import COUNT_COLUMNS, FINAL_COUNTS, STATUSES
from optframe.contracts.record import Landscape
from optframe.store.file import STORE_NAME
from optframe.store.locks import FolderLock
from optframe.store.tasks import read_tasks
from optframe.store.writer import Store

ENVIRONMENT = {"machine": "a test", "cores": 2}


@pytest.fixture(scope="module")
def trials():
    """Six trials: two optimizers on rosenbrock, with three starts."""
    study = Study(
        "small",
        {"steps": 10, "target": 0.1},
        ["sgd:lr=0.001", "adam+clip-norm:max=1"],
        "rosenbrock",
        seeds=3,
        start="random",
    )
    return study.trials(load_plugins())


def record(trial, status="finished", rows=4, metrics=("loss", "test_accuracy"), **fields):
    """A record whose curve has a different number everywhere."""
    columns = (*COUNT_COLUMNS, *metrics)
    curve = np.arange(1.0, rows * len(columns) + 1).reshape(rows, len(columns))
    given = {
        "key": trial.key,
        "status": status,
        "reason": None,
        "traceback": None,
        "started": "2025-01-01T00:00:00.000+00:00",
        "derived_seed": 7,
        "seconds": 0.25,
        "compile_seconds": 0.125,
        "state_bytes": 48,
        "size": 2,
        "minimum": 0.0,
        "columns": columns,
        "curve": curve,
    }
    return Record(**{**given, **fields})


def save(folder, trials, *records):
    with Store(folder) as store:
        missing = store.plan(trials, {"name": "small", "seeds": 3})
        store.save(records, ENVIRONMENT)
    return missing


def test_what_was_saved_is_read_back_to_the_bit(tmp_path, trials):
    irrational = np.sqrt(np.arange(2.0, 50.0)).reshape(4, 12)
    save(tmp_path, trials, record(trials[0], curve=irrational), record(trials[1]))
    results = load(tmp_path)
    columns = [*COUNT_COLUMNS, "loss", "test_accuracy"]
    curves = results.curves
    assert curves.columns.tolist() == ["key", "optimizer", "problem", "sampler", "seed", *columns]
    first = curves[curves["key"] == trials[0].key][columns[1:]].to_numpy()
    np.testing.assert_array_equal(first, irrational[:, 1:])
    assert len(curves) == 8


def test_trials_are_tidy(tmp_path, trials):
    save(tmp_path, trials, record(trials[3]))
    frame = load(tmp_path).trials
    assert frame["key"].tolist() == [trial.key for trial in trials]
    assert frame["status"].tolist() == ["planned"] * 3 + ["finished"] + ["planned"] * 2
    row = frame.iloc[3]
    assert (row["optimizer"], row["optimizer_name"]) == ("adam+clip-norm:max=1", "adam")
    assert row["hyperparameters"] == trials[3].optimizer.parameters
    assert (row["problem"], row["sampler"], row["seed"], row["study_seed"]) == (
        *("rosenbrock", "none", 0, 0),
    )
    assert (row["backend"], row["dtype"], row["threads"]) == (trials[3].backend, "float64", 1)
    assert (row["budget"], row["start"]) == ("steps 10, target gap 0.1", "random")
    assert (row["target_metric"], row["target"]) == ("gap", 0.1)
    assert (row["seconds"], row["compile_seconds"], row["state_bytes"]) == (0.25, 0.125, 48)
    last = dict(zip([*COUNT_COLUMNS, "loss", "test_accuracy"], range(37, 49), strict=True))
    assert {name: row[name] for name in FINAL_COUNTS} == {
        name: last[column] for name, column in FINAL_COUNTS.items()
    }
    assert (row["loss"], row["best_loss"]) == (47.0, 11.0)
    assert (row["test_accuracy"], row["best_test_accuracy"]) == (48.0, 48.0)


@pytest.mark.parametrize("saved", [0, 1, 6])
def test_columns_have_their_types_whatever_there_is(tmp_path, trials, saved):
    save(tmp_path, trials, *(record(trial) for trial in trials[:saved]))
    frame, curves = load(tmp_path).trials, load(tmp_path).curves
    for name in (*FINAL_COUNTS, "seconds", "compile_seconds", "state_bytes", "size", "target"):
        assert frame[name].dtype == np.float64, name
    for name in ("seed", "study_seed", "threads", "position"):
        assert frame[name].dtype == np.int64, name
    assert curves["step"].dtype == np.int64
    assert curves["seed"].dtype == np.int64
    for name in ("key", "optimizer", "problem", "sampler"):
        assert pd.api.types.is_string_dtype(curves[name]), name
    assert {*COUNT_COLUMNS} <= {*curves}
    assert len(curves) == 4 * saved


@pytest.mark.parametrize("seed", [2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**128 - 1])
def test_a_seed_of_any_size_is_kept_exactly(tmp_path, seed):
    registry, given = load_plugins(), {"seed": seed, "seeds": 2}
    study = Study("x", {"steps": 3}, ["sgd:lr=0.1"], ["noisy-quadratic"], **given)
    first = run(study, tmp_path, registry=registry).trials
    assert first["study_seed"].tolist() == [seed, seed]
    assert (first["study_seed"].dtype == np.int64) == (seed < 2**63)
    planned = study.trials(registry)
    assert read_tasks(tmp_path / STORE_NAME) == {trial.key: trial for trial in planned}
    again = run(study, tmp_path, registry=registry).trials
    assert again["started"].tolist() == first["started"].tolist()
    assert first["loss"].nunique() == 2


def test_texts_that_are_not_utf_8_are_kept_with_escapes(tmp_path, trials):
    odd = {"reason": "bad \udcff name", "traceback": "line\n\ud800\n"}
    save(tmp_path, trials, record(trials[0], "failed", **odd), record(trials[1]))
    frame = load(tmp_path).trials
    assert frame.loc[0, ["reason", "traceback"]].tolist() == [
        "bad \\udcff name",
        "line\n\\ud800\n",
    ]
    assert frame["status"].tolist()[:2] == ["failed", "finished"]


def test_a_folder_may_have_the_beginning_of_an_address(tmp_path, trials, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(Path("file:x"), trials, record(trials[0]))
    assert len(load("file:x").trials) == len(trials)
    assert (tmp_path / "file:x" / STORE_NAME).is_file()


def test_what_is_no_file_is_refused_at_once(tmp_path, trials):
    os.mkfifo(tmp_path / STORE_NAME)
    for use in (lambda: save(tmp_path, trials), lambda: load(tmp_path)):
        with pytest.raises(StoreError, match=f"{STORE_NAME}: found a named pipe, expected a file"):
            use()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "at all")
    with pytest.raises(StoreError, match="link: expected a folder, found a link to nothing"):
        save(tmp_path / "link", trials)


def test_what_is_not_known_is_nan(tmp_path, trials):
    gone = Record.without_run(trials[1], "skipped", "no moon", "2025-01-01")
    save(tmp_path, trials, record(trials[0], minimum=None), gone)
    frame = load(tmp_path).trials
    unknown = ["minimum", *FINAL_COUNTS, "loss", "best_loss"]
    assert frame.loc[0, "minimum"] != frame.loc[0, "minimum"]
    assert frame.loc[1, unknown].isna().all()
    assert frame.loc[2, [*unknown, "seconds"]].isna().all()
    assert frame.loc[1, "seconds"] == 0.0


def test_numbers_that_are_none_survive(tmp_path, trials):
    curve = record(trials[0]).curve.copy()
    curve[:, 10] = [1.0, -np.inf, np.nan, np.inf]
    save(tmp_path, trials, record(trials[0], "diverged", curve=curve))
    results = load(tmp_path)
    np.testing.assert_array_equal(results.curves["loss"], curve[:, 10])
    assert results.trials.loc[0, "loss"] == np.inf
    assert results.trials.loc[0, "best_loss"] == 1.0


def test_curves_with_other_metrics_share_one_frame(tmp_path, trials):
    save(tmp_path, trials, record(trials[0], metrics=("loss", "norm")), record(trials[1]))
    curves = load(tmp_path).curves
    assert curves["norm"].isna().tolist() == [False] * 4 + [True] * 4
    assert curves["test_accuracy"].isna().tolist() == [True] * 4 + [False] * 4
    assert curves["loss"].notna().all()


def test_paths_are_columns_and_no_metrics(tmp_path, trials):
    columns = (*COUNT_COLUMNS, "loss", "theta_0")
    save(tmp_path, trials, record(trials[0], columns=columns))
    assert "theta_0" in load(tmp_path).curves
    assert "theta_0" not in load(tmp_path).trials


def test_landscapes_are_read_back(tmp_path, trials):
    axes = (np.linspace(0, 1, 3), np.linspace(2, 5, 4))
    grid = Landscape(axes, np.sqrt(np.arange(12.0)).reshape(3, 4))
    save(tmp_path, trials, record(trials[0], landscape=grid), record(trials[1]))
    (read,) = load(tmp_path).landscapes.items()
    assert read[0] == trials[0].key
    for mine, theirs in zip((*grid.axes, grid.loss), (*read[1].axes, read[1].loss), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_unicode_is_kept(tmp_path, trials):
    reason = "Größe θ → ∞ 数" * 100
    trace = f"{reason}\n{reason}"
    save(tmp_path, trials, record(trials[0], "failed", reason=reason, traceback=trace))
    row = load(tmp_path).trials.loc[0]
    assert (row["reason"], row["traceback"]) == (reason, trace)


def test_where_it_ran_is_kept_once(tmp_path, trials):
    save(tmp_path, trials, record(trials[0]), record(trials[1]))
    with Store(tmp_path) as store:
        store.save([record(trials[2])], {**ENVIRONMENT, "cores": 3})
    results = load(tmp_path)
    assert sorted(e["cores"] for e in results.environments) == [2, 3]
    identities = results.trials["environment"]
    assert identities[0] == identities[1] != identities[2]
    assert results.study == {"name": "small", "seeds": 3}


@pytest.mark.parametrize("status", STATUSES)
def test_what_has_ended_is_not_missing_unless_it_can_end_better(tmp_path, trials, status):
    save(tmp_path, trials, record(trials[0], status))
    again = status in ("failed", "crashed", "timeout")
    expected = {trial.key for trial in (trials if again else trials[1:])}
    assert save(tmp_path, trials) == expected


def test_an_earlier_plans_records_are_kept_and_left_out(tmp_path, trials):
    save(tmp_path, trials, *(record(trial) for trial in trials))
    assert save(tmp_path, trials[:2]) == set()
    results = load(tmp_path)
    assert results.trials["key"].tolist() == [trial.key for trial in trials[:2]]
    assert set(results.curves["key"]) == {trial.key for trial in trials[:2]}
    assert save(tmp_path, trials) == set()
    assert len(load(tmp_path).curves) == 24


def test_trials_stand_in_the_order_of_the_plan(tmp_path, trials):
    save(tmp_path, trials, *(record(trial) for trial in reversed(trials)))
    backwards = [*reversed(trials)]
    save(tmp_path, backwards)
    keys = [trial.key for trial in backwards]
    assert load(tmp_path).trials["key"].tolist() == keys
    assert load(tmp_path).curves["key"].unique().tolist() == keys


def test_a_new_label_is_taken_over(tmp_path, trials):
    save(tmp_path, trials[:1], record(trials[0]))
    renamed = replace(trials[0], optimizer=replace(trials[0].optimizer, label="Größe"))
    assert save(tmp_path, [renamed]) == set()
    assert load(tmp_path).curves["optimizer"].unique().tolist() == ["Größe"]


def test_saving_is_all_or_nothing(tmp_path, trials):
    broken = record(trials[1], reason={"no": "text"})
    with Store(tmp_path) as store:
        store.plan(trials, {})
        with pytest.raises(StoreError):
            store.save([record(trials[0]), broken], ENVIRONMENT)
    assert load(tmp_path).trials["status"].tolist() == ["planned"] * 6


def test_others_may_read_while_it_is_written(tmp_path, trials):
    with Store(tmp_path) as store:
        store.plan(trials, {})
        store.save([record(trials[0])], ENVIRONMENT)
        assert load(tmp_path).trials["status"].tolist().count("finished") == 1
        store.save([record(trials[1])], ENVIRONMENT)
        assert load(tmp_path).trials["status"].tolist().count("finished") == 2


def test_somebody_who_is_reading_does_not_disturb_the_end(tmp_path, trials):
    with Store(tmp_path) as store:
        store.plan(trials, {})
        reader = sqlite3.connect(tmp_path / STORE_NAME)
        rows = reader.execute("SELECT key FROM trials")
        assert rows.fetchone()
        store.save([record(trials[0])], ENVIRONMENT)
    assert load(tmp_path).trials["status"].tolist().count("finished") == 1
    rows.close()
    reader.close()
    assert save(tmp_path, trials) == {trial.key for trial in trials[1:]}
    assert os.listdir(tmp_path) == [STORE_NAME]


HOLD = """
import sys, time
from pathlib import Path
from optframe.store.writer import Store
store = Store(Path(sys.argv[1]))
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the store of ``tmp_path``."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_a_store_that_another_process_writes_is_refused_with_its_name(tmp_path, other):
    with pytest.raises(StoreError) as caught:
        Store(tmp_path)
    assert f"process {other.pid} on {socket.gethostname()} is writing to it" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dead_process_lock_is_taken_over(tmp_path, trials, other):
    other.kill()
    other.wait()
    assert save(tmp_path, trials, record(trials[0])) == {trial.key for trial in trials}
    assert os.listdir(tmp_path) == [STORE_NAME]


def change(path, statement):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize("host", [socket.gethostname(), "elsewhere"])
@pytest.mark.parametrize("process", [1, os.getppid(), None, "x", -1, 2**62])
def test_on_a_local_disk_nobody_writes_who_does_not_hold_the_lock(tmp_path, trials, host, process):
    """After a kill the row stays, and in a container its number soon is a living process's."""
    save(tmp_path, trials)
    with contextlib.closing(sqlite3.connect(tmp_path / STORE_NAME)) as connection, connection:
        connection.execute("INSERT INTO lock VALUES (1, ?, ?)", (host, process))
    with Store(tmp_path) as store:
        assert store.plan(trials, {}) == {trial.key for trial in trials}
        with pytest.raises(StoreError, match=f"process {os.getpid()} on .* is writing to it"):
            Store(tmp_path)


def test_who_holds_the_lock_is_respected_before_it_has_said_who_it_is(tmp_path, trials):
    save(tmp_path, trials)
    held = FolderLock(tmp_path)
    with pytest.raises(StoreError, match="another process is writing to it"):
        Store(tmp_path)
    held.close()
    Store(tmp_path).close()


def test_the_lock_of_another_machine_is_respected_until_it_is_taken_over(
    tmp_path, trials, monkeypatch
):
    monkeypatch.setattr("optframe.store.locks.is_shared", lambda folder: True)
    save(tmp_path, trials)
    change(tmp_path / STORE_NAME, "INSERT INTO lock VALUES (1, 'elsewhere', 1)")
    with pytest.raises(StoreError, match=r"process 1 on elsewhere is writing to it.*--take-over"):
        Store(tmp_path)
    with Store(tmp_path, take_over=True) as store:
        assert store.plan(trials, {}) == {trial.key for trial in trials}


def test_an_exception_leaves_no_lock(tmp_path, trials):
    def interrupted():
        with Store(tmp_path) as store:
            store.plan(trials, {})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with sqlite3.connect(tmp_path / STORE_NAME) as connection:
        assert connection.execute("SELECT * FROM lock").fetchall() == []
    connection.close()


def another_format(path):
    Store(path.parent).close()
    change(path, "PRAGMA user_version = 99")


def damaged(path, cut):
    """Cut off the second half of a store, or overwrite the first but for its first page."""
    study = Study("x", {"steps": 1}, "sgd", "rosenbrock", seeds=40, start="random")
    save(path.parent, study.trials(load_plugins()))
    content = path.read_bytes()
    half = len(content) // 2
    written = content[:4096] + b"\xff" * (half - 4096) + content[half:]
    path.write_bytes(content[:half] if cut else written)


STRANGERS = {
    "a text": lambda path: path.write_text("dear diary,\n" * 100),
    "a short text": lambda path: path.write_text("hello"),
    "somebody else's SQLite": lambda path: change(path, "CREATE TABLE bookmarks (url TEXT)"),
    "another format": another_format,
    "truncated": lambda path: damaged(path, True),
    "overwritten": lambda path: damaged(path, False),
}


@pytest.mark.parametrize("make", STRANGERS.values(), ids=STRANGERS)
def test_what_is_no_store_is_named_and_left_as_it_is(tmp_path, make):
    path = tmp_path / STORE_NAME
    make(path)
    before = path.read_bytes()
    for use in (lambda: Store(tmp_path), lambda: load(tmp_path), lambda: load(path)):
        with pytest.raises(StoreError) as caught:
            use()
        assert str(path) in str(caught.value)
        assert "not changed" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 4
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [STORE_NAME]


def test_a_damaged_curve_is_named(tmp_path, trials):
    save(tmp_path, trials, record(trials[0]))
    change(tmp_path / STORE_NAME, "UPDATE curves SET data = x'00ff00ff'")
    with pytest.raises(StoreError, match="the file is damaged"):
        _ = load(tmp_path).curves


def test_an_empty_file_becomes_a_store(tmp_path, trials):
    (tmp_path / STORE_NAME).touch()
    save(tmp_path, trials, record(trials[0]))
    assert len(load(tmp_path).trials) == 6


# Root may write everywhere, so these are places that refuse everybody.
@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("/sys/no_store_here", "Operation not permitted|Permission denied|Read-only"),
        ("/sys/kernel", "the file cannot be opened"),
        ("/dev/null", "expected a folder, found a file"),
        ("/dev/null/below", "Not a directory"),
    ],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the folders are Linux's")
def test_a_folder_that_cannot_be_written_to_is_named(folder, said):
    with pytest.raises(StoreError, match=said) as caught:
        Store(Path(folder))
    assert str(caught.value).startswith(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["nowhere", "nowhere/store.sqlite", "."])
def test_a_folder_without_results_says_what_was_expected(tmp_path, place):
    with pytest.raises(StoreError, match="found no results; expected the folder of `optframe run"):
        load(tmp_path / place)


def test_results_are_read_when_they_are_asked_for(tmp_path, trials):
    save(tmp_path, trials)
    results = load(tmp_path)
    assert results.trials is results.trials
    assert isinstance(results.curves, pd.DataFrame)
    assert "6 trials" in repr(results)


def test_a_kill_while_a_store_is_made_leaves_all_of_it_or_nothing(tmp_path, monkeypatch):
    """The schema is one transaction, before anything else is written to the file."""

    def killed(connection):
        connection.execute("CREATE TABLE half (made)")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("optframe.store.writer.create", killed)
        with pytest.raises(KeyboardInterrupt):
            Store(tmp_path)
    assert (tmp_path / STORE_NAME).stat().st_size == 0
    Store(tmp_path).close()
    assert len(load(tmp_path).trials) == 0
