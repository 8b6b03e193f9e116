"""That an export holds what the store holds, to the bit, and explains every column."""

import json
import os
import sys
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe.store.export import dictionary, export


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    tables = {
        "study": {"name": "two", "seeds": 2, "budget": {"steps": 7, "target": 1e-3}},
        "optimizer": [{"name": "sgd", "lr": [0.001, 1e9]}, {"name": "newton"}],
        "problem": [
            {"name": "rosenbrock"},
            {"name": "softmax", "data": "iris", "optimizers": ["sgd"]},
        ],
        "sampler": [{"name": "shuffled", "batch_size": 16}],
    }
    study = optframe.Study.from_tables(tables, "a test")
    return optframe.run(study, tmp_path_factory.mktemp("export"))


def read(path):
    return pd.read_csv(path, dtype=str) if path.suffix == ".csv" else pd.read_parquet(path)


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("table", ["trials", "curves", "paths"])
def test_a_table_comes_back_to_the_bit(results, tmp_path, format, table):
    if format == "parquet":
        pytest.importorskip("pyarrow")
    export(results, tmp_path, [format])
    frame, back = getattr(results, table), read(tmp_path / f"{table}.{format}")
    assert list(back) == list(frame)
    assert len(back) == len(frame) > 0
    for column in frame:
        if frame[column].dtype.kind == "f":
            values = [float(text) for text in back[column]]  # which is exact, unlike some readers
            np.testing.assert_array_equal(values, frame[column].to_numpy())
        else:
            missing = frame[column].isna()
            assert (back[column].isna() == missing).all()
            assert [*map(str, back[column][~missing])] == [*map(str, frame[column][~missing])]


def test_every_column_is_explained_and_no_explanation_is_empty(results):
    table = dictionary(results.trials, results.curves, results.paths)
    assert (table["meaning"].str.len() > 5).all()
    assert table.loc[table["table"] == "trials", "column"].tolist() == list(results.trials)
    assert table.loc[table["table"] == "curves", "column"].tolist() == list(results.curves)
    assert table.loc[table["table"] == "paths", "column"].tolist() == list(results.paths)
    said = table.set_index(["table", "column"])
    assert said.loc[("curves", "test_accuracy"), "unit"] == "fraction"
    assert said.loc[("trials", "best_test_loss"), "meaning"].startswith("the best value")
    assert not table["meaning"].str.startswith("the problem's metric").any()


def test_what_is_no_table_is_json(results, tmp_path):
    export(results, tmp_path, ["csv"])
    assert json.loads((tmp_path / "study.json").read_text())["name"] == "two"
    (environment,) = json.loads((tmp_path / "environments.json").read_text())
    assert environment == results.environments[0]


def test_an_unknown_format_names_the_nearest(results, tmp_path):
    with pytest.raises(optframe.UsageError, match=r"unknown format 'parquett'.*parquet"):
        export(results, tmp_path / "no", ["csv", "parquett"])
    assert not (tmp_path / "no").exists()


def test_without_pyarrow_nothing_is_written_and_the_extra_is_named(results, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(optframe.UnavailableError, match=r"install 'optframe-bench\[parquet\]'"):
        export(results, tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_the_command_names_its_files(results, tmp_path, monkeypatch, capsys):
    from optframe.cli.main import main

    words = ["optframe", "export", str(results.path.parent), "--format", "csv"]
    monkeypatch.setattr(sys, "argv", [*words, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.split() == [
        str(tmp_path / "out" / name)
        for name in (
            *("trials.csv", "curves.csv", "paths.csv", "columns.csv"),
            *("study.json", "environments.json"),
        )
    ]


def test_large_seeds_and_odd_file_names_are_exported(tmp_path):
    study = optframe.Study("x", {"steps": 3}, ["sgd"], ["noisy-quadratic"], seed=2**64)
    folder = tmp_path / os.fsdecode(b"o\xff")
    results = optframe.run(study, folder / "results")
    formats = ["csv"]
    if find_spec("pyarrow"):
        formats.append("parquet")
    export(results, folder / "export", formats)
    for format in formats:
        path = tmp_path / f"trials.{format}"
        (folder / "export" / path.name).rename(path)
        assert str(read(path)["study_seed"][0]) == str(2**64)


def test_all_files_are_in_the_folder_that_was_named(results, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    formats = ["csv", "parquet"] if find_spec("pyarrow") else ["csv"]
    files = export(results, "~/there", formats)
    assert {path.parent for path in files} == {tmp_path / "there"}
    assert {*(tmp_path / "there").iterdir()} == {*files}
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
