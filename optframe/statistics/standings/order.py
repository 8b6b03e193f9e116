"""Orders contenders by how they performed on each problem, and over all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optframe.statistics.grouped import Flags, Integers
from optframe.statistics.medians import Floats
from optframe.statistics.standings.relabelling import CAP
from optframe.statistics.standings.units import Units, logarithm

__all__ = ["Order", "compared", "ordered", "performances", "ranks_of"]

_EQUAL = 1e-9


class Order(NamedTuple):
    """The order of contenders over problems, for arrays (contenders,)."""

    score: Floats
    """exp of the mean over problems of min(b − best b, log 10); NaN if not ranked."""
    place: Floats
    """1 is first; equal ones share the least; NaN if not ranked."""
    sequence: Integers
    """The ranked contenders, the first first; equal ones in the study's order."""

    @property
    def first(self) -> list[int]:
        """The contenders on the first place."""
        return [int(i) for i in self.sequence if self.place[i] == 1.0]


def performances(units: list[Units]) -> Floats:
    """Return b, shape (contenders, problems); NaN where a contender did not run."""
    columns = [logarithm(*one.sums(), one.by_cost) for one in units]
    return np.stack(columns, axis=1)


def compared(ran: Flags) -> tuple[Flags, Flags]:
    """Return which contenders are ranked, and over which problems; ``ran`` has a row for each.

    They are those that ran on all problems, if there are two; else all that ran, over the problems
    that they share.
    """
    everywhere: Flags = np.asarray(ran.all(axis=1))
    if ran.size and everywhere.sum() >= 2:
        return everywhere, np.ones(ran.shape[1], dtype=bool)
    some: Flags = np.asarray(ran.any(axis=1))
    shared: Flags = np.asarray(ran[some].all(axis=0) & some.any())
    return (some, shared) if shared.any() else (np.zeros_like(some), shared)


def ordered(b: Floats, by_cost: Flags, ranked: Flags) -> Order:
    """Order the ranked contenders by their score over these problems.

    Equal scores are ordered by the number of problems of kind cost without a success, then by the
    mean without the cap.
    """
    count, problems = b.shape
    score, place = np.full((2, count), np.nan)
    rows = np.flatnonzero(ranked)
    if not rows.size or not problems:
        return Order(score, place, rows.astype(np.intp))
    own = b[rows]
    behind = _behind(own, b)
    capped = np.minimum(behind, CAP if problems > 1 else np.inf).mean(axis=1)
    unsolved = (np.isposinf(own) & by_cost).sum(axis=1)
    keys = np.stack([_rounded(behind.mean(axis=1)), unsolved, _rounded(capped)])
    sequence = np.lexsort(keys)
    change = np.any(keys[:, sequence[1:]] != keys[:, sequence[:-1]], axis=0)
    places = np.ones(rows.size)
    for i, changed in enumerate(change, start=1):
        places[i] = i + 1 if changed else places[i - 1]
    score[rows] = np.exp(capped)
    place[rows[sequence]] = places
    return Order(score, place, rows[sequence].astype(np.intp))


def _behind(own: Floats, b: Floats) -> Floats:
    """Return b − best b; 0 for all where nobody has a success."""
    best = np.nanmin(b, axis=0)
    with np.errstate(invalid="ignore"):
        return np.where(own == best, 0.0, own - best)


def _rounded(values: Floats) -> Floats:
    """Return numbers of which those that differ by rounding are equal."""
    return np.asarray(np.round(values / _EQUAL) * _EQUAL)


def ranks_of(b: Floats) -> Floats:
    """Return the ranks on one problem; ties share the mean rank, NaN did not run."""
    ranks = np.full(b.size, np.nan)
    rows = np.flatnonzero(~np.isnan(b))
    for i in rows:
        with np.errstate(invalid="ignore"):
            equal = (b[rows] == b[i]) | (np.abs(b[rows] - b[i]) <= _EQUAL)
        before = (b[rows] < b[i]) & ~equal
        ranks[i] = before.sum() + (equal.sum() + 1) / 2
    return ranks
