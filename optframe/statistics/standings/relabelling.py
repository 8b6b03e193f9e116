"""The exact test of two contenders, and the interval of ratios that it does not reject.

With b_X and b_Y the logarithms of how X and Y perform on a problem (see
`optframe.statistics.standings.units`), d = b_X − b_Y, and the statistic is

    T = mean over problems of clip(d, −log 10, log 10) + 0.001 d.

No problem counts for more than a factor of ten; the last term only orders what is beyond it. Of a
single problem d is not clipped. A cell without success counts half a success; of two such, d = 0.

If X and Y perform alike, a run might as well have been the other's. So p is the share of all
relabellings whose |T| is at least the observed one:

- *swap*: the runs of X and Y with the same problem and seed have the same start and minibatches.
  In each such block they are swapped or not.
- *exchange*: the runs of each problem are dealt out again, each contender keeping its number of
  runs. It is used if there are fewer than `BLOCKS` blocks, if seeds differ, or if the units are
  studies of a tuning, in which each contender searched for itself.

All relabellings are counted if there are few enough, else `DRAWS` drawn ones and the observed one.

The interval has all r for which the test does not reject that X pays r times what Y pays: Y's costs
are multiplied by r, and the same relabellings are tried. The ratio shown is that at which T = 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from optframe.statistics.medians import Floats
from optframe.statistics.standings.draws import (
    DRAWS,
    drawn_deals,
    every_deal,
    every_swap,
    generator,
)
from optframe.statistics.standings.units import Units

__all__ = [
    "BLOCKS",
    "CAP",
    "LEVEL",
    "Mode",
    "Ratio",
    "Relabeller",
    "Relabelling",
    "bounded",
    "p_of_pairs",
    "p_over_problems",
]

Mode = Literal["swap", "exchange"]

BLOCKS = 6
"""The fewest blocks of a swap test that can reach p ≤ 0.05: 2/2⁶ = 0.03, while 2/2⁵ = 0.06."""

CAP = math.log(10.0)
LEVEL = 0.05
BATCHES = 10
MANY = 90
"""Of more pairs than these, small p are drawn `BATCHES` times as often."""
_FEW = 20
"""The largest number of extreme draws of a small p."""

_TIES = 0.001
_EQUAL = 1e-9
_EXACT_BLOCKS = 13
_EXACT_DEALS = 10_000
_NEITHER = "neither"
_FARTHEST = 60.0
"""The largest |log r| of an interval's end; farther ends are infinite."""


class Ratio(NamedTuple):
    """A ratio of performances with its interval; the ends are 0 and ∞ if there are too few runs."""

    ratio: float
    low: float
    high: float
    bound: str
    """``at least`` if the first never succeeded on some problem, ``at most`` if the second,
    ``roughly`` if each of them failed on some: a cell without a success counts half a success."""


class Relabelling:
    """The relabellings of two contenders X and Y, problem by problem."""

    def __init__(self, mode: Mode, blocks: int, parts: Sequence[_Part], complete: bool) -> None:
        self.mode = mode
        self.blocks = blocks
        self.complete = complete
        """Whether these are all relabellings; else they are draws."""
        self._parts = parts

    def statistic(self, log_ratio: float = 0.0) -> float:
        """Return T of the observed runs, Y's costs multiplied by the ratio."""
        single = len(self._parts) == 1
        return float(
            np.mean([bounded(part.observed(log_ratio), single)[0] for part in self._parts])
        )

    def difference(self) -> float:
        """Return the mean d of the observed runs, without a cap."""
        return float(np.mean([part.observed(0.0)[0] for part in self._parts]))

    def counts(self, log_ratio: float = 0.0) -> tuple[int, int]:
        """Return the number of relabellings, and of those whose |T| is at least the observed."""
        single = len(self._parts) == 1
        total: Floats | None = None
        for part in self._parts:
            terms = bounded(part.relabelled(log_ratio), single)
            if total is None:
                total = terms
            elif part.joined:
                total = total + terms
            else:  # the runs of each problem are dealt out independently
                total = np.add.outer(total, terms).ravel()
        assert total is not None
        drawn = np.abs(total) / len(self._parts)
        extreme = int(np.sum(drawn >= abs(self.statistic(log_ratio)) - _EQUAL))
        return drawn.size, extreme

    def p(self, log_ratio: float = 0.0) -> float:
        """Return the two-sided p-value of the hypothesis that X pays this ratio of what Y pays."""
        drawn, extreme = self.counts(log_ratio)
        return extreme / drawn if self.complete else (extreme + 1) / (drawn + 1)

    def ratio(self) -> Ratio:
        """Return X's costs divided by Y's, with all ratios that the test does not reject."""
        if all(part.bound == _NEITHER for part in self._parts):
            return Ratio(math.nan, 0.0, math.inf, "")
        center = self._center()
        low, high = -math.inf, math.inf
        if self.smallest_p() <= LEVEL:
            rejected = self.p() <= LEVEL
            low = self._end(center, -1.0, 0.0 if rejected and center > 0 else None)
            high = self._end(center, 1.0, 0.0 if rejected and center < 0 else None)
            if not rejected:  # 1 is inside, whatever rounding makes of an end beside it
                low, high = min(low, 0.0), max(high, 0.0)
        bounds = {part.bound for part in self._parts} - {"", _NEITHER}
        bound = "roughly" if len(bounds) > 1 else bounds.pop() if bounds else ""
        return Ratio(_exp(center), _exp(low), _exp(high), bound)

    def smallest_p(self) -> float:
        """Return the least p that these relabellings can give."""
        if self.mode == "swap":
            return 2.0 ** (1 - min(self.blocks, 20))
        deals = math.prod(part.deals for part in self._parts)
        mirrored = not any(part.uneven for part in self._parts)
        return min(1.0, (2.0 if mirrored else 1.0) / deals)

    def _center(self) -> float:
        """Return log r at which T = 0."""
        d = [float(part.observed(0.0)[0]) for part in self._parts]
        low, high = min(d), max(d)
        for _ in range(60):
            if high - low < 1e-12:
                break
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.statistic(middle) > 0 else (low, middle)
        return 0.5 * (low + high)

    def _end(self, center: float, sign: float, rejected: float | None) -> float:
        """Return the end of the interval on one side of its center.

        ``rejected`` is a logarithm on that side that the test is known to reject.
        """
        inside, outside = center, rejected
        step = 0.05
        while outside is None:
            trial = center + sign * step
            if abs(trial) > _FARTHEST + abs(center):
                return sign * math.inf
            if self.p(trial) <= LEVEL:
                outside = trial
            else:
                inside, step = trial, 2.0 * step
        while abs(outside - inside) > 5e-4:
            middle = 0.5 * (inside + outside)
            if self.p(middle) <= LEVEL:
                outside = middle
            else:
                inside = middle
        return inside


def _exp(log: float) -> float:
    return math.inf if log > 700.0 else math.exp(log)


class _Part(NamedTuple):
    """One problem: the sums of X and Y, and for each relabelling what X gives to Y and back."""

    by_cost: bool
    x: Floats
    y: Floats
    given: Floats
    """X's units that become Y's: (relabellings, 2), upper and lower sums."""
    taken: Floats
    """Y's units that become X's."""
    joined: bool
    """Whether its relabellings are those of the part before, row by row."""
    deals: int
    uneven: bool
    """Whether X and Y have different numbers of runs."""

    @property
    def bound(self) -> str:
        """What the ratio on this problem is, if one of the two never succeeded."""
        if not self.by_cost:
            return ""
        if not self.x[1] and not self.y[1]:
            return _NEITHER
        return "at least" if not self.x[1] else "at most" if not self.y[1] else ""

    def observed(self, log_ratio: float) -> Floats:
        return self._difference(self.x[None], self.scaled(self.y[None], log_ratio))

    def relabelled(self, log_ratio: float) -> Floats:
        taken = self.scaled(self.taken, log_ratio)
        y = self.scaled(self.y, log_ratio)
        return self._difference(self.x - self.given + taken, y - taken + self.given)

    def scaled(self, sums: Floats, log_ratio: float) -> Floats:
        """Return the sums with every cost or value multiplied by the ratio."""
        if log_ratio == 0.0:
            return sums
        upper, lower = sums[..., 0], sums[..., 1]
        upper = upper * math.exp(log_ratio) if self.by_cost else upper + log_ratio * lower
        return np.stack([upper, lower], axis=-1)

    def _difference(self, x: Floats, y: Floats) -> Floats:
        if not self.by_cost:
            return np.asarray(x[..., 0] / x[..., 1] - y[..., 0] / y[..., 1])
        without = (x[..., 1] < 0.5) & (y[..., 1] < 0.5)
        tops = np.maximum(x[..., 0], 0.0) * np.maximum(y[..., 1], 0.5)
        bottoms = np.maximum(y[..., 0], 0.0) * np.maximum(x[..., 1], 0.5)
        with np.errstate(divide="ignore", invalid="ignore"):
            d = np.log(tops / bottoms)
        return np.asarray(np.where(without, 0.0, d))


def bounded(d: Floats, single: bool) -> Floats:
    """Return the terms of T: d with its cap, and without one if there is a single problem."""
    return (d if single else np.clip(d, -CAP, CAP)) + _TIES * d


class Relabeller:
    """Relabels the units of any two contenders on problems that both ran on.

    Drawn swaps of a problem are the same for all pairs, so that the sums of what moves are formed
    for all contenders at once. They depend on the problem's name, and not on the order of rows.
    """

    def __init__(self, units: Sequence[Units], problems: Sequence[str]) -> None:
        self.units = units
        self.problems = problems
        self._moved: dict[tuple[int, int], tuple[Floats, Floats]] = {}

    def pair(self, x: int, y: int, batch: int = 0) -> Relabelling:
        """Return the relabellings of contenders ``x`` and ``y``; drawn ones are of one batch."""
        same = all(np.array_equal(one.present[x], one.present[y]) for one in self.units)
        blocks = sum(int(np.sum(one.present[x] & one.present[y])) for one in self.units)
        swapped = same and blocks >= BLOCKS and not any(one.studied for one in self.units)
        complete = blocks <= _EXACT_BLOCKS
        if swapped:
            parts = self._swapped(x, y, blocks if complete else None, batch)
            return Relabelling("swap", blocks, parts, complete)
        parts, complete = self._dealt(x, y, batch)
        return Relabelling("exchange", blocks, parts, complete)

    def _swapped(self, x: int, y: int, blocks: int | None, batch: int) -> list[_Part]:
        parts, begin = [], 0
        every = None if blocks is None else every_swap(blocks)
        for number, one in enumerate(self.units):
            sums = np.stack([one.upper, one.lower], axis=-1)
            if every is None:
                upper, lower = self._products(number, batch)
                given, taken = (np.stack([upper[:, i], lower[:, i]], axis=1) for i in (x, y))
            else:
                own = one.present[x]
                flipped = every[:, begin : begin + np.count_nonzero(own)]
                begin += flipped.shape[1]
                given, taken = (flipped @ sums[i][own] for i in (x, y))
            ours, theirs = sums[x].sum(axis=0), sums[y].sum(axis=0)
            parts.append(_Part(one.by_cost, ours, theirs, given, taken, True, 2, False))
        return parts

    def _products(self, number: int, batch: int) -> tuple[Floats, Floats]:
        """Return what moves of all contenders on a problem: arrays (draws, contenders)."""
        found = self._moved.get((number, batch))
        if found is None:
            one = self.units[number]
            shape = (DRAWS, one.seeds.size)
            flipped = generator(self.problems[number], batch).integers(0, 2, shape) * 1.0
            found = flipped @ one.upper.T, flipped @ one.lower.T
            if batch == 0:
                self._moved[number, batch] = found
        return found

    def _dealt(self, x: int, y: int, batch: int) -> tuple[list[_Part], bool]:
        sizes = [(int(one.present[x].sum()), int(one.present[y].sum())) for one in self.units]
        deals = [math.comb(n + m, n) for n, m in sizes]
        complete = math.prod(deals) <= _EXACT_DEALS
        parts = []
        for number, (one, (n, m)) in enumerate(zip(self.units, sizes, strict=True)):
            sums = np.stack([one.upper, one.lower], axis=-1)
            ours, theirs = (sums[i][one.present[i]] for i in (x, y))
            name = self.problems[number]
            chosen = every_deal(n, m) if complete else drawn_deals(name, batch, n, m)
            given, taken = (1.0 - chosen[:, :n]) @ ours, chosen[:, n:] @ theirs
            joined, uneven = not complete, n != m
            ends = ours.sum(axis=0), theirs.sum(axis=0)
            parts.append(_Part(one.by_cost, *ends, given, taken, joined, deals[number], uneven))
        return parts, complete


def p_of_pairs(found: Relabeller, pairs: Sequence[tuple[int, int]]) -> list[float]:
    """Return p of each pair.

    Of more than `MANY` pairs, those with a small p are drawn `BATCHES` times as often. Otherwise no
    p could be small enough for Holm's correction.
    """
    values = []
    for x, y in pairs:
        first = found.pair(x, y)
        drawn, extreme = first.counts()
        if len(pairs) > MANY and not first.complete and extreme <= _FEW:
            for batch in range(1, BATCHES):
                more = found.pair(x, y, batch).counts()
                drawn, extreme = drawn + more[0], extreme + more[1]
        values.append(extreme / drawn if first.complete else (extreme + 1) / (drawn + 1))
    return values


def p_over_problems(d: Sequence[float]) -> float:
    """Return p of the swap test over problems: the sign of each problem's d is as likely as not."""
    terms = bounded(np.asarray(d, dtype=np.float64), False)
    complete = terms.size <= _EXACT_BLOCKS
    shape = (DRAWS, terms.size)
    signs = every_swap(terms.size) if complete else generator("problems").integers(0, 2, shape)
    drawn = np.abs((2.0 * signs - 1.0) @ terms)
    extreme = int(np.sum(drawn >= abs(terms.sum()) - _EQUAL))
    return extreme / drawn.size if complete else (extreme + 1) / (drawn.size + 1)
