"""Damage of many kinds: what can be read is in a new store, and the old one is as it was."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optframe import StoreError, Study, load, load_plugins, run
from optframe.store.file import STORE_NAME
from optframe.store.pages import Pages
from optframe.store.recovery import examine, recover
from optframe.store.results import read_tasks
from optframe.store.schema import TABLES, columns_of

PAGE = 4096
REGISTRY = load_plugins()
STUDY = Study(
    "damaged",
    {"steps": 40},
    ["sgd:lr=0.001", "adam", "newton", "momentum"],
    ["rosenbrock", "sphere:size=6"],
    seeds=10,
    start="random",
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A store of 80 trials, all of them with curves."""
    folder = tmp_path_factory.mktemp("sound")
    run(STUDY, folder, registry=REGISTRY)
    return folder / STORE_NAME


@pytest.fixture
def damaged(sound, tmp_path):
    """A copy, to be damaged."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    return shutil.copy(sound, folder / STORE_NAME)


def rows_of(path, table, order="1"):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()


def pages_of(path, table):
    """The numbers of the leaves of a table."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [
            row[0]
            for row in connection.execute(
                "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,)
            )
        ]


def overwrite(path, begin, content):
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(content)


def check_what_is_there(target, sound):
    """Every row of a recovered store is one of the old store; it can be read, and it is sound."""
    examine(target)
    for table in ("environments", "settings", "curves"):
        assert set(rows_of(target, table)) <= set(rows_of(sound, table))
    before = {row[0]: row for row in rows_of(sound, "trials")}
    status = columns_of("trials").index("status")
    ended = [row for row in rows_of(target, "trials") if row[status] != "planned"]
    assert all(row == before[row[0]] for row in ended)
    results = load(target)
    assert len(results.trials) >= len(ended)
    assert len(results.curves) >= len(ended)


def resumed_is_the_same(target, sound):
    """The same study, run on what was recovered, is the old one to the bit."""
    again = run(STUDY, target.parent, registry=REGISTRY)
    before = load(sound)
    drop = ["seconds", "compile_seconds", "started", "environment"]
    for name in ("trials", "curves"):
        frames = [getattr(r, name).drop(columns=drop, errors="ignore") for r in (again, before)]
        pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_the_pages_hold_what_sqlite_reads(sound):
    rows = [*Pages(sound).rows()]
    for table in TABLES:
        if table != "lock":
            assert set(rows_of(sound, table)) <= set(rows)
    written = sum(len(rows_of(sound, table)) for table in (*TABLES, "sqlite_master"))
    assert len(rows) == written


def test_rows_of_every_length_are_read_from_pages_of_every_size(tmp_path, random):
    """Payloads around each limit at which a row goes on in other pages, and every kind of value."""
    for size in (512, 4096, 65536):
        path = tmp_path / f"{size}.sqlite"
        lengths = {*range(120), *(m for n in (1, 2, 3, 8) for m in range(n * size - 60, n * size))}
        numbers = [s * (2**n + d) for n in range(63) for s in (1, -1) for d in (-1, 0, 1)]
        values = [random.bytes(length) for length in sorted(lengths)]
        values += ["θ" * int(length) for length in random.integers(0, 9000, 20)]
        values += [*numbers, *random.normal(size=9).tolist(), None, "", b"", np.inf, -0.0]
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA page_size = {size}")
            connection.execute("CREATE TABLE t (a, b)")
            connection.executemany(
                "INSERT INTO t VALUES (?, ?)", ((v, i) for i, v in enumerate(values))
            )
            connection.commit()
        read = {row[1]: row[0] for row in Pages(path).rows() if len(row) == 2}
        assert [read[i] for i in range(len(values))] == values
        assert len(read) == len(values)


def test_a_sound_store_is_told_apart(sound):
    assert sum(examine(sound).values()) == 80
    recovered = recover(sound, sound.with_name("again") / STORE_NAME)
    assert recovered.lost == ()
    assert (recovered.trials, recovered.planned) == (80, 0)
    for table in ("meta", "environments", "settings", "trials", "curves"):
        assert rows_of(recovered.path, table) == rows_of(sound, table)


@pytest.mark.parametrize("table", ["trials", "curves"])
def test_a_zeroed_leaf_costs_its_rows(sound, damaged, table, random):
    page = int(random.choice(pages_of(damaged, table)))
    overwrite(damaged, (page - 1) * PAGE, bytes(PAGE))
    content = damaged.read_bytes()
    with pytest.raises(StoreError):
        examine(damaged)
    recovered = recover(damaged, damaged.parent.with_name("new") / STORE_NAME)
    assert damaged.read_bytes() == content
    check_what_is_there(recovered.path, sound)
    gone = 80 - recovered.trials
    assert 0 < gone <= 20
    assert recovered.curves == 80 - gone
    if table == "curves":
        assert recovered.planned == gone == len(recovered.lost)
        assert all(line.endswith(": its curve") and " on " in line for line in recovered.lost)
    else:
        assert sum("all but its curve" in line for line in recovered.lost) == gone
    resumed_is_the_same(recovered.path, sound)


def inside(row):
    """What a curve's row says; the last bits of what is compressed mean nothing."""
    _, columns, rows, data, _ = row
    return columns, rows, zlib.decompress(data)


def test_every_flipped_byte_is_noticed_or_harmless(sound, damaged, random):
    """Wherever a byte changes: what is recovered is what was written, or is named."""
    content = damaged.read_bytes()
    curves = {row[0]: inside(row) for row in rows_of(sound, "curves")}
    places = random.integers(100, len(content), 60)
    for number, place in enumerate(places.tolist()):
        overwrite(damaged, place, bytes([content[place] ^ 1 << int(random.integers(8))]))
        target = damaged.parent.with_name(f"new{number}") / STORE_NAME
        recovered = recover(damaged, target)
        assert recovered.trials >= 60
        for row in rows_of(target, "curves"):
            assert inside(row) == curves[row[0]]
        if recovered.trials < 80:
            assert recovered.lost
        overwrite(damaged, place, content[place : place + 1])


def test_a_garbage_header_costs_nothing(sound, damaged, random):
    overwrite(damaged, 0, random.bytes(100))
    recovered = recover(damaged, damaged.parent.with_name("new") / STORE_NAME)
    assert recovered.lost == ()
    assert recovered.trials == 80
    check_what_is_there(recovered.path, sound)


def test_a_broken_tree_costs_nothing(sound, damaged):
    """The pages above the leaves are gone, and the schema, too."""
    with contextlib.closing(sqlite3.connect(damaged)) as connection:
        above = [
            row[0]
            for row in connection.execute("SELECT pageno FROM dbstat WHERE pagetype = 'internal'")
        ]
    for page in (1, *above):
        overwrite(damaged, (page - 1) * PAGE, bytes(PAGE))
    recovered = recover(damaged, damaged.parent.with_name("new") / STORE_NAME)
    assert len(above) > 1
    assert recovered.lost == ()
    assert recovered.trials == 80
    check_what_is_there(recovered.path, sound)


def test_a_truncated_file_keeps_its_beginning(sound, damaged, random):
    length = int(random.integers(damaged.stat().st_size // 2, damaged.stat().st_size))
    os.truncate(damaged, length)
    recovered = recover(damaged, damaged.parent.with_name("new") / STORE_NAME)
    assert recovered.trials > 0
    check_what_is_there(recovered.path, sound)
    if recovered.trials < 80:
        assert recovered.lost
    resumed_is_the_same(recovered.path, sound)


KILLED = """
import os, signal, sys
from pathlib import Path
import optframe
from optframe.store.writer import Store
sys.path.insert(0, "tests"); from test_recovery import REGISTRY, STUDY

class Killer:
    left = int(sys.argv[2])
    @optframe.hookimpl
    def optframe_trial_finished(self, trial):
        Killer.left -= 1
        if not Killer.left:
            os.kill(os.getpid(), signal.SIGKILL)

REGISTRY.watch(Killer())
optframe.run(STUDY, Path(sys.argv[1]), registry=REGISTRY)
"""


@pytest.fixture
def killed(tmp_path):
    """A store as a kill leaves it, after 30 of 80 trials, with most of it in the log."""
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), "30"]
    subprocess.run(command, cwd=root, check=False)
    path = tmp_path / "killed" / STORE_NAME
    assert path.with_name(STORE_NAME + "-wal").stat().st_size > 0
    return path


def test_what_is_in_the_log_is_read(killed, sound, random):
    overwrite(killed, 0, random.bytes(100))
    recovered = recover(killed, killed.parent.with_name("new") / STORE_NAME)
    assert (recovered.trials, recovered.planned, recovered.lost) == (30, 50, ())
    resumed_is_the_same(recovered.path, sound)


def test_a_log_that_breaks_off_counts_up_to_its_last_whole_transaction(killed, sound, random):
    log = killed.with_name(STORE_NAME + "-wal")
    os.truncate(log, int(random.integers(log.stat().st_size // 2, log.stat().st_size)))
    pages = [*Pages(killed).rows()]
    with contextlib.closing(sqlite3.connect(killed)) as connection:
        there = connection.execute("SELECT * FROM curves").fetchall()
    assert set(there) == {row for row in pages if len(row) == 5 and isinstance(row[3], bytes)}


def test_a_lost_log_costs_what_was_in_it(killed, sound):
    killed.with_name(STORE_NAME + "-wal").unlink()
    try:
        examine(killed)
    except StoreError:
        killed = recover(killed, killed.parent.with_name("new") / STORE_NAME).path
    resumed_is_the_same(killed, sound)


def test_nothing_of_ours_is_said_so(tmp_path, random):
    path = tmp_path / "strange"
    path.write_bytes(random.bytes(20000))
    with pytest.raises(StoreError, match="nothing in it can be read as a store's"):
        recover(path, tmp_path / "new" / STORE_NAME)
    assert not (tmp_path / "new").exists()


def test_trials_are_what_was_planned(sound):
    planned = {trial.key: trial for trial in STUDY.trials(REGISTRY)}
    assert read_tasks(sound) == planned
    assert all(trial.key == key for key, trial in read_tasks(sound).items())
