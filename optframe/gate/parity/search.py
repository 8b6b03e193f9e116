"""Searches for the fewest conventions of a built-in that explain a contender's steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optframe.contracts import Layout
from optframe.errors import UsageError
from optframe.gate.parity.candidates import MOST_CHANGES, Candidate, changed
from optframe.gate.parity.sequences import Sequences
from optframe.gate.parity.walking import EXACT, Falling, apart, way

__all__ = ["CONSTANTS", "Found", "Search"]

CONSTANTS = 1e-6
"""The same, for libraries that keep constants in float32."""

FIRST = 3
"""A candidate that differs in so many steps of the first sequence is left at once."""

KEPT = 10
"""So many of the candidates that were left are compared in full, if none fits."""

GAIN = 0.5
"""A candidate with more changes is nearer only by so many decades of the difference, on average."""

SETTINGS: dict[str, dict[str, Any]] = {
    "a learning rate that falls": {"lr": Falling(0.05)},
    "a larger eps": {"eps": 1e-3},
}
"""What may tell apart candidates that take the same steps here."""


class _Parting(NamedTuple):
    """The largest difference of two ways, and the mean of its logarithm over all steps."""

    largest: float
    decades: float


@dataclass
class Found:
    """What a search has found.

    ``fits`` are candidates with the fewest changes that fit, with the largest difference; the first
    is the best. ``nearest`` is what comes nearest, if none fits, with the largest difference.
    ``tried`` is the number of candidates, and ``ended`` says that the search was stopped by its
    time.
    """

    fits: list[tuple[Candidate, float]] = field(default_factory=list)
    nearest: tuple[Candidate, float] | None = None
    tried: int = 0
    ended: bool = False


@dataclass
class Search:
    """A search on sequences, whose ways ``target`` has, by name."""

    sequences: Sequences
    layout: Layout
    target: Mapping[str, NDArray[Any]]
    falling: bool
    seconds: float
    tick: Callable[[], None] = lambda: None

    def run(self, bases: Sequence[Candidate]) -> Found:
        """Return the candidates that fit: those without a change first, then with one, and so on.

        A candidate that fits to `CONSTANTS` alone ends the search only if one more change fits no
        better. If the learning rate does not fall, those with one more change are looked at, too.
        """
        found, end, least = Found(), time.monotonic() + self.seconds, math.inf
        for number in range(MOST_CHANGES + 1):
            fits, left = self._level(bases, number, found, end)
            exact = bool(fits) and fits[0][1] <= EXACT
            if found.fits:
                both = found.fits[0][1] <= EXACT
                found.fits = [*found.fits, *fits] if both else fits if exact else found.fits
                break
            found.fits = fits
            if (exact and self.falling) or found.ended:
                break
            for candidate, parting in left:
                if parting.decades < least - GAIN:
                    found.nearest, least = (candidate, parting.largest), parting.decades
        best = [one for one in found.fits if one[1] <= EXACT]
        found.fits = best or found.fits[:1]
        return found

    def _level(
        self, bases: Sequence[Candidate], number: int, found: Found, end: float
    ) -> tuple[list[tuple[Candidate, float]], list[tuple[Candidate, _Parting]]]:
        """Return what fits with so many changes, and the nearest of the rest, sorted."""
        fits: list[tuple[Candidate, float]] = []
        left: list[tuple[float, int, Candidate]] = []
        for base in bases:
            for candidate in changed(base, number):
                self.tick()
                if time.monotonic() > end:
                    found.ended = True
                    break
                found.tried += 1
                early = self._apart(candidate, FIRST)
                if early is None:
                    continue
                if early.largest <= CONSTANTS:
                    full = self._apart(candidate)
                    if full is not None and full.largest <= CONSTANTS:
                        fits.append((candidate, full.largest))
                        continue
                left.append((early.largest, len(left), candidate))
        if fits:
            return sorted(fits, key=lambda one: max(one[1], EXACT)), []
        near = []
        for _, _, candidate in sorted(left)[:KEPT]:
            full = self._apart(candidate)
            if full is not None:
                near.append((candidate, full))
        return [], sorted(near, key=lambda one: one[1].decades)

    def _apart(self, candidate: Candidate, steps: int | None = None) -> _Parting | None:
        """Return how far a candidate is apart; None if there is no such optimizer."""
        try:
            made = candidate.made(**self.rate(candidate))
        except UsageError:
            return None  # fields that exclude each other
        found = []
        for name in list(self.sequences)[:1] if steps else self.sequences:
            taken = way(made, self.sequences[name], self.layout, steps=steps)
            found.append(apart(self.target[name][: len(taken)], taken))
        every = np.concatenate(found)
        return _Parting(float(every.max()), float(np.log10(every.clip(1e-16, 10)).mean()))

    def rate(self, candidate: Candidate) -> dict[str, Any]:
        """Return the learning rate that a candidate is made with, if it is no constant."""
        lr = candidate.numbers.get("lr")
        if lr is None or not (self.falling or candidate.lr_decay):
            return {}
        return {"lr": Falling(lr, self.falling, candidate.lr_decay)}

    def told_apart_by(self, one: Candidate, other: Candidate) -> str | None:
        """Return what would tell apart two candidates that take the same steps; None if nothing."""
        for what, values in SETTINGS.items():
            made = [candidate.made(**values) for candidate in (one, other)]
            for sequence in self.sequences.values():
                ways = [way(optimizer, sequence, self.layout) for optimizer in made]
                if apart(ways[0], ways[1])[-1] > CONSTANTS:
                    return what
        return None
