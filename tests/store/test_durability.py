"""Full disks, places that may not be written to, other machines, and stores of older formats."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from optframe import StoreError, Study, load, load_plugins, run
from optframe.contracts.columns import TRIALS
from optframe.contracts.record import Record
from optframe.execution.runner import PATIENCE, _Saver
from optframe.store import locks as file_systems_module
from optframe.store.file import STORE_NAME
from optframe.store.locks import SHARED, FolderLock, is_shared, kind_of
from optframe.store.recovery import examine
from optframe.store.schema import FORMAT, FORMATS, TABLES, columns_of
from optframe.store.tasks import read_tasks
from optframe.store.writer import Store

REGISTRY = load_plugins()
TIMED = ["seconds", "compile_seconds", "started", "load", "environment"]


def study(name="small", **given):
    fields = {"budget": {"steps": 10}, "optimizers": ["adam", "sgd:lr=0.001"], "seeds": 3}
    return Study(name, **{**fields, **given}, problems="rosenbrock", start="random")


def query(path, text):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(text).fetchall()


def as_of(path, version):
    """Bring a store back to an older format: its tables, as they were made then."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table, declared in TABLES.items():
            names = columns_of(table, version)
            if names:
                kept = [d for d in declared.split(",") if d.split()[0] in names]
                connection.execute(f"CREATE TABLE older ({','.join(kept)})")
                connection.execute(f"INSERT INTO older SELECT {','.join(names)} FROM {table}")
            connection.execute(f"DROP TABLE {table}")
            if names:
                connection.execute(f"ALTER TABLE older RENAME TO {table}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()


def test_the_formats_have_the_columns_that_they_had():
    counts = [len(columns_of("trials", version)) for version in FORMATS]
    assert counts == [41, 42, 45, 46, 57, 58]
    for table, first in (("settings", 4), ("tunings", 5)):
        there = [bool(columns_of(table, version)) for version in FORMATS]
        assert there == [version >= first for version in FORMATS]
    assert [len(columns_of("curves", version)) for version in FORMATS] == [5, 5, 5, 5, 6, 6]
    assert [len(columns_of("tunings", version)) for version in FORMATS][4:] == [11, 13]
    for table in TABLES:
        assert columns_of(table) == columns_of(table, FORMAT)


@pytest.mark.parametrize("version", [*FORMATS][:-1])
def test_an_older_format_is_read_as_it_is_and_migrated_when_it_is_written(tmp_path, version):
    run(study(seeds=2), tmp_path, registry=REGISTRY)
    path = tmp_path / STORE_NAME
    trials, curves = load(tmp_path).trials, load(tmp_path).curves
    as_of(path, version)
    content = path.read_bytes()
    older = load(tmp_path)
    assert older.trials["stage"].eq("final").all()
    assert older.trials["origin"].eq("planned").all()
    lacking = [c.name for c in TRIALS if c.since > version and c.shown and c.before == "NULL"]
    assert older.trials[lacking].isna().all(axis=None)
    pd.testing.assert_frame_equal(older.trials.drop(columns=lacking), trials.drop(columns=lacking))
    pd.testing.assert_frame_equal(older.curves, curves)
    assert bool(read_tasks(path)) == (version >= 4)
    assert path.read_bytes() == content
    run(study(seeds=3), tmp_path, registry=REGISTRY)
    assert query(path, "PRAGMA user_version") == [(FORMAT,)]
    for table in TABLES:
        described = query(path, f"PRAGMA table_info({table})")
        assert tuple(row[1] for row in described) == columns_of(table)
    assert "trials_by_cell" in {row[1] for row in query(path, "PRAGMA index_list(trials)")}
    after = load(tmp_path).trials.set_index("key").loc[trials["key"]].reset_index()
    assert len(load(tmp_path).trials) == 6
    drop = ["position", *lacking]  # what the older format lacked stays unknown
    pd.testing.assert_frame_equal(
        after.drop(columns=drop), trials.drop(columns=drop), check_like=True
    )
    assert all(trial.key == key for key, trial in read_tasks(path).items())
    assert len(read_tasks(path)) == 6


def test_a_kill_while_a_store_is_migrated_leaves_the_old_one(tmp_path, monkeypatch):
    run(study(seeds=1), tmp_path, registry=REGISTRY)
    as_of(tmp_path / STORE_NAME, 1)
    before = query(tmp_path / STORE_NAME, "SELECT * FROM trials")

    def killed(connection, version):
        connection.execute("DROP TABLE trials")
        raise KeyboardInterrupt

    monkeypatch.setattr("optframe.store.writer.migrate", killed)
    with pytest.raises(KeyboardInterrupt):
        Store(tmp_path)
    assert query(tmp_path / STORE_NAME, "PRAGMA user_version") == [(1,)]
    assert query(tmp_path / STORE_NAME, "SELECT * FROM trials") == before


def test_a_newer_format_is_refused_with_both_formats(tmp_path):
    Store(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / STORE_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    said = f"store format {FORMAT + 1}, expected 1 to {FORMAT}; .*update optframe"
    for use in (Store, load):
        with pytest.raises(StoreError, match=said):
            use(tmp_path)


def test_every_trial_can_be_made_again_from_its_row(tmp_path):
    budget = {"steps": 10, "target": 1 / 3, "gradient_norm": 1e-300}
    given = study(budget=budget, optimizers=["adam:lr=0.1+clip-norm:max=1", "lbfgs", "newton"])
    run(given, tmp_path, registry=REGISTRY)
    planned = given.trials(REGISTRY)
    assert [*read_tasks(tmp_path / STORE_NAME).values()] == planned
    other = study("other", seeds=1)
    run(other, tmp_path, registry=REGISTRY)
    tasks = read_tasks(tmp_path / STORE_NAME)
    assert [*tasks.values()] == [*other.trials(REGISTRY), *planned]
    assert all(trial.key == key for key, trial in tasks.items())


def test_two_studies_in_one_folder_are_both_kept_and_it_is_said(tmp_path, capfd):
    first = run(study(), tmp_path, registry=REGISTRY).trials
    run(study("another", optimizers=["momentum"]), tmp_path, registry=REGISTRY)
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("optframe:")]
    assert len(lines) == 1
    assert "it also holds 6 trials of the study 'small'; they are kept" in lines[0]
    again = run(study(), tmp_path, registry=REGISTRY).trials
    pd.testing.assert_frame_equal(again, first)


def test_a_folder_is_written_by_one_study_at_a_time_in_one_process_too(tmp_path):
    with Store(tmp_path):
        with pytest.raises(StoreError, match=f"process {os.getpid()} on .* is writing to it"):
            Store(tmp_path)
        with pytest.raises(StoreError, match="is writing to it"):
            run(study(), tmp_path, registry=REGISTRY)
    Store(tmp_path).close()


def test_a_store_that_could_not_be_closed_is_opened_again_by_the_same_process(tmp_path):
    store = Store(tmp_path)
    store._connection.close()
    with pytest.raises(StoreError):
        store.close()
    assert len(query(tmp_path / STORE_NAME, "SELECT * FROM lock")) == 1
    Store(tmp_path).close()


def test_a_lock_on_a_folder_is_released_by_close(tmp_path):
    one, other = FolderLock(tmp_path), FolderLock(tmp_path)
    assert (one.refused, other.refused) == (False, True)
    one.close()
    other.close()
    last = FolderLock(tmp_path)
    assert not last.refused
    last.close()


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /home rw - nfs4 server:/home rw
24 23 0:22 / /home/me/fast rw - xfs /dev/sdb rw
25 22 0:23 / /mnt/with\\040space rw - fuse.sshfs me@there:/ rw
26 22 0:24 / /mnt/twice rw - cifs //server/share rw
27 22 0:25 / /mnt/twice rw - tmpfs none rw
"""


@pytest.mark.parametrize(
    ("folder", "kind", "shared"),
    [
        ("/tmp", "ext4", False),
        ("/home", "nfs4", True),
        ("/home/me/study/out", "nfs4", True),
        ("/home/me/fast/out", "xfs", False),
        ("/home/me/faster", "nfs4", True),
        ("/homely", "ext4", False),
        ("/mnt/with space/out", "fuse.sshfs", True),
        ("/mnt/twice/out", "tmpfs", False),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(tmp_path, monkeypatch, folder, kind, shared):
    (tmp_path / "mounts").write_text(MOUNTS)
    monkeypatch.setattr(file_systems_module, "MOUNTS", tmp_path / "mounts")
    monkeypatch.setattr(Path, "resolve", lambda path: path)
    assert kind_of(Path(folder)) == kind
    assert is_shared(Path(folder)) == shared


def test_where_nobody_tells_of_mounts_the_file_system_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(file_systems_module, "MOUNTS", tmp_path / "none")
    assert kind_of(tmp_path) is None
    assert not is_shared(tmp_path)
    assert {"nfs", "nfs4", "cifs", "smb3", "9p", "lustre"} <= SHARED


def journal_of(folder):
    with Store(folder) as store:
        store.plan(study().trials(REGISTRY), {})
        return store._connection.execute("PRAGMA journal_mode").fetchone()[0], os.listdir(folder)


def test_the_journal_is_one_that_is_safe_where_the_folder_is(tmp_path, monkeypatch):
    monkeypatch.setattr("optframe.store.locks.is_shared", lambda folder: False)
    journal, files = journal_of(tmp_path)
    assert journal == "wal"
    assert STORE_NAME + "-shm" in files
    monkeypatch.setattr("optframe.store.locks.is_shared", lambda folder: True)
    assert journal_of(tmp_path) == ("delete", [STORE_NAME])
    monkeypatch.setenv("OPTFRAME_JOURNAL", "wal")
    assert journal_of(tmp_path)[0] == "wal"
    monkeypatch.setenv("OPTFRAME_JOURNAL", "delete")
    monkeypatch.setattr("optframe.store.locks.is_shared", lambda folder: False)
    assert journal_of(tmp_path)[0] == "delete"
    monkeypatch.setenv("OPTFRAME_JOURNAL", "none")
    with pytest.raises(StoreError, match="OPTFRAME_JOURNAL: found 'none', expected wal or delete"):
        Store(tmp_path)


def test_a_study_with_the_other_journal_gives_the_same(tmp_path, monkeypatch):
    one = run(study(), tmp_path / "wal", registry=REGISTRY)
    monkeypatch.setenv("OPTFRAME_JOURNAL", "delete")
    other = run(study(), tmp_path / "delete", registry=REGISTRY)
    for name in ("trials", "curves"):
        frames = [getattr(r, name).drop(columns=TIMED, errors="ignore") for r in (one, other)]
        pd.testing.assert_frame_equal(*frames, check_exact=True)


SMALL = """
import resource, signal, sys
import optframe
from optframe.cli.main import main
size = int(sys.argv.pop(1))
registry = optframe.load_plugins()  # what is compiled at the first import is written before
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX's")
@pytest.mark.parametrize("kibibytes", [1, 250])
def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path, kibibytes):
    """No file may be longer than this, as on a full disk."""
    words = ["run", "-o", "adam", "-p", "rosenbrock", "--steps", "3", "--no-report", "--out", "out"]
    words += [word for i in range(60) for word in ("-o", f"sgd:lr={(i + 1) * 1e-6!r}")]

    def typed(*program):
        command = [sys.executable, *program, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    finished = typed("-c", SMALL, str(1024 * kibibytes))
    assert finished.returncode == 4, finished.stderr
    (line,) = finished.stderr.splitlines()
    assert line.startswith("optframe: out/store.sqlite: the disk ")
    assert "finished trials are kept" in line
    whole = typed("-m", "optframe")
    assert whole.returncode == 0, whole.stderr
    assert len(load(tmp_path / "out").trials) == 61
    found = "trials were in the store already" in whole.stdout
    assert found == (kibibytes == 250)


UNPRIVILEGED = """
import os, sys, tempfile
from pathlib import Path
import optframe
from optframe.store.writer import Store
study = optframe.Study("small", {"steps": 10}, ["adam"], ["rosenbrock"])
with tempfile.TemporaryDirectory() as elsewhere:  # all is imported while Python may be read
    first = optframe.run(study, elsewhere)
    first.trials, first.curves
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
folder = Path(sys.argv[1])
print(optframe.load(folder).trials["status"].value_counts().to_dict())
print(len(optframe.load(folder).curves))
try:
    Store(folder)
except optframe.StoreError as error:
    print(error)
"""


@pytest.fixture
def open_folder():
    """A folder that everybody gets to; pytest's own are for its user alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX's")
@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_written_to_is_read_all_the_same(open_folder, killed, what):
    folder = open_folder / "out"
    run(study(), folder, registry=REGISTRY)
    if killed:
        store = Store(folder)
        store.plan(study().trials(REGISTRY)[:4], {"name": "small"})
        store._connection.execute("DELETE FROM lock")  # whose process lives
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        store.close()
        for name, content in files.items():
            if not name.endswith("-shm"):
                (folder / name).write_bytes(content)
    count = 4 if killed else 6
    folder.chmod(0o555 if what == "folder" else 0o777)
    for path in folder.iterdir():
        path.chmod(0o444)
    command = [sys.executable, "-W", "error", "-c", UNPRIVILEGED, str(folder)]
    finished = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    folder.chmod(0o777)
    assert finished.returncode == 0, finished.stderr
    read, curves, said = finished.stdout.splitlines()
    assert read == f"{{'finished': {count}}}"
    assert int(curves) == 11 * count
    assert said.startswith(str(folder))
    assert any(words in said for words in ("the file is read-only", "the file cannot be opened"))


KILLED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = DELETE")
connection.execute("PRAGMA cache_size = 1")  # pages are written before the transaction ends
connection.execute("BEGIN IMMEDIATE")
connection.execute("DELETE FROM curves")
for i in range(500):
    connection.execute("INSERT INTO environments VALUES (?, ?)", (f"{i}", "x" * 3000))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def torn(tmp_path):
    """A store whose writer was killed amid a transaction, and the curves that it holds."""
    whole = run(study(), tmp_path, registry=REGISTRY).curves
    path = tmp_path / STORE_NAME
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    reader = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with contextlib.closing(reader), pytest.raises(sqlite3.OperationalError):
        reader.execute("SELECT * FROM curves")
    return path, whole


@pytest.mark.parametrize("what", ["load", "run", "doctor"])
def test_what_a_kill_left_in_a_rollback_journal_is_taken_back(torn, what):
    path, whole = torn
    if what == "run":
        assert len(run(study(), path.parent, registry=REGISTRY).trials) == 6
    if what == "doctor":
        assert examine(path) == {"finished": 6}
    pd.testing.assert_frame_equal(load(path.parent).curves, whole)
    assert os.listdir(path.parent) == [STORE_NAME]


def test_where_nothing_may_be_written_it_is_taken_back_in_a_copy(torn, monkeypatch):
    path, whole = torn
    real = sqlite3.connect

    def refusing(name, **given):
        if str(name) == f"{path.as_uri()}?mode=rw":
            raise sqlite3.OperationalError("attempt to write a readonly database")
        return real(name, **given)

    monkeypatch.setattr(sqlite3, "connect", refusing)
    pd.testing.assert_frame_equal(load(path.parent).curves, whole)
    assert path.with_name(f"{STORE_NAME}-journal").exists()


def test_a_writer_whose_number_means_nothing_here_keeps_the_folder(tmp_path):
    with Store(tmp_path):
        writes = "UPDATE lock SET process = 4194305"  # of another container: none of this machine's
        with contextlib.closing(sqlite3.connect(tmp_path / STORE_NAME)) as connection:
            connection.execute(writes)
            connection.commit()
        with pytest.raises(StoreError, match=r"process 4194305 on .* is writing to it"):
            Store(tmp_path)


def test_of_two_that_make_a_store_at_once_the_later_one_is_refused(tmp_path, monkeypatch):
    here = Path.exists
    with Store(tmp_path):
        monkeypatch.setattr(Path, "exists", lambda path: path.name != STORE_NAME and here(path))
        with pytest.raises(StoreError, match=f"process {os.getpid()} on .* is writing to it"):
            Store(tmp_path)


def test_a_record_of_a_trial_that_is_planned_no_more_is_not_lost_in_silence(tmp_path):
    trials = study().trials(REGISTRY)
    with Store(tmp_path) as store:
        store.plan(trials[1:], {"name": "another"})
        lost = Record.without_run(trials[0], "failed", "why", "2025-01-01T00:00:00.000+00:00", None)
        with pytest.raises(StoreError, match=f"trial {lost.key} is not in the plan any more"):
            store.save([lost], {})


def test_a_long_trial_is_on_the_disk_when_it_is_told_of():
    synced = []

    class Told:
        def save(self, records, environment, sync):
            synced.append(sync)

    saver = _Saver(Told(), {}, lambda record: None)
    record = Record.without_run(study().trials(REGISTRY)[0], "failed", "why", "", None)
    for seconds in (0.0, PATIENCE / 2, PATIENCE, 9.0):
        saver.add([replace(record, seconds=seconds)])
    assert synced == [False, False, True, True]
