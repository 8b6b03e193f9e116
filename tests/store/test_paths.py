"""Paths in a store: read as they were recorded, merged, exported, recovered; damage is named."""

import contextlib
import shutil
import sqlite3
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe import StoreError, Study, load, load_plugins
from optframe.contracts.columns import PATH
from optframe.drawing import draw
from optframe.store import merging
from optframe.store.export import dictionary, export
from optframe.store.file import STORE_NAME
from optframe.store.recovery import examine, recover
from optframe.store.side_by_side import SideBySide

OLD = Path(__file__).parent / "old" / "functions"
COLUMNS = ["key", "step", "theta_0", "theta_1", "gradient_0", "gradient_1"]
STUDY = Study(
    "paths",
    {"steps": 230},
    ["sgd:lr=0.001", "adam"],
    ["rosenbrock", "sphere:size=1", "sphere:size=3"],
    seeds=2,
    start="random",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paths")
    optframe.run(STUDY, folder)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "paths"))


def change(folder, text, *values):
    with contextlib.closing(sqlite3.connect(folder / STORE_NAME)) as connection, connection:
        assert connection.execute(text, values).rowcount


def test_a_path_is_read_as_it_was_recorded(made):
    results = load(made)
    paths, trials = results.paths, results.trials
    assert [*paths] == COLUMNS == [column.name for column in PATH]
    assert [str(paths[name].dtype) for name in COLUMNS[1:]] == ["int64", *["float64"] * 4]
    plane = trials[trials["size"] <= 2]
    assert [*paths["key"].unique()] == [*plane["key"]]
    for key, own in paths.groupby("key", sort=False):
        curve = results.curves[results.curves["key"] == key]
        late = curve["step"][curve["step"] > 200]
        assert own["step"].tolist() == [*range(201), *late]
        for name in ("theta_0", "theta_1"):
            at = own.set_index("step")[name].reindex(curve["step"])
            np.testing.assert_array_equal(at, curve[name])


def test_the_record_comes_back_to_the_bit(made, tmp_path):
    from optframe.execution.trial_runner import TrialRunner

    registry = load_plugins()
    trials = STUDY.trials(registry)
    paths = load(made).paths
    for trial in trials[:6]:
        (record,) = TrialRunner(registry)([trial])
        own = paths[paths["key"] == trial.key]
        size = record.size
        names = [*COLUMNS[1 : 2 + size], *COLUMNS[4 : 4 + size]]
        assert own[names].to_numpy(float).tobytes() == record.path.tobytes()
        assert load(made).path_tables[trial.key].tobytes() == record.path.tobytes()
        if size == 1:
            assert own[["theta_1", "gradient_1"]].isna().all(axis=None)


def test_the_tables_are_a_mapping_of_the_trials_that_have_one(made):
    results = load(made)
    tables = results.path_tables
    assert [*tables] == [*results.paths["key"].unique()]
    assert len(tables) == 8
    without = results.trials["key"][results.trials["size"] == 3].iloc[0]
    assert without not in tables
    assert "nobody" not in tables
    with pytest.raises(KeyError):
        tables[without]


def test_a_trial_of_an_earlier_plan_is_not_read(folder):
    change(folder, "UPDATE trials SET position = NULL WHERE seed = 1")
    results = load(folder)
    kept = results.trials["key"][results.trials["size"] <= 2]
    assert [*results.paths["key"].unique()] == [*kept]
    assert len(kept) == 4


def test_an_older_store_has_none(tmp_path):
    results = load(OLD)
    assert [*results.paths] == COLUMNS
    assert results.paths.empty
    assert str(results.paths["step"].dtype) == "int64"
    assert dict(results.path_tables) == {}
    key = results.trials["key"][0]
    assert key not in results.path_tables
    written = export(results, tmp_path, ["csv"])
    assert "paths.csv" not in [path.name for path in written]
    assert draw("trajectory", results, "rosenbrock") is not None


def test_side_by_side_the_keys_are_those_of_the_trials(folder, made):
    both = SideBySide([load(made), load(folder)])
    assert len(both.paths) == 2 * len(load(made).paths)
    assert {*both.paths["key"]} <= {*both.trials["key"]}
    assert [*both.path_tables] == [*both.paths["key"].unique()]
    assert len(both.path_tables) == 16
    for key, table in both.path_tables.items():
        own = both.paths[both.paths["key"] == key]
        np.testing.assert_array_equal(own["theta_0"], table[:, 1])
    assert "nobody" not in both.path_tables


def test_merged_paths_are_those_of_the_parts(made, tmp_path):
    other = Study("more", {"steps": 9}, ["momentum:lr=0.001"], ["rosenbrock"])
    optframe.run(other, tmp_path / "more")
    parts = [made / STORE_NAME, tmp_path / "more" / STORE_NAME]
    merging.merge(parts, tmp_path / "all" / STORE_NAME)
    expected = pd.concat([load(part).paths for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(load(tmp_path / "all").paths, expected, check_exact=True)


def test_exported_paths_come_back_to_the_bit_and_are_explained(made, tmp_path):
    results = load(made)
    files = export(results, tmp_path, ["csv"])
    assert [path.name for path in files[:3]] == ["trials.csv", "curves.csv", "paths.csv"]
    back = pd.read_csv(tmp_path / "paths.csv", dtype=str)
    assert [*back] == COLUMNS
    assert [*back["key"]] == [*results.paths["key"]]
    for name in COLUMNS[1:]:
        np.testing.assert_array_equal([*map(float, back[name])], results.paths[name])
    told = pd.read_csv(tmp_path / "columns.csv")
    assert told["column"][told["table"] == "paths"].tolist() == COLUMNS
    explained = dictionary(results.trials, results.curves, results.paths)
    assert (explained["meaning"].str.len() > 5).all()
    assert not explained["meaning"].str.startswith("the problem's metric").any()


def table(size=2, points=3):
    steps = np.arange(points, dtype="<f8")
    return np.vstack([steps, np.ones((2 * size, points))])


BOMB = zlib.compress(bytes(200_000_000))

DAMAGED = {
    "not compressed": (b"\x00\xff", "Error -3"),
    "cut off": (zlib.compress(table().tobytes())[:-6], "or more, expected a multiple of 40"),
    "of another width": (zlib.compress(table(size=1).tobytes()), "found 72 bytes, expected"),
    "a text": ("a path", "found a path without a curve in the plane or on a line"),
    "too long": (zlib.compress(table(points=5_000).tobytes()), "or more, expected a multiple"),
    "a bomb": (BOMB, "or more, expected a multiple of 40 up to"),
    "falling steps": (zlib.compress(table()[:, ::-1].tobytes()), "steps that do not rise"),
    "a step before the start": (zlib.compress((table() - 1).tobytes()), "steps that do not rise"),
    "no steps": (zlib.compress((table() * np.nan).tobytes()), "steps that do not rise"),
}


@pytest.mark.parametrize("way", DAMAGED)
def test_a_damaged_path_is_named_and_takes_no_memory(way, folder):
    blob, why = DAMAGED[way]
    trials = load(folder).trials
    key = trials["key"][0]
    change(folder, "UPDATE curves SET path = ? WHERE key = ?", blob, key)
    results = load(folder)
    tracemalloc.start()
    for read in (lambda: results.paths, lambda: results.path_tables[key]):
        with pytest.raises(StoreError) as caught:
            read()
        text = str(caught.value)
        assert "\n" not in text
        for word in (str(folder), f"table curves, row {key!r}, column path: ", why, "doctor"):
            assert word in text
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert len(results.curves)  # what is not damaged is read
    assert results.path_tables[trials["key"][1]].shape[1] == 5


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("rows", value) for value in (-1, "many", 0.5)),
        *(("columns", value) for value in ("[]", "7", "{", '["theta_0", "theta_0", "theta_0"]')),
    ],
)
def test_a_path_of_a_curve_that_cannot_be_is_named(column, value, folder):
    change(folder, f"UPDATE curves SET {column} = ?", value)
    with pytest.raises(StoreError, match=r"table curves, row '\w+', column path"):
        _ = load(folder).paths


def test_recovery_keeps_every_path(folder, tmp_path):
    found = recover(folder / STORE_NAME, tmp_path / "new" / STORE_NAME)
    assert found.lost == ()
    again = load(tmp_path / "new").paths
    pd.testing.assert_frame_equal(again, load(folder).paths, check_exact=True)


def test_a_trial_whose_path_is_damaged_is_to_be_run_again(folder, tmp_path):
    """As where its curve or its landscape is: what is left of it is not what was written."""
    before = load(folder).paths
    key = load(folder).trials["key"][0]
    change(folder, "UPDATE curves SET path = ? WHERE key = ?", DAMAGED["too long"][0], key)
    with pytest.raises(StoreError, match=f"table curves, row '{key}', column path"):
        examine(folder / STORE_NAME)
    found = recover(folder / STORE_NAME, tmp_path / "new" / STORE_NAME)
    assert found.planned == 1
    assert key not in load(tmp_path / "new").path_tables
    again = optframe.run(STUDY, tmp_path / "new").paths
    pd.testing.assert_frame_equal(again, before, check_exact=True)
