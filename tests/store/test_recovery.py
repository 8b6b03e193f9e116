"""Damage of many kinds: what can be read is in a new store, and the old one is as it was."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import pandas as pd
import pytest

from optframe import StoreError, Study, load, load_plugins, run
from optframe.store import salvage
from optframe.store.file import STORE_NAME
from optframe.store.recovery import examine, recover
from optframe.store.salvage import readable_rows
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


def pages_of(path, table, kind="leaf"):
    """The numbers of the pages of a table: its leaves, or those above them."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [
            row[0]
            for row in connection.execute(
                "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ?", (table, kind)
            )
        ]


def zero(path, page):
    overwrite(path, (page - 1) * PAGE, bytes(PAGE))


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
    drop = ["seconds", "compile_seconds", "started", "load", "environment"]
    for name in ("trials", "curves"):
        frames = [getattr(r, name).drop(columns=drop, errors="ignore") for r in (again, before)]
        pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_of_a_sound_store_every_row_is_read_once(sound):
    tables = [table for table in TABLES if table != "lock"]
    rows = [row for table in tables for row in rows_of(sound, table)]
    assert sorted(readable_rows(sound), key=repr) == sorted(rows, key=repr)


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
    zero(damaged, page)
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
    _, columns, rows, data, *_ = row
    return columns, rows, zlib.decompress(data)


def test_every_flipped_byte_is_noticed_or_harmless(sound, damaged, random):
    """Wherever a byte changes: what is recovered is what was written, or is named.

    A byte costs at most the rows of its page, unless a table begins there.
    """
    content = damaged.read_bytes()
    curves = {row[0]: inside(row) for row in rows_of(sound, "curves")}
    first = {page for table in ("trials", "curves") for page in pages_of(sound, table, "internal")}
    places = random.integers(100, len(content), 60)
    for number, place in enumerate(places.tolist()):
        overwrite(damaged, place, bytes([content[place] ^ 1 << int(random.integers(8))]))
        target = damaged.parent.with_name(f"new{number}") / STORE_NAME
        recovered = recover(damaged, target)
        assert recovered.trials >= 60 or place // PAGE + 1 in first
        for row in rows_of(target, "curves"):
            assert inside(row) == curves[row[0]]
        if recovered.trials < 80:
            assert recovered.lost
        overwrite(damaged, place, content[place : place + 1])


@pytest.mark.parametrize("table", ["trials", "curves"])
def test_a_damaged_place_of_a_row_costs_its_page(sound, damaged, table, random):
    """A page says where its rows are; one that is read elsewhere has another number."""
    content = damaged.read_bytes()
    for number, page in enumerate(random.choice(pages_of(sound, table), 20).tolist()):
        place = (page - 1) * PAGE + int(random.integers(8, 10))
        overwrite(damaged, place, bytes([content[place] ^ 1 << int(random.integers(8))]))
        assert recover(damaged, damaged.parent.with_name(f"new{number}") / STORE_NAME).trials >= 60
        overwrite(damaged, place, content[place : place + 1])


@pytest.mark.parametrize("length", [100, PAGE])
def test_a_garbage_header_or_first_page_costs_nothing(sound, damaged, random, length):
    overwrite(damaged, 0, random.bytes(length))
    recovered = recover(damaged, damaged.parent.with_name("new") / STORE_NAME)
    assert recovered.lost == ()
    assert recovered.trials == 80
    check_what_is_there(recovered.path, sound)


def test_a_table_is_read_under_a_name_that_has_changed(damaged):
    """Whose definition cannot be parsed, or is of no table of ours."""
    with contextlib.closing(sqlite3.connect(damaged)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        changes = (("trials", "CREATE TABLE tri als"), ("curves", "CREATE TABLE carves"))
        for name, begin in changes:
            connection.execute(
                "UPDATE sqlite_master SET sql = ? || substr(sql, 20) WHERE name = ?", (begin, name)
            )
        connection.commit()
    recovered = recover(damaged, damaged.parent.with_name("new") / STORE_NAME)
    assert (recovered.trials, recovered.lost) == (80, ())


@pytest.mark.parametrize(("table", "what"), [("trials", "all but its curve"), ("curves", "curve")])
def test_without_the_page_at_which_it_begins_a_table_is_lost(sound, damaged, table, what):
    for page in pages_of(damaged, table, "internal"):
        zero(damaged, page)
    recovered = recover(damaged, damaged.parent.with_name("new") / STORE_NAME)
    assert (recovered.trials, recovered.curves) == (0, 0)
    assert recovered.planned == {"trials": 0, "curves": 80}[table]
    assert sum(line.endswith(f": {what}") or what in line for line in recovered.lost) == 80
    check_what_is_there(recovered.path, sound)
    resumed_is_the_same(recovered.path, sound)


def test_what_recover_of_sqlite_found_is_taken(sound, tmp_path):
    """Its ``.recover`` puts rows whose table it does not know into one, with values to spare."""
    path = tmp_path / "more.sqlite"
    width = len(columns_of("trials"))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        values = ", ".join(f"c{i}" for i in range(width))
        connection.execute(
            f"CREATE TABLE lost_and_found (rootpgno INTEGER, pgno INTEGER, nfield INTEGER, "
            f"id INTEGER, {values})"
        )
        for table in ("meta", "environments", "settings", "trials", "curves"):
            for number, row in enumerate(rows_of(sound, table), start=1):
                given = (9, 10, len(row), number, *row, *[None] * (width - len(row)))
                marks = ", ".join("?" * len(given))
                connection.execute(f"INSERT INTO lost_and_found VALUES ({marks})", given)
        connection.commit()
    with pytest.raises(StoreError, match="another program's SQLite file"):
        examine(path)
    recovered = recover(path, tmp_path / "new" / STORE_NAME)
    assert (recovered.trials, recovered.planned, recovered.lost) == (80, 0, ())
    check_what_is_there(recovered.path, sound)


def test_pages_that_are_listed_twice_are_read_once(sound, damaged):
    """A table whose last leaf is its first one again, which SQLite does not notice by itself."""
    (root,) = pages_of(damaged, "trials", "internal")
    begin = (root - 1) * PAGE
    page = damaged.read_bytes()[begin : begin + PAGE]
    cell = int.from_bytes(page[12:14])
    overwrite(damaged, begin + 8, page[cell : cell + 4])
    with contextlib.closing(sqlite3.connect(damaged)) as connection:
        keys = [row[0] for row in connection.execute("SELECT key FROM trials NOT INDEXED")]
    assert len(keys) > len({*keys})
    found = [row[0] for row in readable_rows(damaged) if len(row) == len(columns_of("trials"))]
    assert sorted(found) == sorted({*keys})


def test_what_sqlite_may_refuse_is_bounded(damaged, monkeypatch):
    """Where nobody knows the last row, what follows a damaged page is tried for so long."""
    *_, last = pages_of(damaged, "trials")
    for page in (last, *pages_of(damaged, "sqlite_autoindex_trials_1")):
        zero(damaged, page)
    monkeypatch.setattr(salvage, "MOST_REFUSED", 200)
    asked = []
    with contextlib.closing(sqlite3.connect(damaged)) as connection:
        connection.set_trace_callback(asked.append)
        rows = [*salvage._rows(connection, "trials")]
    assert 60 <= len(rows) < 80
    assert 200 <= len(asked) <= 410


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
sys.path.insert(0, "tests/store"); from test_recovery import REGISTRY, STUDY

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
    rows = [*readable_rows(killed)]
    with contextlib.closing(sqlite3.connect(killed)) as connection:
        there = connection.execute("SELECT * FROM curves").fetchall()
    assert set(there) == {row for row in rows if len(row) == 6 and isinstance(row[3], bytes)}


JOURNALED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = DELETE")
connection.execute("PRAGMA cache_size = 1")  # pages are written before the transaction ends
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE curves SET data = zeroblob(length(data))")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_rollback_journal_takes_back_is_taken_back_on_a_copy(sound, damaged, random):
    subprocess.run([sys.executable, "-c", JOURNALED, str(damaged)], check=False)
    zero(damaged, int(random.choice(pages_of(sound, "trials"))))
    journal = damaged.with_name(f"{STORE_NAME}-journal")
    content = damaged.read_bytes(), journal.read_bytes()
    recovered = recover(damaged, damaged.parent.with_name("new") / STORE_NAME)
    assert (damaged.read_bytes(), journal.read_bytes()) == content
    check_what_is_there(recovered.path, sound)
    assert 60 <= recovered.trials == recovered.curves < 80


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
    with pytest.raises(StoreError, match=r"nothing in it can be read as a store's.*\.recover"):
        recover(path, tmp_path / "new" / STORE_NAME)
    assert not (tmp_path / "new").exists()


def test_large_seeds_are_recovered(tmp_path):
    study = Study("large", {"steps": 3}, ["sgd"], ["noisy-quadratic"], seed=2**100, seeds=3)
    run(study, tmp_path / "old", registry=REGISTRY)
    found = recover(tmp_path / "old" / STORE_NAME, tmp_path / "new" / STORE_NAME)
    assert (found.trials, found.lost) == (3, ())
    assert load(tmp_path / "new").trials["study_seed"].tolist() == [2**100] * 3
