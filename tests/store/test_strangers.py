"""A store is a stranger's: nothing in it is obeyed, memory is bounded, wrong values are named."""

import contextlib
import json
import os
import random
import re
import runpy
import shutil
import sqlite3
import sys
import tracemalloc
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe import StoreError, Study, load, load_plugins
from optframe.cli import main
from optframe.contracts.columns import TRIALS
from optframe.gate.verification import Agreement, drawn, verify
from optframe.store.export import export
from optframe.store.file import STORE_NAME
from optframe.store.merging import merge
from optframe.store.recovery import examine, recover
from optframe.store.schema import TABLES, columns_of
from optframe.store.values import FLOOR
from optframe.store.writer import Store

FUZZ = runpy.run_path(str(Path(__file__).with_name("fuzz.py")))
ENDLESS, FOREIGN = FUZZ["ENDLESS"], FUZZ["FOREIGN"]
base, changed, fuzz = FUZZ["base"], FUZZ["changed"], FUZZ["fuzz"]

DOCS = Path(__file__).parents[2] / "docs" / "stores.md"
COUNT = int(os.environ.get("OPTFRAME_FUZZ", 12))
"""How many damaged stores the suite tries."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A folder with a store, never changed."""
    return base(tmp_path_factory.mktemp("stores") / "sound").parent


@pytest.fixture
def path(sound, tmp_path):
    """A store of its own."""
    return Path(shutil.copytree(sound, tmp_path / "results")) / STORE_NAME


def executed(path, statement, *values):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def read(path):
    results = load(path)
    parts = ("trials", "curves", "paths", "landscapes", "environments", "study")
    return [getattr(results, part) for part in parts]


def refused(use, *said):
    with pytest.raises(StoreError) as caught:
        use()
    text = str(caught.value)
    assert text.isprintable()
    for one in said:
        assert one in text
    return text


def command(monkeypatch, capsys, *words, codes=(0,)):
    monkeypatch.setattr(sys, "argv", ["optframe", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    output = capsys.readouterr()
    assert (ended.value.code or 0) in codes, output.err
    return output.out + output.err


def test_damaged_stores_end_in_a_result_or_one_line(tmp_path):
    counts, wrong = fuzz(COUNT, 0, tmp_path)
    assert wrong == []
    assert counts.total() == 7 * COUNT


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_not_a_stores_is_refused_and_rows_are_recovered(path, what, tmp_path):
    executed(path, FOREIGN[what])
    for use in (lambda: load(path), lambda: Store(path.parent), lambda: examine(path)):
        refused(use, str(path), "expected a store's tables", "not changed")
    made = recover(path, tmp_path / "recovered" / STORE_NAME)
    assert made.trials == (0 if what in ("no trials", "no curves", "a column") else 12)
    examine(made.path)


@pytest.mark.parametrize("table", TABLES)
def test_a_view_in_a_tables_place_is_not_read(path, table, tmp_path):
    names = columns_of(table)
    executed(path, f"DROP TABLE {table}")
    select = f"{ENDLESS} SELECT {', '.join('x' for _ in names)} FROM n"
    executed(path, f"CREATE VIEW {table} ({', '.join(names)}) AS {select}")
    refused(lambda: load(path), f"found the view '{table}'")
    with contextlib.suppress(StoreError):  # it never ends if the view is read
        recover(path, tmp_path / "recovered" / STORE_NAME)


def test_a_view_that_says_that_it_is_a_table_is_not_read(path):
    names = columns_of("curves")
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE curves")
        listed = ", ".join(names)
        view = f"CREATE VIEW curves ({listed}) AS SELECT {', '.join('1' for _ in names)}"
        connection.execute(view)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET type = 'table' WHERE name = 'curves'")
    refused(lambda: load(path))


def test_a_trigger_marks_no_trial_as_finished(path):
    executed(
        path,
        "CREATE TRIGGER mine AFTER INSERT ON trials BEGIN UPDATE trials SET status = 'finished' "
        "WHERE key = new.key; END",
    )
    more = Study("stranger", {"steps": 12}, "adam", "rosenbrock", seeds=3, start="random")
    refused(lambda: optframe.run(more, out=path.parent), "found the trigger 'mine'")


def test_a_journal_that_names_another_file_is_refused_and_the_file_stays(path, tmp_path):
    """SQLite opens the file that the end of a journal names, and deletes it after the rollback."""
    precious = tmp_path / "precious"
    precious.write_text("mine\n")
    name = os.fsencode(precious)
    executed(path, "PRAGMA journal_mode = DELETE")
    journal = path.with_name(f"{STORE_NAME}-journal")
    magic = bytes.fromhex("d9d505f920a163d7")
    head = magic + bytes(8) + (path.stat().st_size // 4096).to_bytes(4, "big")
    head += (512).to_bytes(4, "big") + (4096).to_bytes(4, "big")
    page = (2**32 // 4096).to_bytes(4, "big")
    checksum = (sum(name) % 2**32).to_bytes(4, "big")
    end = page + name + len(name).to_bytes(4, "big") + checksum + magic
    journal.write_bytes(head.ljust(512, b"\0") + end)
    content = path.read_bytes()
    for use in (load, lambda path: Store(path.parent), lambda path: recover(path, tmp_path / "r")):
        refused(lambda use=use: use(path), "names another file")
    assert precious.read_text() == "mine\n"
    assert path.read_bytes() == content


def test_what_is_no_file_is_not_opened(path):
    path.unlink()
    os.mkfifo(path)
    refused(lambda: load(path), "expected a file")
    refused(lambda: Store(path.parent), "expected a file")


WRONG = [
    ("trials", "status", "fine", "one of planned"),
    ("trials", "stage", "later", "one of tune, final"),
    ("trials", "origin", "", "one of planned, recorded"),
    ("trials", "dtype", "float16", "one of float32, float64"),
    ("trials", "key", "x", "32 hexadecimal digits"),
    ("trials", "optimizer", b"adam", "a text"),
    ("trials", "optimizer", None, "a text"),
    ("trials", "hyperparameters", "[1]", "a JSON object"),
    ("trials", "hyperparameters", "{" * 3000, "JSON"),
    ("trials", "problem_parameters", '{"a":' * 900 + "1" + "}" * 900, "JSON"),
    ("trials", "seed", "x", "a whole number"),
    ("trials", "seed", -1, "at least 0"),
    ("trials", "position", -1, "at least 0"),
    ("trials", "steps", 0.5, "a whole number"),
    ("trials", "steps", -3, "at least 0"),
    ("trials", "seconds", float("inf"), "a finite number"),
    ("trials", "seconds", "soon", "a finite number"),
    ("trials", "minimum", b"0", "a finite number"),
    ("trials", "final", '{"loss": "x"}', "from the names of metrics to numbers"),
    ("trials", "best", '{"seed": 1.0}', "from the names of metrics to numbers"),
    ("trials", "best", "{", "from the names of metrics to numbers"),
    ("curves", "rows", 10**12, "at most"),
    ("curves", "rows", -1, "at least 0"),
    ("curves", "columns", "[]", "different columns"),
    ("curves", "columns", '["step", "step"]', "different columns"),
    ("curves", "columns", '["step", "key"]', "different columns"),
    ("curves", "data", "x", "bytes"),
    ("curves", "data", b"x", "compressed data"),
    ("curves", "landscape", b"x", "a grid"),
    ("curves", "path", b"x", "curves"),
    ("environments", "description", "[]", "a JSON object"),
    ("environments", "description", '{"versions": 1}', "versions is an object"),
    ("environments", "description", "null", "JSON"),
    ("settings", "budget", "{}", "no budget is given"),
    ("settings", "budget", '{"steps": "x"}', "a whole number"),
    ("settings", "budget", '{"mine": null}', "unknown parameter"),
    ("settings", "checkpoints", '{"count": 0}', "a whole number"),
    ("settings", "measure", "{}", "a JSON list of texts"),
    ("settings", "code", None, "a text"),
    ("meta", "value", "[", "JSON"),
    ("meta", "value", '{"name": 5}', "a text or nothing as the study's name"),
]


@pytest.mark.parametrize(("table", "column", "value", "expected"), WRONG)
def test_a_wrong_value_is_named_with_table_row_and_column(path, table, column, value, expected):
    which = {"trials": "WHERE steps > 0", "curves": "WHERE path IS NOT NULL"}.get(table, "")
    (row,) = executed(path, f"SELECT {columns_of(table)[0]} FROM {table} {which} LIMIT 1")[0]
    first = columns_of(table)[0]
    where = "name = 'study'" if table == "meta" else f"{first} = '{row}'"
    changed(path, f"UPDATE {table} SET {column} = ? WHERE {where}", value)
    name = {"meta": "study"}.get(table, value if column == "key" else row)
    said = refused(lambda: examine(path))
    if value is not None and "NULL value" not in said:
        for one in (f"table {table}, row '{name}'", f"column {column}", expected):
            assert one in said, said
    else:
        assert f"NULL value in {table}.{column}" in said


@pytest.mark.parametrize("table", ["curves", "trials", "environments", "settings", "meta"])
def test_missing_rows_are_an_empty_frame_or_one_line(path, table):
    executed(path, f"DELETE FROM {table}")
    if table == "curves":
        refused(lambda: read(path), "table curves, row", "expected the curve of this trial")
    else:
        read(path)


def test_text_that_is_no_utf_8_is_one_line(path):
    executed(path, "UPDATE trials SET reason = CAST(x'61ff' AS TEXT)")
    refused(lambda: read(path), "reason")


@pytest.mark.parametrize("number", [np.nan, np.inf, -1.0, 2.0**60])
def test_steps_that_are_none_are_named_by_all_who_read_a_curve(path, number, tmp_path):
    for key, text, rows in executed(path, "SELECT key, columns, rows FROM curves WHERE rows > 0"):
        data = zlib.compress(np.full((len(json.loads(text)), rows), number).tobytes())
        executed(path, "UPDATE curves SET data = ? WHERE key = ?", data, key)
    trials, _ = drawn(path, 1)
    for use in (
        lambda: read(path),
        lambda: examine(path),
        lambda: [*verify(path, trials, load_plugins())],
        lambda: merge([path, path], tmp_path / "merged" / STORE_NAME),
    ):
        refused(use, "table curves, row", "column data", "expected steps")


def bomb(path, column, numbers):
    """Give the first trial with a path a value that decompresses to so many zeros."""
    blob = zlib.compress(bytes(8 * numbers), 9)
    executed(path, f"UPDATE curves SET {column} = ? WHERE path IS NOT NULL", blob)


@pytest.mark.parametrize("column", ["data", "landscape", "path"])
def test_a_bomb_takes_no_memory(path, column):
    bomb(path, column, 2**24)
    if column == "data":
        executed(path, "UPDATE curves SET rows = 1000000")
    tracemalloc.start()
    for use in (lambda: read(path), lambda: examine(path)):
        refused(use, "table curves", f"column {'rows' if column == 'data' else column}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * FLOOR


def test_so_many_metrics_are_refused_that_a_frame_takes_minutes(path):
    names = {f"m{i}": 1.0 for i in range(1001)}
    executed(path, "UPDATE trials SET final = ? WHERE steps > 0", json.dumps(names))
    refused(lambda: read(path), "table trials", "column final", "at most 1000 different metrics")


def test_a_curve_of_another_length_than_its_row_says_is_named(path):
    executed(path, "UPDATE curves SET rows = rows + 1")
    for use in (lambda: read(path), lambda: examine(path)):
        refused(use, "table curves, row", "column data", "checkpoints")


def test_a_damaged_number_of_trials_makes_no_list(path, tmp_path):
    executed(path, "UPDATE meta SET value = '1000000000000000' WHERE name = 'planned'")
    executed(path, "CREATE TABLE mine (x)")
    made = recover(path, tmp_path / "recovered" / STORE_NAME)
    assert made.lost == ("trials 13 to 1000000000000000 of 1000000000000000 in the plan: all",)


EVIL = "=1\x1b[2J\x9b\u202e\n\x7fx"


@pytest.fixture
def evil(path):
    """A store whose texts would control a terminal, order a line anew, and be computed."""
    for column in ("optimizer", "problem", "sampler", "optimizer_name", "reason", "contender"):
        executed(path, f"UPDATE trials SET {column} = ? || {column}", EVIL)
    executed(path, "UPDATE trials SET reason = ?, traceback = ?", EVIL, f"a\nb{EVIL}")
    rename = {"loss": EVIL}
    for column in ("final", "best"):
        for key, text in executed(path, f"SELECT key, {column} FROM trials WHERE steps > 0"):
            values = {**json.loads(text), rename["loss"]: 1.0}
            executed(path, f"UPDATE trials SET {column} = ? WHERE key = ?", json.dumps(values), key)
    (study,) = executed(path, "SELECT value FROM meta WHERE name = 'study'")[0]
    executed(
        path,
        "UPDATE meta SET value = ? WHERE name = 'study'",
        json.dumps({**json.loads(study), "name": EVIL}),
    )
    (text,) = executed(path, "SELECT description FROM environments")[0]
    described = {**json.loads(text), "cpu": EVIL, EVIL: "x"}
    executed(path, "UPDATE environments SET description = ?", json.dumps(described))
    return path


def controls(text):
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return {mark for mark in text if unicodedata.category(mark) in kinds} - {"\n"}


def test_control_characters_of_a_store_reach_no_output(evil, monkeypatch, capsys, tmp_path):
    results = load(evil)
    for column in TRIALS:
        if column.shown and column.type == "TEXT" and column.name != "traceback":
            for text in results.trials[column.name].dropna():
                assert text.isprintable(), column.name
    assert results.trials["traceback"][0].startswith("a\nb=1\\x1b[2J\\x9b\\u202e")
    assert results.study["name"] == "=1\\x1b[2J\\x9b\\u202e\\n\\x7fx"
    folder = evil.parent
    words = (
        *(("report", folder, "--format", f"{name}") for name in ("md", "latex", "html")),
        ("export", folder, "--format", "csv"),
        ("compare", folder, folder),
        ("compare", folder, folder, "--format", "github"),
        ("compare", folder, folder, "--format", "junit"),
        ("verify", folder, "--sample", "2"),
        ("merge", folder, folder, "--out", tmp_path / "merged"),
        ("doctor", folder),
    )
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    for one in words:
        text = command(monkeypatch, capsys, *one, codes=(0, 1, 3))
        assert not controls(text), one
    written = [file for file in folder.rglob("*") if file.is_file() and file != evil]
    assert {file.suffix for file in written} >= {".md", ".tex", ".html", ".csv", ".json"}
    for file in written:
        assert not controls(file.read_text(encoding="utf-8")) - {"\t"}, file
    for row in (folder / "export" / "trials.csv").read_text(encoding="utf-8").splitlines():
        assert not re.search(r'(^|,)"?[=@]', row)


def test_numbers_in_csv_keep_their_signs_and_texts_do_not_begin_formulas(path):
    texts = ["=1", "+1", "-1", "@x", "fine"]
    for number, text in enumerate(texts):
        executed(path, "UPDATE trials SET reason = ? WHERE position = ?", text, number)
    executed(path, "UPDATE trials SET minimum = -1.5")
    export(load(path), formats=["csv"])
    frame = pd.read_csv(path.parent / "export" / "trials.csv")
    assert list(frame["reason"][:5]) == ["'=1", "'+1", "'-1", "'@x", "fine"]
    assert (frame["minimum"] == -1.5).all()
    assert list(load(path).trials["reason"][:5]) == texts  # in Python they are as they were


def promises():
    """Yield each cell of the table in the docs: command, what, and whether it may."""
    lines = DOCS.read_text(encoding="utf-8").partition("## A store from a stranger")[2]
    lines = lines.partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in lines.splitlines() if line.startswith("| ")]
    for row in rows[1:]:
        name = re.match(r"`(.+?)`", row[0])[1]
        for what, cell in zip(("import", "run", "file", "address", "write"), row[1:], strict=True):
            yield pytest.param(name, what, cell, id=f"{name}-{what}")


HELPER = """
from pathlib import Path
from optframe_plugins.optimizers.adam import Adam
Path({place!r}, "imported").touch()

class X(Adam):
    def step(self, *given):
        Path({place!r}, "run").touch()
        return super().step(*given)
"""


@pytest.fixture
def hostile(path, tmp_path, monkeypatch):
    """A store that names a module of the working directory, a file, and an address."""
    marks = tmp_path / "marks"
    marks.mkdir()
    here = tmp_path / "here"
    here.mkdir()
    name = f"helper_{random.Random(str(tmp_path)).randrange(10**9)}"
    (here / f"{name}.py").write_text(HELPER.format(place=str(marks)))
    monkeypatch.chdir(here)
    monkeypatch.setattr(
        "optframe_problems.data.libsvm.load_libsvm", lambda path, *more: opened(marks, path)
    )

    def task(number, column, value):
        executed(path, f"UPDATE trials SET {column} = ? WHERE position = ?", value, number)
        key = optframe.store.tasks.read_tasks(path)
        stored = [*key][number]
        made = [*key.values()][number]
        executed(path, "UPDATE curves SET key = ? WHERE key = ?", made.key, stored)
        executed(
            path, "UPDATE trials SET key = ?, cell = ? WHERE key = ?", made.key, made.cell, stored
        )

    task(0, "optimizer_name", f"{name}:X")
    task(1, "optimizer_name", f"{name}.X")
    learning = executed(path, "SELECT position FROM trials WHERE problem_name = 'logistic'")
    for (number,), place in zip(learning, ("/etc/passwd", "http://127.0.0.1:9/x"), strict=False):
        text = executed(path, "SELECT problem_parameters FROM trials WHERE position = ?", number)
        values = {**json.loads(text[0][0]), "data": f'libsvm:path="{place}"'}
        task(number, "problem_parameters", json.dumps(values, sort_keys=True))
    return path, marks


def opened(marks, path):
    (marks / ("address" if "://" in path else "file")).touch()
    raise ValueError("opened")


@pytest.mark.parametrize(("name", "what", "cell"), [*promises()])
def test_a_command_does_with_a_strangers_store_what_the_docs_say(
    hostile, name, what, cell, monkeypatch, capsys, tmp_path
):
    path, marks = hostile
    folder = path.parent
    words = {
        "report": ["report", folder, "--format", "md"],
        "draw": ["draw", "convergence", folder, "-p", "rosenbrock", "--out", tmp_path / "f.svg"],
        "export": ["export", folder, "--format", "csv"],
        "compare": ["compare", folder, folder],
        "merge": ["merge", folder, "--out", tmp_path / "merged"],
        "doctor": ["doctor", folder],
        "verify": ["verify", folder, "--all"],
        "verify --trust": ["verify", folder, "--all", "--trust"],
    }
    before, content = {*tmp_path.rglob("*")}, path.read_bytes()
    if name == "load (in Python)" or name == "load":
        read(path)
    else:
        command(monkeypatch, capsys, *words[name], codes=(0, 1, 3))
    mark = {"import": "imported", "run": "run", "file": "file", "address": "address"}.get(what)
    if mark is not None:
        assert (marks / mark).exists() == (cell == "yes")
        return
    assert path.read_bytes() == content
    new = {one for one in {*tmp_path.rglob("*")} - before if marks not in one.parents}
    new = {one for one in new if "__pycache__" not in one.parts}
    places = {
        "`DIR/report` or `--out`": folder / "report",
        "`DIR/export` or `--out`": folder / "export",
        "the file `--out`": tmp_path / "f.svg",
        "the new folder `--out`": tmp_path / "merged",
    }
    if cell in places:
        assert new
        assert all(one == places[cell] or places[cell] in one.parents for one in new)
    else:
        assert cell in ("nothing", "nothing, or `DIR-recovered`")
        assert not new


def test_steps_that_a_store_does_not_have_are_not_run(path):
    (text,) = executed(path, "SELECT budget FROM settings")[0]
    endless = {**json.loads(text), "steps": 10**15}
    executed(path, "UPDATE settings SET budget = ?", json.dumps(endless))
    tasks = optframe.store.tasks.read_tasks(path)
    for stored, task in tasks.items():
        executed(path, "UPDATE curves SET key = ? WHERE key = ?", task.key, stored)
        executed(path, "UPDATE trials SET key = ? WHERE key = ?", task.key, stored)
    trials, _ = drawn(path, None)
    (found,) = verify(path, trials[:1], load_plugins())
    assert found.agreement is Agreement.NOT
    assert "more than the store has of it" in found.reason


def test_curves_that_repeat_are_no_bombs(tmp_path):
    """Constant curves compress best of all that are honest."""
    study = Study("flat", {"steps": 100_000}, "sgd:lr=1e-9", "quadratic:size=4")
    study = Study("flat", {"steps": 20_000}, "sgd:lr=1e-30", "quadratic:size=4")
    results = optframe.run(study, out=tmp_path)
    assert np.isfinite(results.curves["loss"]).all()
