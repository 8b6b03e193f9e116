"""The stage of tuning in a store: extending a plan, what runs again, what is read of each stage."""

import contextlib
import dataclasses
import json
import sqlite3

import numpy as np
import pandas as pd
import pytest

from optframe import Record, Space, StoreError, Study, UsageError, load, load_plugins
from optframe.contracts.columns import COUNT_COLUMNS
from optframe.contracts.record import Landscape
from optframe.gate import compare, open_source
from optframe.gate.verification import drawn
from optframe.store.export import export
from optframe.store.file import STORE_NAME
from optframe.store.merging import merge
from optframe.store.recovery import examine, recover
from optframe.store.side_by_side import SideBySide
from optframe.store.writer import Store

SPACE = {"momentum": Space(values=(0.5, 0.9)), "lr": Space(1e-4, 1e-1, source="a paper")}
TABLES = ("trials", "tuning", "tuning_curves", "tunings", "winners")
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


def test_the_winners_are_read_with_what_they_cost(tmp_path, trials):
    pytest.importorskip("optframe.statistics.tuning")
    results = filled(tmp_path, trials, of_0="diverged")
    (row,) = results.winners.to_dict("records")
    assert row["optimizer"] == results.trials["optimizer"].iloc[0]
    assert (row["contender"], row["problem"], row["study"]) == ("momentum", "rosenbrock", 0)
    assert (row["number"], row["setting"]) == (1, SETTINGS[1])
    assert (row["value"], row["broken"]) == (3.0, 0.0)
    assert (row["tried"], row["runs"], row["work"]) == (2, 4, 12.0)
    assert row["seconds"] == 4 * 0.25
    assert row["reason"] is None


def test_a_search_without_a_winner_has_a_row(tmp_path, trials):
    pytest.importorskip("optframe.statistics.tuning")
    with Store(tmp_path) as store:
        store.plan([], {"name": "small"})
        store.extend(trials[0], [tuning(closed=True, reason="all settings diverged")])
        store.save([record(t, "diverged") for t in trials[0]], {})
    (row,) = load(tmp_path).winners.to_dict("records")
    assert row["optimizer"] is None
    assert pd.isna(row["number"])
    assert row["reason"] == "all settings diverged"
    assert row["runs"] == 4


def test_what_is_not_there_is_none_beside_searches_that_have_it(tmp_path, trials):
    pytest.importorskip("optframe.statistics.tuning")
    lost = tuning(closed=True, reason="all settings diverged", problem="sphere")
    with Store(tmp_path) as store:
        store.plan([], {"name": "small"})
        store.extend(trials[0], [closed(), lost])
        store.save([record(t) for t in trials[0]], {})
    results = load(tmp_path)
    assert [*results.tunings["reason"]] == [None, "all settings diverged"]
    assert [*results.tunings["winner"]][1] is None
    assert [*results.winners["reason"]] == [None, "all settings diverged"]
    assert [*results.winners["optimizer"]] == [trials[0][2].optimizer.label, None]
    assert [*results.winners["setting"]] == [SETTINGS[1], None]
    assert [str(kind) for kind in results.winners.dtypes[["study", "number", "work"]]] == [
        *("int64", "Int64", "float64")
    ]


def test_what_tunes_is_exported_and_described(tmp_path, trials):
    pytest.importorskip("optframe.statistics.tuning")
    results = filled(tmp_path, trials)
    export(results, tmp_path / "out", ("csv",))
    read = {name: pd.read_csv(tmp_path / "out" / f"{name}.csv") for name in TABLES}
    assert [len(read[name]) for name in TABLES] == [2, 4, 8, 1, 1]
    assert json.loads(read["winners"]["setting"][0]) == SETTINGS[1]
    assert json.loads(read["tunings"]["proposals"][0]) == [SETTINGS]
    space = json.loads(read["tunings"]["space"][0])
    assert {name: Space.from_table(table) for name, table in space.items()} == SPACE
    columns = pd.read_csv(tmp_path / "out" / "columns.csv").set_index(["table", "column"])
    for name in TABLES:
        assert [*columns.loc[name].index] == [*read[name]]
    assert columns["meaning"].notna().all()


def written(folder, trials, *tunings):
    """A store with half of the tuning trials and these tunings."""
    with Store(folder) as store:
        store.plan([], {"name": "small"})
        store.extend(trials, tunings)
        store.save([record(t) for t in trials], {})
    return folder / STORE_NAME


def test_merging_keeps_the_tuning_that_got_farther(tmp_path, trials):
    tune, final = trials
    later = closed(proposals=[SETTINGS, SETTINGS[:1]])
    paths = [
        written(tmp_path / "one", tune[:2], tuning(), tuning(study=1)),
        written(tmp_path / "two", [*tune[2:], *final], later, tuning(problem="sphere")),
    ]
    for order in (paths, paths[::-1]):
        merged = tmp_path / f"merged-{order[0].parent.name}"
        merge(order, merged / STORE_NAME)
        results = load(merged)
        assert (len(results.tuning), len(results.trials)) == (4, 2)
        assert len(results.tunings) == 3
        (row,) = results.tunings.query("problem == 'rosenbrock' and study == 0").to_dict("records")
        assert row["closed"]
        assert row["winner"] == {"number": 1, "setting": SETTINGS[1]}
        assert len(row["proposals"]) == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            closed(winner={"number": 0, "setting": SETTINGS[0]}),
            "the winner is .*0.01.* and .*0.001",
        ),
        (closed(winner=None, reason="all diverged"), "the winner is .* and none"),
        (closed(proposals=[SETTINGS[::-1]]), "different settings were proposed"),
        (closed(seed=5), "two different tunings have this name, .*differ in seed"),
        (closed(tuner={"name": "grid"}), "two different .*they differ in tuner"),
    ],
)
def test_tunings_that_contradict_each_other_are_not_merged(tmp_path, trials, changed, said):
    tune, _ = trials
    paths = [
        written(tmp_path / "one", tune[:2], closed()),
        written(tmp_path / "two", tune[2:], changed),
    ]
    with pytest.raises(UsageError, match=f"^the tuning of momentum on rosenbrock: {said}") as found:
        merge(paths, tmp_path / "merged" / STORE_NAME)
    assert len(found.value.mistakes) == 1
    assert not (tmp_path / "merged").exists() or not any((tmp_path / "merged").iterdir())


def test_tunings_are_recovered(tmp_path, trials):
    before = filled(tmp_path / "store", trials)
    assert examine(before.path) == {"finished": 6}
    made = recover(before.path, tmp_path / "recovered" / STORE_NAME)
    assert made.lost == ()
    after = load(tmp_path / "recovered")
    pd.testing.assert_frame_equal(after.tunings, before.tunings)
    pd.testing.assert_frame_equal(after.tuning, before.tuning)
    pd.testing.assert_frame_equal(after.trials, before.trials)


def test_a_tuning_that_is_not_recovered_is_told(tmp_path, trials):
    before = filled(tmp_path / "store", trials)
    (row,) = before.tunings.to_dict("records")
    with contextlib.closing(sqlite3.connect(before.path)) as connection, connection:
        connection.execute("UPDATE tunings SET proposals = 'x'")
    made = recover(before.path, tmp_path / "recovered" / STORE_NAME)
    assert made.lost == (f"the tuning of {row['contender']} on {row['problem']}: all of it",)
    assert load(tmp_path / "recovered").tunings.empty


WRONG = [
    ("space", "[]", "a JSON object of spaces"),
    ("space", '{"lr": 1}', "a JSON object of spaces, each a table"),
    ("space", '{"lr": {"low": "x", "high": 1}}', "numbers or a list of values"),
    ("space", '{"lr": {"values": 5}}', "numbers or a list of values"),
    ("space", '{"lr": {"low": 2, "high": 1}}', "expected low < high"),
    ("space", '{"lr": {"low": 1, "high": 1e400}}', "expected a finite number"),
    ("space", '{"lr": {"low": 1, "high": 2, "x": 1}}', "found 'x' in a space"),
    ("space", '{"lr": {"low": 1, "high": 1' + "0" * 400 + "}}", "a JSON object of spaces"),
    ("tuner", "[]", "a JSON object"),
    ("tuner", '{"trials": "x"}', "whose trials is a whole number"),
    ("tuner", '{"at": "start"}', "whose at is one of end, best"),
    ("tuner", '{"cost": "money"}', "whose cost is one of"),
    ("tuner", '{"target": 1}', "whose target is true, false"),
    ("seed", "x", "a whole number"),
    ("study", -1, "at least 0"),
    ("closed", "x", "a whole number"),
    ("winner", "5", "a JSON object of a number"),
    ("winner", '{"number": -1, "setting": {}}', "at least 0"),
    ("winner", '{"number": true, "setting": {}}', "a JSON object of a number"),
    ("winner", '{"number": 0}', "and a setting"),
    ("winner", '{"number": 2, "setting": {}}', "one of the 2 settings that were proposed"),
    ("proposals", "{}", "a JSON list of rounds"),
    ("proposals", "[1]", "each a list of settings"),
    ("proposals", "[[1]]", "each a list of settings"),
    ("proposals", "[" * 3000, "JSON"),
    ("proposals", '[[{"lr": 0.01}]]', "a value for each of momentum, lr"),
    ("proposals", '[[{"lr": "x", "momentum": 0.5}]]', "for lr a value of 0.0001..0.1, log"),
    ("proposals", '[[{"lr": Infinity, "momentum": 0.5}]]', "for lr a value of 0.0001..0.1"),
    ("proposals", '[[{"lr": NaN, "momentum": 0.5}]]', "for lr a value of 0.0001..0.1"),
    ("proposals", '[[{"lr": 0.01, "momentum": 0.6}]]', "for momentum a value of one of 0.5, 0.9"),
]


@pytest.mark.parametrize(("column", "value", "said"), WRONG)
def test_a_wrong_value_of_a_tuning_is_named_in_one_line(tmp_path, trials, column, value, said):
    results = filled(tmp_path, trials)
    with contextlib.closing(sqlite3.connect(results.path)) as connection, connection:
        connection.execute(f"UPDATE tunings SET {column} = ?", (value,))
    for use in (lambda: load(tmp_path).tunings, lambda: examine(results.path)):
        with pytest.raises(StoreError) as caught:
            use()
        text = str(caught.value)
        assert text.isprintable()
        assert f"column {column}: found " in text
        assert "table tunings, row " in text
        assert said in text
    with Store(tmp_path) as store, pytest.raises(StoreError, match="table tunings"):
        store.tunings()


def test_texts_of_a_stranger_are_shown_with_escapes(tmp_path, trials):
    space = {"lr\x1b": Space(values=("a\x1b[2J", "b"))}
    one = tuning(space=space, proposals=[[{"lr\x1b": "a\x1b[2J"}]], tuner={"name": "\x1b"})
    with Store(tmp_path) as store:
        store.plan([], {"name": "small"})
        store.extend(trials[0], [one])
        assert store.tunings()[0]["proposals"] == one["proposals"]
    (row,) = load(tmp_path).tunings.to_dict("records")
    assert row["proposals"] == [[{"lr\\x1b": "a\\x1b[2J"}]]
    assert row["tuner"] == {"name": "\\x1b"}
    assert [*row["space"]] == ["lr\\x1b"]


def test_side_by_side_each_search_has_its_store(tmp_path, trials):
    joined = SideBySide([filled(tmp_path / "one", trials), filled(tmp_path / "two", trials)])
    assert len(joined.trials) == 4
    assert len(joined.tuning) == 8
    assert joined.tuning["key"].is_unique
    assert len(joined.tuning_curves) == 16
    assert {*joined.tuning_curves["key"]} == {*joined.tuning["key"]}
    assert [*joined.tunings["contender"]] == ["momentum @ one", "momentum @ two"]
    assert {*joined.tuning["contender"]} == {*joined.tunings["contender"]}
    assert {*joined.trials["contender"]} == {*joined.tunings["contender"]}
    assert joined.metrics == ("loss", "gap")


def test_side_by_side_without_tuning(tmp_path, trials):
    paths = [written(tmp_path / name, trials[1]) for name in ("one", "two")]
    joined = SideBySide([load(path) for path in paths])
    assert len(joined.trials) == 4
    assert joined.tuning.empty
    assert joined.tuning_curves.empty
    assert joined.tunings.empty


def test_comparisons_and_baselines_have_final_trials_only(tmp_path, trials):
    results = filled(tmp_path / "store", trials)
    other = written(tmp_path / "plain", trials[1])
    source, plain = open_source(results.path), open_source(other)
    assert [one.cell for one in source.trials] == [one.cell for one in plain.trials]
    cells = {row.subject.cell for row in compare(source, plain).rows}
    assert cells == {trial.cell for trial in trials[1]}


def test_a_trial_that_is_being_recorded_is_compared_as_one_that_has_not_ended(tmp_path, trials):
    results, other = (load(written(tmp_path / name, trials[1])) for name in ("one", "two"))
    with contextlib.closing(sqlite3.connect(results.path)) as connection, connection:
        connection.execute("UPDATE trials SET status = 'recording'")
    for pair in ((results, other), (other, results)):
        assert compare(*(open_source(one.path) for one in pair)).rows


def test_trials_of_both_stages_are_verified(tmp_path, trials):
    results = filled(tmp_path, trials)
    drawn_, there = drawn(results.path, None)
    assert there == 6
    assert [trial.stage for trial in drawn_] == ["tune"] * 4 + ["final"] * 2
    assert [trial.key for trial in drawn_] == [trial.key for stage in trials for trial in stage]
