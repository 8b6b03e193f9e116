"""Damaged and hostile stores, and the commands that read them.

``python tests/store/fuzz.py STORES [SEED]`` makes so many stores, runs each command on each of
them, and prints what ended otherwise than with a result or one line: it must print no line.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import tomllib
import traceback
import warnings
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

import optframe
from optframe import OptframeError, Space, Study, load, load_plugins
from optframe.execution.runner import run_study
from optframe.execution.trial_runner import TrialRunner
from optframe.gate import compare, open_source
from optframe.gate.verification import drawn, verify
from optframe.store.export import export
from optframe.store.file import STORE_NAME
from optframe.store.merging import merge
from optframe.store.recovery import examine, recover
from optframe.store.schema import TABLES, columns_of
from optframe.store.tuned_study import tuned_study
from optframe.store.writer import Store

SECONDS = 20
"""A command that takes longer hangs: sound stores take a fraction of a second."""

MEMORY = 3 * 2**30
"""Bytes of address space of the script; libraries alone take about 1 GiB."""

TEXTS = (
    *(
        "",
        " ",
        "x",
        "nan",
        "NaN",
        "inf",
        "true",
        "null",
        "[]",
        "{}",
        "{",
        '"',
        "[1, 2]",
        "1" * 5000,
    ),
    *('{"a": 1}', '{"loss": "x"}', '{"loss": NaN}', '{"loss": [1]}', '{"loss": null}', '{"": 1}'),
    *('{"steps": "x"}', '{"steps": -1}', '{"name": 5}', '{"count": 0}', '["loss"]', '["step"]'),
    *(
        "[" * 3000,
        '{"a":' * 3000,
        "9" * 400,
        "\x1b[2J\x1b]0;x\x07",
        "a\u202eb\u2066",
        "a\nb\r\nc\x00d",
    ),
    *("=1+1", "+1", "-1", "@x", "\tx", "\rx", "<script>x</script>", "$\\frac{$", "a|b", "helper:X"),
    *(
        "torch.optim.SGD",
        "../../x",
        "/etc/passwd",
        "http://127.0.0.1:9/x",
        "x" * 100_000,
        "planned",
    ),
    *(
        "finished",
        "recording",
        "tune",
        "recorded",
        "float16",
        "cupy",
        "-0",
        "\ud7ff",
        "%s{0}",
        "&amp;",
    ),
)
NUMBERS = (0, 1, -1, 2, 7, 2**31, 2**53 + 1, 2**62, -(2**63), 0.5, -0.5, 1e308, -1e308, 1e-320)
VALUES = (None, *TEXTS, *NUMBERS, float("inf"), float("-inf"), b"", b"\x00\xff" * 9, b"x")

FOREIGN = {
    "a table": "CREATE TABLE mine (x)",
    "a view": "CREATE VIEW mine AS SELECT 1",
    "an index": "CREATE INDEX mine ON trials (status)",
    "an expression": "CREATE INDEX mine ON trials (abs(seed))",
    "a trigger": "CREATE TRIGGER mine AFTER INSERT ON trials BEGIN UPDATE trials SET status = "
    "'finished'; END",
    "a column": "ALTER TABLE trials ADD COLUMN mine",
    "a computed column": "ALTER TABLE trials ADD COLUMN mine AS (hex(zeroblob(400000000)))",
    "a search": "CREATE VIRTUAL TABLE mine USING fts5 (x)",
    "no lock": "DROP TABLE lock",
    "no trials": "DROP TABLE trials",
    "no curves": "DROP TABLE curves",
}
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"


STUDY = Study(
    "stranger",
    {"steps": 12},
    ["adam", "newton"],
    ["rosenbrock", "quadratic:size=4", "logistic:data=iris"],
    samplers=["shuffled:batch_size=16"],
    seeds=2,
    start="random",
)


def base(folder: Path) -> Path:
    """Run a small study of all kinds of problems, and return its store."""
    run_study(STUDY, folder, load_plugins())
    return folder / STORE_NAME


def tuned(folder: Path) -> Path:
    """Run the study, its trials of adam after a search on each problem, and return its store."""
    path = base(folder)
    trials = STUDY.trials(REGISTRY)
    own = {"contender": "adam", "study": 0}
    adam = [replace(trial, **own) for trial in trials if trial.optimizer.name == "adam"]
    tune = [replace(t, stage="tune", number=t.seed, round=0) for t in adam]
    settings = [{"lr": 0.001, "form": "a"}, {"lr": 0.01, "form": "b"}]
    searches = [
        {
            "contender": "adam",
            "problem": trial.problem.label,
            "sampler": trial.sampler.label,
            "study": 0,
            "space": {"lr": Space(1e-4, 1e-1), "form": Space(values=("a", "b"))},
            "tuner": {"name": "random", "trials": 2, "seeds": 1, "at": "end", "adaptive": False},
            "seed": 2**62,
            "closed": True,
            "winner": {"number": 1, "setting": settings[1]},
            "proposals": [settings[:1], settings[1:]],
        }
        for trial in adam
        if trial.seed == 0
    ]
    runner = TrialRunner(REGISTRY, None, "numpy", 1, None)
    records = [record for trial in tune for record in runner([trial])]
    with Store(folder) as store:
        store.plan(tune, {"name": "stranger", "seed": 0, "seeds": 2})
        store.extend([*adam, *trials], searches)
        store.save(records, {"machine": "a test"})
    return path


def damaged(source: Path, folder: Path, chance: random.Random) -> str:
    """Copy a store into a folder and damage the copy; return what was done."""
    path = folder / STORE_NAME
    shutil.copyfile(source, path)
    kinds = [
        _bytes,
        _value,
        _value,
        _value,
        _value,
        _values,
        _rows,
        _curve,
        _curve,
        _schema,
        _beside,
    ]
    done = [chance.choice(kinds)(path, chance) for _ in range(1 + (chance.random() < 0.2))]
    return "; ".join(done)


def changed(path: Path, statement: str, *values: object) -> None:
    """Change a store in a way that its own constraints forbid, too."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        kept = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
        for name, sql in kept.items():
            loose = sql.replace(" NOT NULL", "").replace("CHECK (only = 1)", "")
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (loose, name))
        connection.commit()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(statement, values)
        connection.execute("PRAGMA writable_schema = ON")
        for name, sql in kept.items():
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, name))
        connection.commit()


def _bytes(path: Path, chance: random.Random) -> str:
    content = bytearray(path.read_bytes())
    how = chance.choice(["bits", "page", "cut", "swap", "header"])
    if how == "bits":
        for _ in range(chance.choice([1, 4, 40])):
            content[chance.randrange(len(content))] = chance.randrange(256)
    elif how == "header":
        content[chance.randrange(16, 100)] = chance.randrange(256)
    elif how == "cut":
        del content[chance.randrange(len(content)) :]
    else:
        pages = [chance.randrange(len(content) // 4096) * 4096 for _ in range(2)]
        one, other = (bytes(content[p : p + 4096]) for p in pages)
        content[pages[0] : pages[0] + 4096] = other if how == "swap" else bytes(4096)
        content[pages[1] : pages[1] + 4096] = one
    path.write_bytes(content)
    return f"bytes: {how}"


def _value(path: Path, chance: random.Random) -> str:
    table = chance.choice([*TABLES, "trials", "trials", "curves", "meta"])
    column = chance.choice(columns_of(table))
    value = chance.choice(VALUES)
    where = chance.choice(["", f"WHERE rowid = {chance.randrange(1, 13)}"])
    return _set(path, table, column, value, where)


def _set(path: Path, table: str, column: str, value: object, where: str) -> str:
    text = f"UPDATE {table} SET {column} = ? {where}"
    with contextlib.suppress(sqlite3.Error):
        changed(path, text, value)
    return f"{text}, {value!r:.60}"


def _values(path: Path, chance: random.Random) -> str:
    """Texts that are no UTF-8, JSON with one wrong value, the same value twice."""
    how = chance.choice(["no UTF-8", "JSON", "study", "twice"])
    if how == "no UTF-8":
        table = chance.choice([*TABLES])
        column = chance.choice(columns_of(table))
        text = f"UPDATE {table} SET {column} = CAST(x'61eda08062ff' AS TEXT)"
    elif how == "twice":
        column = chance.choice(["position", "seed", "optimizer", "problem", "cell", "contender"])
        text = f"UPDATE trials SET {column} = (SELECT max({column}) FROM trials)"
    else:
        columns = [("environments", "description"), ("settings", "budget")]
        columns += [("settings", "checkpoints"), ("trials", "final"), ("trials", "best")]
        columns += [("trials", "hyperparameters"), ("trials", "problem_parameters")]
        columns += [("tunings", name) for name in ("space", "tuner", "winner")]
        table, column = ("meta", "value") if how == "study" else chance.choice(columns)
        which = "WHERE name = 'study'" if how == "study" else ""
        with (
            contextlib.closing(sqlite3.connect(path)) as connection,
            contextlib.suppress(Exception),
        ):
            (found,) = connection.execute(f"SELECT {column} FROM {table} {which}").fetchone()
            value = json.loads(found)
            name = chance.choice([*value])
            value[name] = chance.choice([None, 1, -1, 1e400, "x", "\x1b[1m", [], {}, [[1]], True])
            if chance.random() < 0.2:
                del value[name]
            return _set(path, table, column, json.dumps(value), which)
        return "nothing"
    with contextlib.suppress(sqlite3.Error):
        changed(path, text)
    return text


def _rows(path: Path, chance: random.Random) -> str:
    table = chance.choice([*TABLES])
    which = chance.choice(["", f"WHERE rowid = {chance.randrange(1, 13)}", "WHERE rowid > 6"])
    text = f"DELETE FROM {table} {which}"
    with contextlib.suppress(sqlite3.Error):
        changed(path, text)
    return text


def _curve(path: Path, chance: random.Random) -> str:
    with contextlib.closing(sqlite3.connect(path)) as connection, contextlib.suppress(Exception):
        found = connection.execute("SELECT key, columns, rows, data FROM curves").fetchall()
        key, text, rows, data = chance.choice([one for one in found if one[2]])
        names = json.loads(text)
        values = np.frombuffer(zlib.decompress(data), "<f8").reshape(len(names), rows).copy()
        how = chance.choice(
            ["numbers", "rows", "names", "bomb", "short", "landscape", "path", "all"]
        )
        if how == "numbers":
            number = chance.choice([np.nan, np.inf, -np.inf, -1.0, 0.5, 1e300, 1e-320, 0.0])
            values[chance.randrange(len(names)), chance.choice([0, -1, slice(None)])] = number
        elif how == "all":
            values[:] = chance.choice([np.nan, np.inf, 0.0, -1.0])
        elif how == "short":
            values = values[:, : chance.randrange(rows)]
        elif how == "names":
            names[chance.randrange(len(names))] = chance.choice(
                ["", "step", "x", "seconds", 5, None]
            )
        number = chance.choice([0, -1, rows + 1, 10**6, 10**12, 2**62]) if how == "rows" else rows
        data = zlib.compress(values.tobytes(), 1)
        if how == "bomb":
            data = zlib.compress(bytes(2**27), 9)
            number = chance.choice([rows, 2**24 // len(names)])
        heads = [
            [[10**9], [1], [1]],
            [[-1], [1], [2]],
            [[2**62], [4], [4]],
            [],
            ["x"],
            5,
            [[2], [2]],
        ]
        head = json.dumps(chance.choice(heads)).encode()
        blob = chance.choice(
            [zlib.compress(head + b"\n" + bytes(64)), zlib.compress(bytes(2**26)), b""]
        )
        connection.execute(
            "UPDATE curves SET columns = ?, rows = ?, data = ? WHERE key = ?",
            (json.dumps(names), number, data, key),
        )
        if how in ("landscape", "path"):
            connection.execute(f"UPDATE curves SET {how} = ? WHERE key = ?", (blob, key))
        connection.commit()
        return f"curve: {how}, {number} rows"
    return "nothing"


def _schema(path: Path, chance: random.Random) -> str:
    name = chance.choice([*FOREIGN, "endless", "a table's view"])
    opened = contextlib.closing(sqlite3.connect(path))
    with opened as connection, contextlib.suppress(sqlite3.Error):
        if name in FOREIGN:
            connection.execute(FOREIGN[name])
        else:
            table = chance.choice([*TABLES])
            names = columns_of(table)
            source = "n" if name == "endless" else "was"
            select = ", ".join("x" if name == "endless" else one for one in names)
            connection.execute(f"ALTER TABLE {table} RENAME TO was")
            head = ENDLESS if name == "endless" else ""
            listed = ", ".join(names)
            text = f"CREATE VIEW {table} ({listed}) AS {head} SELECT {select} FROM {source}"
            connection.execute(text)
            if chance.random() < 0.5:
                connection.execute("DROP TABLE was")
        connection.commit()
    return f"schema: {name}"


def _beside(path: Path, chance: random.Random) -> str:
    end = chance.choice(["-wal", "-journal"])
    content = path.read_bytes()
    head = bytes.fromhex(chance.choice(["377f0682002de218", "d9d505f920a163d7", ""]))
    path.with_name(path.name + end).write_bytes(head + content[: chance.choice([0, 600, 9000])])
    return f"beside: {end}"


PARTS = (
    *("trials", "curves", "paths", "environments", "study", "landscapes", "metrics"),
    *("tuning", "tuning_curves", "tunings", "winners"),
)


def _load(path: Path, work: Path, sound: Path) -> None:
    results = load(path)
    for part in PARTS:
        getattr(results, part)
    repr(results)
    results.standings()


def _report(path: Path, work: Path, sound: Path) -> None:
    optframe.report(path, work / "report", format="md", registry=REGISTRY)


def _export(path: Path, work: Path, sound: Path) -> None:
    results = load(path)
    export(results, work / "export", ("csv",))
    text, _ = tuned_study(results)
    tomllib.loads(text)


def _compare(path: Path, work: Path, sound: Path) -> None:
    from optframe.gate.formats import render

    for one, other in ((path, sound), (sound, path)):
        render(compare(open_source(one), open_source(other)), "text")


def _merge(path: Path, work: Path, sound: Path) -> None:
    merge([path, sound], work / "merged" / STORE_NAME)


def _doctor(path: Path, work: Path, sound: Path) -> None:
    try:
        examine(path)
    except OptframeError:
        made = recover(path, work / "recovered" / STORE_NAME)
        examine(made.path)  # what doctor makes is sound


def _verify(path: Path, work: Path, sound: Path) -> None:
    trials, _ = drawn(path, 1)
    for one in verify(path, trials, REGISTRY):
        str(one)


COMMANDS = {
    "load": _load,
    "report": _report,
    "export": _export,
    "compare": _compare,
    "merge": _merge,
    "doctor": _doctor,
    "verify": _verify,
}
REGISTRY = load_plugins()


class Hung(BaseException):
    """A command took too long."""


def _late(number: int, frame: object) -> None:
    raise Hung


def ended(command: str, path: Path, sound: Path) -> tuple[str, str]:
    """Run a command; return how it ended, 'result', 'line' or what is wrong, and the details."""
    with tempfile.TemporaryDirectory() as work, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        before = signal.signal(signal.SIGALRM, _late)
        signal.alarm(SECONDS)
        try:
            COMMANDS[command](path, Path(work), sound)
        except OptframeError as error:
            if command != "merge" and ("\n" in str(error) or not str(error).isprintable()):
                return "more than a line", repr(str(error))
            return "line", str(error)
        except Hung:
            return "hang", traceback.format_exc()
        except BaseException:
            return "traceback", traceback.format_exc()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        return "result", ""


def fuzz(count: int, seed: int, folder: Path) -> tuple[Counter, list[str]]:
    """Return how commands on so many damaged stores ended, and what is wrong with some."""
    counts: Counter = Counter()
    wrong: list[str] = []
    sound = tuned(folder / "sound")
    for number in range(seed, seed + count):
        place = folder / f"store{number}"
        place.mkdir()
        what = damaged(sound, place, random.Random(number))
        for command in COMMANDS:
            path = place / STORE_NAME
            how, details = ended(command, path, sound)
            counts[command, how] += 1
            if how not in ("result", "line"):
                wrong.append(f"{number}: {command}: {how}: {what}\n{details}")
        shutil.rmtree(place)
    return counts, wrong


def main(count: int = 1000, seed: int = 0) -> int:
    """Fuzz so many stores; print the counts and what is wrong."""
    import resource  # not on Windows

    # Where SQLite itself does not end, no alarm is heard.
    faulthandler.dump_traceback_later(SECONDS * 7 * count, exit=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        counts, wrong = fuzz(count, seed, Path(folder))
    for one in wrong:
        print(one)
    for (command, how), times in sorted(counts.items()):
        print(f"{command:8} {how:17} {times}")
    print(f"{count} stores, {counts.total()} commands, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main(*map(int, sys.argv[1:])))
