"""That one table has every column, and that a new column needs one line in it."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import optframe
from optframe.contracts.columns import (
    COUNT_COLUMNS,
    CURVES,
    MEASURES,
    PROFILE_COLUMNS,
    RESERVED,
    TRIALS,
)
from optframe.contracts.oracle import Counts
from optframe.contracts.record import count_row
from optframe.study.settings import RunSettings

ROOT = Path(__file__).parent.parent.parent
OLD = ROOT / "tests" / "store" / "old" / "functions"


@pytest.mark.parametrize("profiled", [True, False])
def test_frames_have_the_columns_of_the_table_and_their_metrics(profiled, tmp_path):
    run = RunSettings(profile=profiled, measure=MEASURES)
    study = optframe.Study("one", {"steps": 5}, "sgd:lr=0.001", "rosenbrock", run=run)
    results = optframe.run(study, tmp_path)
    metrics = ["loss", *MEASURES]
    shown = [column.name for column in TRIALS if column.shown]
    assert [*results.trials] == [*shown, *metrics, *(f"best_{name}" for name in metrics)]
    named = [c.name for c in CURVES if profiled or c.name not in PROFILE_COLUMNS]
    assert [*results.curves] == [*named[:-2], *metrics, *named[-2:]]
    assert named[-2:] == ["theta_0", "theta_1"]


def test_no_name_is_twice_in_the_table_and_no_metric_may_have_it():
    for table in (TRIALS, CURVES):
        names = [column.name for column in table]
        assert len({*names}) == len(names)
        assert {*names} <= RESERVED
    assert "loss" not in RESERVED


def test_the_store_declares_what_older_stores_of_its_format_do():
    with contextlib.closing(sqlite3.connect(OLD / "store.sqlite")) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        query = "SELECT sql FROM sqlite_master WHERE name = 'trials'"
        (text,) = connection.execute(query).fetchone()
    body = text.partition("(")[2].rpartition(")")[0]
    declared = [" ".join(column.split()) for column in body.split(",")]
    assert [f"{c.name} {c.sql}" for c in TRIALS if c.since <= version] == declared


def test_a_row_of_a_curve_has_each_count_under_its_name():
    counts = {
        "losses": 1,
        "gradients": 2,
        "hessians": 3,
        "hvps": 4,
        "samples": 5,
        "records": 7,
        "work": 8.5,
    }
    row = count_row(6, 0.75, Counts(**counts), 0.875)
    named = dict(zip(COUNT_COLUMNS, row, strict=True))
    assert named == {"step": 6, "epoch": 0.75, "seconds": 0.875, **counts}


ADDED = {
    "contracts/columns.py": (
        '    Column("size", ',
        """
    _asked("patron", "TEXT", "who asked", of=lambda trial: "me", identity=True, since=6,
        before="'nobody'"),
    Column("weight", "REAL", "how heavy the state is", "kg", of=lambda record: 2.5, since=6),
    _count("questions", "REAL", "questions of both kinds", since=6),
""",
    ),
    "contracts/counts.py": (
        "    losses: float = 0",
        """
    @property
    def questions(self) -> float:
        return self.losses + self.gradients

""",
    ),
    "store/schema.py": ("FORMATS = ", "FORMAT = 6\n"),
}
"""Of files of the core: before which line others are added, and which."""

TRIED = """
import sys
from pathlib import Path

import optframe
from optframe.contracts.columns import ANSWERS, RESERVED
from optframe.gate.verification import Agreement, drawn, verify
from optframe.statistics.targets import COSTS
from optframe.store.export import dictionary
from optframe.store.merging import merge
from optframe.store.tasks import read_tasks
from optframe.store.writer import Store

new, old, both = map(Path, sys.argv[1:])
assert Path(optframe.__file__).parent.parent == Path.cwd()
study = optframe.Study("new", {"steps": 5}, ["sgd:lr=0.001"], "rosenbrock")
results = optframe.run(study, new)
trial = results.trials.iloc[0]
assert (trial["patron"], trial["weight"]) == ("me", 2.5)
assert trial["questions"] == trial["losses"] + trial["gradients"] > 0
assert (results.curves["patron"] == "me").all()
asked = results.curves["losses"] + results.curves["gradients"]
assert (results.curves["questions"] == asked).all()
assert {"patron", "weight", "questions"} <= RESERVED
assert "questions" in COSTS and "questions" in ANSWERS
explained = dictionary(results.trials, results.curves).set_index(["table", "column"])
assert explained.loc[("trials", "weight"), ["unit", "meaning"]].tolist() == [
    "kg", "how heavy the state is"
]
assert explained.loc[("curves", "questions"), "meaning"] == "questions of both kinds"

def check_old(results):
    assert {*results.trials["patron"]} == {*results.curves["patron"]} == {"nobody"}
    assert results.trials[["weight", "questions"]].isna().all(axis=None)
    assert str(results.trials["weight"].dtype) == "float64"

check_old(optframe.load(old))
tasks = read_tasks(old / "store.sqlite")
trials, _ = drawn(old / "store.sqlite", 4)
for one in verify(old / "store.sqlite", trials, optframe.load_plugins()):
    assert one.agreement in (Agreement.BIT, Agreement.ROUNDING), one
merge([old / "store.sqlite", new / "store.sqlite"], both / "store.sqlite")
assert optframe.load(both).trials["patron"].tolist()[-1] == "me"
Store(old).close()
check_old(optframe.load(old))
assert read_tasks(old / "store.sqlite") == tasks
"""


def test_a_new_column_needs_one_line_of_the_table_and_what_fills_it(tmp_path):
    """A copy of the core has three more; older stores are read, verified, merged, migrated."""
    core = shutil.copytree(ROOT / "optframe", tmp_path / "core" / "optframe")
    for name, (before, lines) in ADDED.items():
        text = (core / name).read_text(encoding="utf-8")
        assert text.count(before) == 1
        (core / name).write_text(text.replace(before, lines.lstrip("\n") + before), "utf-8")
    old = shutil.copytree(OLD, tmp_path / "old")
    finished = subprocess.run(
        [sys.executable, "-c", TRIED, tmp_path / "new", old, tmp_path / "both"],
        cwd=core.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(core.parent), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    with contextlib.closing(sqlite3.connect(old / "store.sqlite")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (6,)
        found = [row[1] for row in connection.execute("PRAGMA table_info(trials)")]
    place = found.index("patron")
    assert found[place : place + 4] == ["patron", "weight", "questions", "size"]
