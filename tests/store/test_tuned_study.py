"""A study with the settings that were chosen: the same cells and bits as the final trials."""

import contextlib
import dataclasses
import sqlite3
import sys

import numpy as np
import pytest

import optframe
from optframe import Space, Study, UsageError, load, load_plugins
from optframe.cli import main
from optframe.contracts.columns import TIMES
from optframe.store.toml_text import toml
from optframe.store.tuned_study import export_tuned
from optframe.store.writer import Store

REGISTRY = load_plugins()
ROTATED = {"wrap": [{"name": "rotate"}]}


def tuned(folder, study, contender, studies=None):
    """Run a study, and store its trials as the final ones of searches.

    ``contender`` gives the name of an optimizer's label.
    """
    optframe.run(study, out=folder)
    trials = study.trials(REGISTRY)
    final = [
        dataclasses.replace(t, contender=contender(t.optimizer.label), study=0) for t in trials
    ]
    if studies is not None:
        final = [dataclasses.replace(t, study=studies(t)) for t in final]
    names = dict.fromkeys((t.contender, t.problem.label, t.sampler.label, t.study) for t in final)
    setting = {"lr": 0.01}
    searches = [
        {
            **dict(zip(("contender", "problem", "sampler", "study"), name, strict=True)),
            "space": {"lr": Space(1e-4, 1.0)},
            "tuner": {"name": "random", "trials": 1},
            "seed": 1,
            "closed": True,
            "proposals": [[setting]],
            "winner": {"number": 0, "setting": setting},
        }
        for name in names
    ]
    with Store(folder) as store:
        store.plan([], {"name": study.name, "cost": "work", "run": {"together": True}})
        store.extend(final, searches)
    return load(folder)


def check_same(results, path, out):
    """Run the study file, and compare its trials with the final ones to the bit."""
    again = Study.from_file(path)
    assert {t.key for t in again.trials(REGISTRY)} == {*results.trials["key"]}
    other = optframe.run(again, out=out)
    curves = [
        one.curves.drop(columns=[*TIMES, "optimizer", "problem", "sampler"], errors="ignore")
        for one in (results, other)
    ]
    before, after = (one.sort_values(["key", "step"]).reset_index(drop=True) for one in curves)
    assert [*before] == [*after]
    for name in before:
        if before[name].dtype.kind == "f":
            assert np.array_equal(before[name], after[name], equal_nan=True)
        else:
            assert before[name].equals(after[name])
    return other


def test_one_setting_for_all_problems(tmp_path):
    study = Study(
        'a "study"',
        {"steps": 30, "target": 1e-3},
        [
            "adam:lr=0.0123+clip-norm:max=2",
            {"name": "sgd", "lr": {"schedule": "cosine", "start": 0.001, "steps": 30}},
        ],
        ["rosenbrock", "sphere:size=3"],
        seed=2**100,
        seeds=2,
        start="random",
    )
    results = tuned(tmp_path / "store", study, lambda label: label.partition(":")[0])
    path = tmp_path / "study.toml"
    assert export_tuned(results, path) == []
    other = check_same(results, path, tmp_path / "again")
    assert [*dict.fromkeys(other.trials["optimizer"])] == ["adam", "sgd"]
    assert other.study["name"] == 'a "study", tuned'
    text = path.read_text()
    assert text.count("[[optimizer]]") == 2
    assert "problems" not in text
    assert "together = true" in text


def test_settings_that_differ_between_problems_have_tables_of_one_label(tmp_path):
    study = Study(
        "differ",
        {"steps": 12},
        [
            {"name": "adam", "lr": 0.01, "problems": ["valley", "plain"]},
            {"name": "adam", "lr": 0.1, "problems": ["turned"], "budget": {"steps": 9}},
            {"name": "momentum", "lr": 0.01, "problems": ["mlp"]},
            {"name": "sgd", "label": "untuned \U0001f600\x7f", "lr": 0.001},
        ],
        [
            {"name": "rosenbrock", "label": "valley"},
            {"name": "quadratic", "label": "plain"},
            {"name": "quadratic", "label": "turned", "size": 4, "start": "random", **ROTATED},
            {"name": "mlp", "data": "iris", "hidden": [3]},
        ],
        samplers=["shuffled:batch_size=16"],
        seeds=2,
        dtype="float64",
        run=optframe.study.RunSettings(checkpoints={"every_steps": 4}, measure=("gradient_norm",)),
    )
    results = tuned(tmp_path / "store", study, lambda label: label.partition(":")[0])
    path = tmp_path / "study.toml"
    assert export_tuned(results, path) == []
    other = check_same(results, path, tmp_path / "again")
    names = {*other.trials["optimizer"]}
    assert {"adam", "momentum"} < names
    assert {*other.trials["problem"]} == {*results.trials["problem"]}
    assert len(names) == 3
    assert path.read_text().count('label = "adam"') == 2


def test_a_problem_named_as_others_is_paired_alone(tmp_path):
    study = Study(
        "named",
        {"steps": 5},
        [
            {"name": "adam", "lr": 0.01, "problems": ["quadratic:size=3"]},
            {"name": "adam", "lr": 0.1, "problems": ["quadratic:size=4"]},
            {"name": "adam", "lr": 1.0, "problems": ["first"]},
        ],
        ["quadratic:size=3", "quadratic:size=4", {"name": "quadratic", "label": "first"}],
    )
    results = tuned(tmp_path / "store", study, lambda label: "adam")
    with contextlib.closing(sqlite3.connect(results.path)) as connection, connection:
        for table in ("trials", "tunings"):
            connection.execute(f"UPDATE {table} SET problem = 'quadratic' WHERE problem = 'first'")
    results = load(tmp_path / "store")
    path = tmp_path / "study.toml"
    assert export_tuned(results, path) == []
    check_same(results, path, tmp_path / "again")


def test_two_samplers_with_settings_of_their_own(tmp_path):
    study = Study(
        "samplers",
        {"steps": 6},
        [{"name": "adam", "lr": 0.01}, {"name": "adam", "lr": 0.1}],
        ["mlp:data=iris,hidden=[3]", "rosenbrock"],
        samplers=[
            {"name": "shuffled", "batch_size": 16, "optimizers": ["adam:lr=0.01"]},
            {"name": "shuffled", "batch_size": 32, "optimizers": ["adam:lr=0.1"]},
        ],
    )
    results = tuned(tmp_path / "store", study, lambda label: "adam")
    path = tmp_path / "study.toml"
    assert export_tuned(results, path) == [
        "adam has several settings on one problem, and a label for each"
    ]
    check_same(results, path, tmp_path / "again")


def test_batch_sizes_that_were_tuned_have_samplers_of_their_own(tmp_path):
    """Of one label: two contenders have the batch sizes the other way round on two problems."""
    sizes = {
        ("adam", "first"): 16,
        ("sgd", "first"): 32,
        ("adam", "other"): 32,
        ("sgd", "other"): 16,
    }
    study = Study(
        "samplers",
        {"steps": 6},
        [
            {"name": name, "lr": 0.01 + size / 1000, "problems": [problem]}
            for (name, problem), size in sizes.items()
        ],
        [
            {"name": "mlp", "label": "first", "data": "iris", "hidden": [3]},
            {"name": "mlp", "label": "other", "data": "iris", "hidden": [4]},
            "rosenbrock",
        ],
        samplers=[
            {
                "name": "shuffled",
                "batch_size": size,
                "optimizers": [
                    f"{n}:lr={0.01 + size / 1000}" for (n, _), s in sizes.items() if s == size
                ],
            }
            for size in (16, 32)
        ],
    )
    results = tuned(tmp_path / "store", study, lambda label: label.partition(":")[0])
    with contextlib.closing(sqlite3.connect(results.path)) as connection, connection:
        for table in ("trials", "tunings"):
            connection.execute(f"UPDATE {table} SET sampler = 'shuffled' WHERE sampler != 'none'")
    results = load(tmp_path / "store")
    path = tmp_path / "study.toml"
    assert export_tuned(results, path) == []
    other = check_same(results, path, tmp_path / "again")
    assert {*other.trials["optimizer"]} == {"adam", "sgd"}
    assert {*other.trials["sampler"]} == {"shuffled,batch_size=16", "shuffled,batch_size=32"}


def test_what_cannot_be_kept_is_said(tmp_path):
    study = Study("several", {"steps": 5}, "adam:lr=0.01", "rosenbrock", seeds=4, start="random")
    results = tuned(tmp_path / "store", study, lambda label: "adam", studies=lambda t: t.seed // 2)
    path = tmp_path / "study.toml"
    (line,) = export_tuned(results, path)
    assert line.startswith("1 settings ran on other seeds than the first 2")
    assert f"# Not as it was: {line}." in path.read_text()
    (trial, _) = Study.from_file(path).trials(REGISTRY)
    assert trial.cell == results.trials["cell"].iloc[0]


def test_a_contender_that_was_lost_is_named(tmp_path):
    study = Study("lost", {"steps": 5}, "adam:lr=0.01", "rosenbrock")
    results = tuned(tmp_path / "store", study, lambda label: "adam")
    (one,) = results.tunings.to_dict("records")
    lost = one | {"contender": "sgd", "winner": None, "reason": "all settings diverged"}
    with Store(tmp_path / "store") as store:
        store.extend([], [lost])
    (line,) = export_tuned(load(tmp_path / "store"), tmp_path / "study.toml")
    assert line == "sgd on rosenbrock has no setting (all settings diverged)"


def test_on_the_command_line(tmp_path, monkeypatch, capsys):
    def command(*words):
        monkeypatch.setattr(sys, "argv", ["optframe", "export", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return ended.value.code or 0, output.out + output.err

    study = Study("plain", {"steps": 5}, "adam:lr=0.01", "rosenbrock")
    optframe.run(study, out=tmp_path / "store")
    path = tmp_path / "study.toml"
    code, said = command(tmp_path / "store", "--tuned", path)
    assert (code, "the study tuned nothing" in said) == (2, True)
    tuned(tmp_path / "store", study, lambda label: "adam")
    assert command(tmp_path / "store", "--tuned", path, "--format", "csv")[0] == 2
    assert command(tmp_path / "store", "--tuned", path) == (0, f"{path}\n")
    written = path.read_text()
    code, said = command(tmp_path / "store", "--tuned", path)
    assert (code, "found an existing file" in said) == (2, True)
    assert path.read_text() == written


def test_a_store_without_final_trials_is_refused(tmp_path):
    study = Study("early", {"steps": 5}, "adam:lr=0.01", "rosenbrock")
    results = tuned(tmp_path / "store", study, lambda label: "adam")
    one = results.tunings.to_dict("records")
    with Store(tmp_path / "store") as store:
        store.plan([], {"name": "early"})
        store.extend([], one)
    with pytest.raises(UsageError, match="no search has ended"):
        export_tuned(load(tmp_path / "store"), tmp_path / "study.toml")


def test_values_are_read_back_from_toml_as_they_were():
    import tomllib

    values = [1e-5, 0.1 + 0.2, 1e300, 2**100, -3, True, 'a\n"b\\\x7f\x1b\U0001f600', [], [[1, 2.5]]]
    values += [{"a b": {"c": "d"}, "e": []}, {}]
    for value in values:
        found = tomllib.loads(f"value = {toml(value)}")["value"]
        assert found == value
        assert type(found) is type(value)
    assert toml({"a": None, "b": 1}) == "{ b = 1 }"
