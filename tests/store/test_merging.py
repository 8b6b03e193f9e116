"""Stores of several machines become one, and contradictions are named."""

import contextlib
import json
import sqlite3
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optframe import StoreError, Study, UsageError, load, load_plugins, run
from optframe.store.file import STORE_NAME
from optframe.store.merging import merge

REGISTRY = load_plugins()
TIMED = ["seconds", "compile_seconds", "started", "load", "environment"]


def study(**given):
    fields = {
        "name": "shared",
        "budget": {"steps": 8},
        "optimizers": ["sgd:lr=0.001", "adam"],
        "problems": "rosenbrock",
        "start": "random",
        "seeds": 3,
    }
    return Study(**{**fields, **given})


def run_both(folder, first, second):
    """Run two studies in folders of their own, a and b, and return the stores."""
    for name, each in (("a", first), ("b", second)):
        run(each, folder / name, registry=REGISTRY)
    return [folder / name / STORE_NAME for name in "ab"]


@pytest.fixture
def stores(tmp_path):
    """The stores of two machines: one ran both optimizers on a seed, the other adam on three."""
    return run_both(tmp_path, study(seeds=1), study(optimizers=["adam"]))


def change(path, statement, *values):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement, values).rowcount > 0
        connection.commit()


def change_curve(path, column, amount):
    """Add to the last value of a column of the curve of adam with seed 0."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        key, names, rows, data = connection.execute(
            "SELECT key, columns, rows, data FROM trials JOIN curves USING (key) "
            "WHERE optimizer = 'adam' AND seed = 0"
        ).fetchone()
    curve = np.frombuffer(zlib.decompress(data), "<f8").reshape(-1, rows).copy()
    number = json.loads(names).index(column)
    curve[number, -1] = amount(curve[number, -1])
    change(path, "UPDATE curves SET data = ? WHERE key = ?", zlib.compress(curve.tobytes()), key)


def test_parts_of_a_study_become_the_whole(tmp_path, stores):
    merged = merge(stores, tmp_path / "c" / STORE_NAME)
    assert (merged.trials, merged.ended, merged.shared, merged.measured) == (4, 4, 1, 0)
    results = load(tmp_path / "c")
    names = [*results.trials[["optimizer", "seed"]].itertuples(index=False, name=None)]
    assert names == [("sgd:lr=0.001", 0), ("adam", 0), ("adam", 1), ("adam", 2)]
    assert results.study["name"] == "shared"
    assert results.study["seeds"] == "1; 3"
    whole = run(study(), tmp_path / "whole", registry=REGISTRY)
    again = run(study(), tmp_path / "c", registry=REGISTRY)
    first = load(stores[0].parent).trials
    started = again.trials.set_index("key").loc[first["key"], "started"]
    assert started.tolist() == first["started"].tolist()
    for name in ("trials", "curves"):
        frames = [getattr(r, name).drop(columns=TIMED, errors="ignore") for r in (again, whole)]
        pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_environments_are_kept_by_their_names(tmp_path, stores):
    change(stores[1], "UPDATE environments SET id = 'other'")
    change(stores[1], "UPDATE trials SET environment = 'other'")
    merge(stores, tmp_path / "c" / STORE_NAME)
    results = load(tmp_path / "c")
    assert len(results.environments) == 2
    assert (results.trials["environment"] == "other").tolist() == [False, False, True, True]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("status", ["planned", "failed", "timeout"])
def test_what_ended_somewhere_has_ended(tmp_path, stores, order, status):
    change(stores[0], "UPDATE trials SET status = ?, reason = 'no', steps = NULL", status)
    change(stores[0], "DELETE FROM curves")
    merged = merge(stores[::order], tmp_path / "c" / STORE_NAME)
    assert (merged.trials, merged.shared) == (4, 0)
    trials = load(tmp_path / "c").trials.set_index(["optimizer", "seed"])
    assert trials["status"].drop(("sgd:lr=0.001", 0)).tolist() == ["finished"] * 3
    assert trials.loc[("sgd:lr=0.001", 0), "status"] == status
    assert set(load(tmp_path / "c").curves["seed"]) == {0, 1, 2}


def test_times_may_differ_and_the_first_are_kept(tmp_path, stores):
    change_curve(stores[1], "seconds", lambda value: value + 7)
    change(stores[1], "UPDATE trials SET seconds = seconds + 7")
    merge(stores, tmp_path / "c" / STORE_NAME)
    trials = load(tmp_path / "c").trials
    assert (trials["seconds"] > 7).tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            lambda path: change_curve(path, "loss", lambda value: np.nextafter(value, np.inf)),
            "loss is .*, checkpoint 8, in",
        ),
        (lambda path: change_curve(path, "theta_0", lambda value: -value), "theta_0 is"),
        (
            lambda path: change(path, "UPDATE trials SET status = 'diverged'"),
            "status is 'finished'",
        ),
        (lambda path: change(path, "UPDATE trials SET gradients = 9"), "gradients is 8.0 and 9.0"),
        (lambda path: change(path, "UPDATE trials SET derived_seed = 3"), "derived_seed is"),
    ],
)
def test_a_contradiction_is_named_and_nothing_is_written(tmp_path, stores, damage, said):
    damage(stores[1])
    before = [store.read_bytes() for store in stores]
    with pytest.raises(UsageError, match=f"^adam on rosenbrock, seed 0: {said}") as caught:
        merge(stores, tmp_path / "c" / STORE_NAME)
    assert all(str(store) in str(caught.value) for store in stores)
    assert len(caught.value.mistakes) == 1
    assert not (tmp_path / "c").exists()
    assert [store.read_bytes() for store in stores] == before


def test_many_contradictions_are_counted(tmp_path):
    many = study(seeds=20, optimizers=["adam"])
    stores = run_both(tmp_path, many, many)
    change(stores[1], "UPDATE trials SET steps = steps + 1")
    with pytest.raises(UsageError) as caught:
        merge(stores, tmp_path / "c" / STORE_NAME)
    assert len(caught.value.mistakes) == 11
    assert caught.value.mistakes[-1] == "and 10 more like these"


def test_budgets_of_seconds_may_differ(tmp_path):
    timed = replace(study(seeds=1, optimizers=["adam"]), budget={"seconds": 0.01})
    stores = run_both(tmp_path, timed, timed)
    change(stores[1], "UPDATE trials SET steps = steps + 1")
    merged = merge(stores, tmp_path / "c" / STORE_NAME)
    assert (merged.trials, merged.shared, merged.measured) == (1, 1, 1)
    kept, first = (load(tmp_path / name).trials["steps"].tolist() for name in "ca")
    assert kept == first


def test_two_trials_of_one_name_are_refused(tmp_path, stores):
    run(study(budget={"steps": 9}, optimizers=["adam"], seeds=1), tmp_path / "d", registry=REGISTRY)
    said = "^adam on rosenbrock, seed 0: two different trials have this name, .* differ in budget"
    with pytest.raises(UsageError, match=said):
        merge([stores[0], tmp_path / "d" / STORE_NAME], tmp_path / "c" / STORE_NAME)


def test_a_store_that_is_there_is_left_alone(tmp_path, stores):
    before = stores[1].read_bytes()
    with pytest.raises(StoreError, match="found an existing file, expected none"):
        merge(stores, stores[1])
    assert stores[1].read_bytes() == before


def test_earlier_plans_stay_earlier_plans(tmp_path, stores):
    run(study(optimizers=["momentum"], seeds=1), stores[0].parent, registry=REGISTRY)
    merge(stores, tmp_path / "c" / STORE_NAME)
    shown = load(tmp_path / "c").trials["optimizer"].tolist()
    assert shown == ["momentum", "adam", "adam", "adam"]
    outcome = run(study(seeds=1), tmp_path / "c", registry=REGISTRY)
    before = load(stores[1].parent).trials["started"].max()
    assert (outcome.trials["started"] <= before).all()
