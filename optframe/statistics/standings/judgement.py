"""Judges the contenders of a study as arrays: cells, order, and tests of pairs.

The judgement of a variation (another cost, half the budget, ...) differs in what was won and paid
alone, and costs no pass through data frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from optframe.statistics.grouped import Flags, Integers
from optframe.statistics.medians import Floats
from optframe.statistics.standings.order import Order, compared, ordered, performances
from optframe.statistics.standings.relabelling import Relabeller, Relabelling, p_of_pairs
from optframe.statistics.standings.units import Units, fixed, logarithm, terms, units_of

__all__ = ["Judged", "Judgement", "Sample", "judge"]


class Sample(NamedTuple):
    """What is judged of each run; arrays (runs,) but for the last three."""

    contender: Integers
    problem: Integers
    setting: Integers
    """A number for each label; a contender may have several on a problem."""
    seed: Integers
    """Its unit in tests: its seed, or its study (see `optframe.statistics.standings.tuned`)."""
    run: Integers
    """Its seed."""
    won: Flags
    paid: Floats
    value: Floats
    raw: Floats
    """The final metric as it was measured; 0 of a run that broke down."""
    lost: Flags
    spent: Floats
    """What it spent; NaN if it was not counted."""
    status: Integers
    """A number for each way to end."""
    contenders: int
    problems: Sequence[str]
    studied: Flags
    """Whether the seeds of each problem are studies of a tuning, arrays (problems,)."""

    def kept(self, rows: Flags) -> Sample:
        """Return the sample of these runs."""
        return self._replace(**{name: getattr(self, name)[rows] for name in _OF_RUNS})


_OF_RUNS = Sample._fields[:12]


class Judged(NamedTuple):
    """Cells: arrays (contenders, problems). A cell without a run has NaN and 0."""

    units: list[Units]
    b: Floats
    setting: Integers
    """The chosen setting of each cell, −1 without a run."""
    settings: Integers
    """The number of settings it was chosen from."""
    chosen: Flags
    """For each run, whether its setting was chosen."""
    fixed: Flags


class Judgement:
    """An order of contenders, with the tests of pairs, over the problems that are judged."""

    def __init__(self, cells: Judged, names: Sequence[str], usable: Flags) -> None:
        self.cells = cells
        ran = ~np.isnan(cells.b)
        self.ranked, shared = compared(ran[:, usable])
        self.judged = usable.copy()
        self.judged[usable] = shared
        self.numbers = [int(p) for p in np.flatnonzero(self.judged)]
        self.names = [names[p] for p in self.numbers]

    @cached_property
    def order(self) -> Order:
        """The order over the judged problems."""
        by_cost = np.array([self.cells.units[p].by_cost for p in self.numbers], dtype=bool)
        return ordered(self.cells.b[:, self.numbers], by_cost, self.ranked)

    @cached_property
    def relabeller(self) -> Relabeller:
        """The relabellings over the judged problems."""
        return self.over(self.numbers, self.names)

    def over(self, numbers: Sequence[int], names: Sequence[str]) -> Relabeller:
        """Return the relabellings over some problems."""
        own = [self.cells.units[p].without(self.cells.fixed[:, p]) for p in numbers]
        return Relabeller(own, names)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """The pairs of ranked contenders, the better placed one first."""
        row = [int(i) for i in self.order.sequence]
        return [(a, b) for i, a in enumerate(row) for b in row[i + 1 :]]

    @cached_property
    def p_values(self) -> dict[tuple[int, int], float]:
        """The p of each pair."""
        found = p_of_pairs(self.relabeller, self.pairs)
        return dict(zip(self.pairs, found, strict=True))

    def pair(self, better: int, rival: int) -> Relabelling:
        """Return the test of a rival against a better placed contender."""
        return self.relabeller.pair(rival, better)

    def p_best(self, known: Mapping[tuple[int, int], float] | None = None) -> float:
        """Return the largest p of the first against another, 1 if it is not ahead of all of them.

        It is NaN if nobody else is ranked. ``known`` has p of pairs, if they were computed.
        """
        first, *others = (int(i) for i in self.order.sequence)
        if not others:
            return float("nan")
        if len(self.order.first) > 1:
            return 1.0
        found = []
        for rival in others:
            test = self.pair(first, rival)
            p = test.p() if known is None else known[first, rival]
            found.append(p if test.statistic() > 0 else 1.0)
        return max(found)


def judge(sample: Sample) -> Judged:
    """Form the cells of a sample, each with the best of its settings."""
    count, problems = sample.contenders, len(sample.problems)
    b = np.full((count, problems), np.nan)
    setting = np.full((count, problems), -1, dtype=np.intp)
    settings = np.zeros((count, problems), dtype=np.intp)
    still = np.zeros((count, problems), dtype=bool)
    chosen = np.zeros(sample.contender.size, dtype=bool)
    units: list[Units] = []
    if not problems:
        return Judged(units, b, setting, settings, chosen, still)
    rows = np.split(
        np.argsort(sample.problem, kind="stable"),
        np.cumsum(np.bincount(sample.problem, minlength=problems))[:-1],
    )
    for number, own in enumerate(rows):
        by_cost = bool(sample.won[own].any())
        of_runs = sample.paid[own], sample.won[own], sample.value[own]
        upper, lower = terms(np.full(own.size, by_cost), *of_runs)
        kept = _best_settings(sample, own, upper, lower, by_cost)
        for contender, label, tried in kept:
            setting[contender, number], settings[contender, number] = label, tried
        good = setting[sample.contender[own], number] == sample.setting[own]
        chosen[own] = good
        run = own[good]
        sums = upper[good], lower[good]
        marks = sample.status[run] * 1.0, sample.spent[run], sample.raw[run]
        made = units_of(sample.contender[run], sample.seed[run], sums, marks, count, by_cost)
        units.append(made._replace(studied=bool(sample.studied[number])))
        if sample.studied[number]:  # seeds tell whether anything is drawn, not their sums
            made = units_of(sample.contender[run], sample.run[run], sums, marks, count, by_cost)
        still[:, number] = fixed(made)
    b = performances(units)
    return Judged(units, b, setting, settings, chosen, still)


def _best_settings(
    sample: Sample, own: Integers, upper: Floats, lower: Floats, by_cost: bool
) -> list[tuple[int, int, int]]:
    """Return (contender, its best setting, settings tried) on one problem."""
    if not own.size:
        return []
    labels, place = np.unique(
        np.stack([sample.contender[own], sample.setting[own]]), axis=1, return_inverse=True
    )
    place = place.ravel()
    size = labels.shape[1]
    upper, lower = (np.bincount(place, part, size).astype(np.float64) for part in (upper, lower))
    b = logarithm(upper, lower, by_cost)
    found = []
    for contender in np.unique(labels[0]):
        mine = np.flatnonzero(labels[0] == contender)
        best = mine[np.argmin(b[mine])]  # settings are numbered in the study's order
        found.append((int(contender), int(labels[1, best]), mine.size))
    return found
