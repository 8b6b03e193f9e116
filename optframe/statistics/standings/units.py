"""Sums the runs of each contender, problem and seed, the units that tests relabel.

A cell (contender × problem) is judged by the logarithm b of

- the expected running time, Σ paid / number won, on a problem where some run won (kind ``cost``),
- the geometric mean of the values over the seeds, on any other (kind ``value``).

Both are quotients of two sums over units, so that a relabelling only moves numbers from one sum to
another: b = log(Σ upper / Σ lower) or Σ upper / Σ lower.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from optframe.statistics.grouped import Flags, Integers
from optframe.statistics.medians import Floats

__all__ = ["Units", "fixed", "logarithm", "terms", "units_of"]


class Units(NamedTuple):
    """The units of one problem: a row per contender, a column per seed, in ascending order."""

    by_cost: bool
    seeds: Integers
    present: Flags
    upper: Floats
    """What was paid, or the sum of the logarithms of the values; 0 where nothing ran."""
    lower: Floats
    """How many runs won, or how many values there are."""
    marks: Floats
    """What tells runs apart, shape (marks, contenders, seeds)."""
    studied: bool = False
    """Whether columns are studies of a tuning, of which none are paired, and not seeds."""

    def without(self, rows: Flags) -> Units:
        """Return the units in which each of these contenders has one run, under the first seed.

        It would have been the same under any seed.
        """
        first = self.present & (np.cumsum(self.present, axis=1) == 1)
        present, upper, lower = self.present.copy(), self.upper.copy(), self.lower.copy()
        for row in np.flatnonzero(rows):
            column = int(np.argmax(first[row]))
            for part in (present, upper, lower):
                alone = part[row, column]
                part[row] = 0
                part[row, 0] = alone
        return self._replace(present=present, upper=upper, lower=lower)

    def sums(self) -> tuple[Floats, Floats]:
        """Return Σ upper and Σ lower of each contender."""
        return self.upper.sum(axis=1), self.lower.sum(axis=1)


def terms(by_cost: Flags, paid: Floats, won: Flags, value: Floats) -> tuple[Floats, Floats]:
    """Return what each run adds to the two sums: paid and won, or log(value) and 1."""
    upper = np.where(by_cost, paid, np.log(np.where(by_cost, 1.0, value)))
    return upper, np.where(by_cost, won, 1.0)


def units_of(
    contender: Integers,
    seed: Integers,
    sums: tuple[Floats, Floats],
    marks: Sequence[Floats],
    count: int,
    by_cost: bool,
) -> Units:
    """Sum the runs of one problem."""
    seeds, place = np.unique(seed, return_inverse=True)
    cell = contender * seeds.size + place
    size = count * seeds.size

    def summed(part: Floats | None = None) -> Floats:
        return np.bincount(cell, part, size).astype(np.float64).reshape(count, seeds.size)

    upper, lower = map(summed, sums)
    apart = np.stack([summed(mark) for mark in marks])
    return Units(by_cost, seeds.astype(np.intp), summed() > 0, upper, lower, apart)


def fixed(units: Units) -> Flags:
    """Return which contenders have two or more seeds that all gave the same run."""
    least = np.min(units.marks, axis=2, initial=np.inf, where=units.present)
    most = np.max(units.marks, axis=2, initial=-np.inf, where=units.present)
    same: Flags = (least == most).all(axis=0)
    return np.asarray(same & (units.present.sum(axis=1) >= 2))


def logarithm(upper: Floats, lower: Floats, by_cost: bool) -> Floats:
    """Return b: +inf without a success, NaN without a unit."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if by_cost:
            return np.asarray(np.where(upper > 0, np.log(upper) - np.log(lower), np.nan))
        return np.asarray(upper / lower)
