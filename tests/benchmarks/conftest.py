"""Each benchmark here is a row of the table that ``table.py`` prints.

A test says in its mark what the row says, with its parameters in braces, and the fixture `pairs`
measures::

    @pytest.mark.row("a step of {optimizer}", "torch, eager", "≥ 2× faster", place=8)
    def test_a_step(pairs, optimizer):
        ...  # compare the results of both
        pairs.compare(ours, theirs)

``place`` counts the lines of the table of numbers to reach. These machines are noisy: what is kept
is the median ratio of pairs that ran one right after the other, in random order. Without
``--benchmark-enable`` each side runs once, and only the results are checked.
"""

import dataclasses
import json
import re
import runpy
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from time import perf_counter

import numpy as np
import pytest

from optframe.statistics import median_interval

# Read by their paths: under pytest's import mode `importlib` this folder is not on sys.path.
HERE = Path(__file__).parent
Row = runpy.run_path(str(HERE / "table.py"))["Row"]
bootstrap_median_ratio = runpy.run_path(str(HERE / "intervals.py"))["bootstrap_median_ratio"]

MOST, LEAST, FEWEST = 30, 6, 3
"""Pairs of a row; six are the fewest whose median has a 95 % interval."""

SECONDS, LONG = 4.0, 30.0
"""After which six pairs are enough, and three."""

Seconds = Callable[[], float]


class Pairs:
    """Measures one row. ``enabled`` says whether it is to be measured, or only to be checked."""

    def __init__(self, row: Row, benchmark, keep: Callable[[Row], None]) -> None:
        self.row, self.benchmark, self.keep = row, benchmark, keep
        self.enabled = not benchmark.disabled

    def compare(self, ours: Seconds, theirs: Seconds) -> None:
        """Compare two functions that each do the same work and return the seconds it took."""
        times = self.benchmark.pedantic(self._in_turn, args=((ours, theirs),), rounds=1)
        self._ratio(*times)

    def given(self, ours: list[float], theirs: list[float]) -> None:
        """Compare seconds that were taken in pairs already."""
        self.benchmark.pedantic(self._ratio, args=(ours, theirs), rounds=1)

    def measure(self, function: Callable[[], float]) -> None:
        """Keep the median of what a function returns, in the unit of what is to be reached."""
        (values,) = self.benchmark.pedantic(self._in_turn, args=((function,),), rounds=1)
        self._value(values)

    def values(self, values: list[float]) -> None:
        """Keep the median of values that were taken already."""
        self.benchmark.pedantic(self._value, args=(values,), rounds=1)

    def exactly(self, ratio: float) -> None:
        """Keep a number that is the same in every run."""
        self.benchmark.pedantic(self._kept, args=(ratio, ratio, ratio, 1), rounds=1)

    def _in_turn(self, sides: tuple[Seconds, ...]) -> list[list[float]]:
        order, began = Random(0), perf_counter()
        times: list[list[float]] = [[] for _ in sides]
        for done in range(MOST if self.enabled else 1):
            passed = perf_counter() - began
            if (done >= LEAST and passed > SECONDS) or (done >= FEWEST and passed > LONG):
                break
            for i in order.sample(range(len(sides)), len(sides)):
                times[i].append(sides[i]())
        return times

    def _ratio(self, ours: list[float], theirs: list[float]) -> None:
        if not self.enabled:
            return
        sides = (ours, theirs) if self.row.smaller_is_better else (theirs, ours)
        found = bootstrap_median_ratio(*sides)
        info = {"ours": float(np.median(ours)), "theirs": float(np.median(theirs))}
        self._kept(found.median, found.low, found.high, len(ours), **info)

    def _value(self, values: list[float]) -> None:
        if self.enabled:
            found = median_interval(values)
            self._kept(found.median, found.low, found.high, len(values))

    def _kept(self, ratio: float, low: float, high: float, pairs: int, **info: float) -> None:
        if self.enabled:
            row = dataclasses.replace(
                self.row, ratio=ratio, low=low, high=high, pairs=pairs, why=None, **info
            )
            direction = "smaller" if row.smaller_is_better else "larger"
            self.benchmark.extra_info.update(
                row.kept, name=row.what, reached=row.reached, direction=direction
            )
            self.keep(row)


@pytest.fixture
def pairs(request, benchmark) -> Pairs:
    """What measures the row that the test is marked with."""
    row = row_of(request.node)
    assert row is not None, "a benchmark is marked as a row: see the top of conftest.py"

    def keep(row: Row) -> None:
        request.node.user_properties.append(("row", row))

    return Pairs(row, benchmark, keep)


@pytest.fixture
def torch_if_there():
    """The module torch on one thread, or None."""
    if find_spec("torch") is None:
        yield None
        return
    torch = import_module("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(threads)


@pytest.fixture
def torch(torch_if_there):
    """The module torch on one thread."""
    return torch_if_there or pytest.skip("torch is not installed")


def row_of(item: pytest.Item) -> Row | None:
    """What a benchmark is marked with, its parameters filled in."""
    mark = item.get_closest_marker("row")
    if mark is None:
        return None
    words = dict(zip(("what", "against", "reach"), mark.args, strict=False)) | mark.kwargs
    parameters = getattr(item, "callspec", None)
    filled = {
        n: str(w).format_map(parameters.params if parameters else {}) for n, w in words.items()
    }
    place = filled.pop("place", "")
    return Row(item.nodeid, place=int(place) if place.isdigit() else None, **filled)


class Ledger:
    """What became of every row: shown when it is known, and kept in a file if one is named."""

    def __init__(self, config: pytest.Config, path: str | None, only: str) -> None:
        self.config, self.path, self.only = config, path, re.compile(only, re.IGNORECASE)
        self.rows: dict[str, Row] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the rows that are not asked for, and with them what is no row."""
        found = [(item, row_of(item)) for item in items]
        items[:] = [
            item for item, row in found if row and self.only.search(f"{row.title}\n{row.test}")
        ]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.rows = {item.nodeid: row for item in session.items if (row := row_of(item))}
        self.save()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = self.rows.get(report.nodeid)
        if row is None or row.failed or (report.when != "call" and report.passed):
            return  # a failed benchmark is complained about once more for not measuring
        measured = dict(report.user_properties).get("row")
        if report.passed and measured:
            row = measured
        elif report.skipped:
            row = dataclasses.replace(row, why=report.longrepr[2].removeprefix("Skipped: "))
        elif report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            words = crash.message.split() if crash else ["in", report.when]
            row = dataclasses.replace(row, why=f"failed: {' '.join(words)[:100]}")
        self.rows[report.nodeid] = row
        self.config.pluginmanager.get_plugin("terminalreporter").write_line(f"{row.line}")
        self.save()

    def pytest_report_teststatus(self, report: pytest.TestReport):
        """Show no letters: rows have lines of their own."""
        ended = report.when == "call" or not report.passed
        return (report.outcome, "", "") if ended and report.nodeid in self.rows else None

    def save(self) -> None:
        if self.path:
            text = json.dumps([row.kept for row in self.rows.values()])
            Path(self.path).write_text(text, encoding="utf-8")


def pytest_addoption(parser) -> None:
    parser.addoption("--rows", metavar="FILE", help="Keep what became of every row, as JSON.")
    parser.addoption("--only", metavar="PATTERN", help="Rows whose words or test fit this.")


def pytest_configure(config) -> None:
    config.addinivalue_line(
        "markers", "row(what, against, reach, place): a row of the table of benchmarks"
    )
    if config.getoption("benchmark_enable", default=False):
        path, only = (config.getoption(name, default=None) for name in ("rows", "only"))
        config.pluginmanager.register(Ledger(config, path, only or ""))
