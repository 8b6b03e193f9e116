"""The table of benchmarks: what a row says, how they are measured, and how the command ends."""

import dataclasses
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from optframe.errors import UnavailableError, UsageError

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

_spec = importlib.util.spec_from_file_location("table_of_benchmarks", HERE / "table.py")
script = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = script  # where a dataclass looks for what its annotations name
_spec.loader.exec_module(script)
Row = script.Row


@pytest.mark.parametrize(
    ("reach", "low", "high", "reached"),
    [
        ("≥ 2× faster", 2.0, 3.0, True),
        ("≥ 2× faster", 1.9, 3.0, None),
        ("≥ 2× faster", 1.0, 1.9, False),
        ("≤ 1.3×", 1.2, 1.3, True),
        ("≤ 1.3×", 1.2, 1.4, None),
        ("≤ 1.3×", 1.31, 1.4, False),
        ("≤ 20 µs", 5.0, 6.0, True),
        ("–", 5.0, 6.0, None),
    ],
)
def test_the_whole_interval_decides(reach, low, high, reached):
    row = Row("t", "w", "a", reach, ratio=2.0, low=low, high=high, pairs=9, why=None)
    assert row.reached is reached
    assert row.smaller_is_better is reach.startswith("≤")
    assert dataclasses.replace(row, why="no GPU").reached is None


def test_a_reach_that_says_nothing_is_refused():
    with pytest.raises(ValueError, match="w: reach is 'at most twice'"):
        Row("t", "w", "a", "at most twice")


BENCHMARKS = """
import pytest

@pytest.mark.row("{ratio} times", "theirs", "≥ 2× faster", place="{place}")
@pytest.mark.parametrize(("ratio", "place"), [(3, 2), (999.96, None)])
def test_faster(pairs, ratio, place):
    pairs.compare(lambda: 0.5, lambda: 0.5 * ratio)

@pytest.mark.row("ours over theirs", "theirs", "≤ 0.25×", place=1)
def test_smaller(pairs):
    pairs.compare(lambda: 0.5, lambda: 1.5)

@pytest.mark.row("a value", reach="≤ 20 µs")
def test_value(pairs):
    values = iter(range(1, 100))
    pairs.measure(lambda: float(next(values)))

@pytest.mark.row("a library", "a|b", "≥ 1× faster", place=3)
def test_missing(pairs):
    pytest.importorskip("no_such_library", reason="no_such_library is not installed")

@pytest.mark.row("wrong", "theirs")
def test_wrong(pairs):
    assert 1 == 2, "they differ"

@pytest.mark.gpu
@pytest.mark.row("on a card", "torch")
def test_card(pairs):
    pytest.skip("there is none")

def test_no_row():
    raise AssertionError("only rows are run")
"""


@pytest.fixture
def small_checkout(tmp_path, monkeypatch):
    """A checkout with a few benchmarks that take no time."""
    folder = tmp_path / "tests" / "benchmarks"
    folder.mkdir(parents=True)
    for name in ("conftest.py", "table.py", "intervals.py"):
        shutil.copy(HERE / name, folder)
    (folder / "test_rows.py").write_text(BENCHMARKS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = gpu", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run it in this checkout, as a person would."""
    command = [sys.executable, "tests/benchmarks/table.py", *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_benchmarks_are_run_and_make_the_table(small_checkout):
    done = run("--json", "kept.json")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-8:] == [
        "|---|---|---|---|---|---|",
        "| ours over theirs | theirs | 0.333× | 30 | ≤ 0.25× | not reached |",
        "| 3 times | theirs | 3.00× | 30 | ≥ 2× faster | reached |",
        "| a library | a\\|b | no_such_library is not installed | – | ≥ 1× faster | not run |",
        "| 999.96 times | theirs | 1,000× | 30 | ≥ 2× faster | reached |",
        "| a value | – | 15.5 µs [10.0, 21.0] | 30 | ≤ 20 µs | within noise |",
        "| wrong | theirs | failed: AssertionError: they differ assert 1 == 2 | – | – | failed |",
        "| on a card | torch | there is none | – | – | not run |",
    ]
    assert "Python " in lines[0]
    assert "load average before the run" in lines[0]
    assert "3 times, against theirs: 3.00× (to reach: ≥ 2× faster; reached)" in done.stderr
    kept = json.loads((small_checkout / "kept.json").read_text(encoding="utf-8"))
    assert kept["machine"]["cores"] >= 1
    assert len(kept["rows"]) == 7
    first = kept["rows"][0]
    assert (first["ours"], first["theirs"]) == (0.5, 1.5)
    assert first["low"] == pytest.approx(3)


def test_only_what_is_asked_for_is_run(small_checkout):
    done = run("--only", "OVER theirs|library")
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()[-2:]
    assert [row.partition(" | ")[0] for row in rows] == ["| ours over theirs", "| a library"]
    done = run("--only", "no such row")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("table.py: no benchmark fits 'no such row'")


def test_a_pattern_that_is_none_is_named():
    with pytest.raises(UsageError, match="is no regular expression: missing"):
        script.measure(ROOT, "(", False)


def test_the_list_runs_nothing(small_checkout):
    done = run("--list")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "ours over theirs, against theirs: ≤ 0.25×",
        "3 times, against theirs: ≥ 2× faster",
        "a library, against a|b: ≥ 1× faster",
        "999.96 times, against theirs: ≥ 2× faster",
        "a value: ≤ 20 µs",
        "wrong, against theirs",
        "on a card, against torch",
    ]
    assert run("--list", "--gpu").stdout == "on a card, against torch\n"


def test_benchmarks_that_cannot_be_read_are_infrastructure(small_checkout):
    (small_checkout / "tests" / "benchmarks" / "test_rows.py").write_text("import nothing_there")
    done = run("--list")
    assert done.returncode == 4
    assert "nothing_there" in done.stderr
    assert done.stderr.splitlines()[-1] == "table.py: pytest ended with exit code 2"


def test_without_pytest_benchmark_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(
        script.importlib.util, "find_spec", lambda name: None if name == "pytest_benchmark" else 1
    )
    with pytest.raises(
        UnavailableError, match=r"pytest-benchmark is not .* 'optframe-bench\[test\]'"
    ):
        script.measure(ROOT, None, False)


def test_every_number_to_reach_has_its_row():
    rows = script.measure(ROOT, None, False, collect=True)
    assert {row.place for row in rows if row.place} == set(range(1, 11))
    assert all(row.reach != "–" for row in rows if row.place)
    assert len({row.title for row in rows}) == len(rows)


def test_a_busy_machine_is_named():
    about = script.machine(ROOT)
    assert "numpy" in about["libraries"]
    assert about["blas_threads"] >= 1
    quiet, busy = (script.heading(about | {"load": load, "cores": 2}) for load in (0.4, 0.6))
    assert "busy" not in quiet
    assert "busy" in busy
