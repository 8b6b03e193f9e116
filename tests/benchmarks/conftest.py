"""Interleaved pairs, and a table of what they gave.

These machines are noisy: what is reported is the median ratio of pairs that ran one right after
the other, in random order, and its spread. Without ``--benchmark-enable`` each benchmark runs once
and only its results are checked.
"""

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

ROWS: list[tuple[str, str, str]] = []


class Pairs:
    def __init__(self, benchmark) -> None:
        self.benchmark = benchmark
        self.count = 1 if benchmark.disabled else 30

    def ratio(
        self, name: str, ours: Callable[[], float], theirs: Callable[[], float], reach: str
    ) -> None:
        """Compare two functions that each return the seconds of the same work."""
        random = Random(0)
        times = {ours: [], theirs: []}
        for _ in range(self.count):
            for side in random.sample((ours, theirs), 2):
                times[side].append(side())
        ratios = np.array(times[ours]) / np.array(times[theirs])
        low, median, high = np.quantile(ratios, (0.25, 0.5, 0.75))
        self.report(name, f"{median:.2f}× (quartiles {low:.2f}–{high:.2f})", reach, median)

    def value(self, name: str, measure: Callable[[], float], unit: str, reach: str) -> None:
        """Report the median of what a function returns."""
        low, median, high = np.quantile([measure() for _ in range(self.count)], (0.25, 0.5, 0.75))
        text = f"{median:.3g} {unit} (quartiles {low:.3g}–{high:.3g})"
        self.report(name, text, reach, median)

    def report(self, name: str, measured: str, reach: str, value: float) -> None:
        self.benchmark.extra_info.update(name=name, measured=measured, reach=reach)
        self.benchmark.pedantic(lambda: value, rounds=1)
        if not self.benchmark.disabled:
            ROWS.append((name, measured, reach))


@pytest.fixture
def pairs(benchmark) -> Pairs:
    return Pairs(benchmark)


def pytest_terminal_summary(terminalreporter) -> None:
    if ROWS:
        terminalreporter.section("measured side by side")
        for name, measured, reach in ROWS:
            terminalreporter.write_line(f"{name}: {measured}; to reach: {reach}")
