"""Tolerances: how much an optimizer's counts change on other machines, as measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optframe.gate.measured import COUNTS, Measured

__all__ = ["NOTHING", "Tolerance", "Tolerances", "change", "changes", "plain"]

NOTHING = 1e-12
"""A change of a loss up to this size counts as no change."""


@dataclass(frozen=True)
class Tolerance:
    """The largest relative changes of an optimizer's runs, over all machines that were measured.

    ``counts`` is the largest change of any count. ``loss`` is the largest change of the loss after
    equally many steps. The optimizer is not ``stable`` if a run had another status on another
    machine, or if a number was 0 on only one of them. Results of an unstable optimizer from
    different environments are inconclusive unless they are equal.
    """

    counts: float = 0.0
    loss: float = 0.0
    stable: bool = True


@dataclass(frozen=True)
class Tolerances:
    """The tolerances by the optimizer's name, and the other ``machines`` they were measured on."""

    optimizers: Mapping[str, Tolerance] = field(default_factory=dict)
    machines: Sequence[str] = ()

    def of(self, optimizers: Iterable[str]) -> Tolerances:
        """Return the tolerances of these optimizers only."""
        names = set(optimizers)
        kept = {name: one for name, one in self.optimizers.items() if name in names}
        return Tolerances(kept, self.machines if kept else ())


def changes(here: Iterable[Measured], others: Iterable[Iterable[Measured]]) -> dict[str, Tolerance]:
    """Return the tolerance of each optimizer from its runs here and on other machines."""
    cells = {one.cell: one for one in here}
    found = {one.spec.optimizer_name: Tolerance() for one in cells.values()}
    for machine in others:
        for there in machine:
            one = cells.get(there.cell)
            if one is not None:
                name = one.spec.optimizer_name
                found[name] = _larger(found[name], change(one, there))
    return {name: found[name] for name in sorted(found)}


def change(one: Measured, other: Measured) -> Tolerance:
    """Return the changes between a run and the same run on another machine."""
    if one.status != other.status:
        return Tolerance(stable=False)
    counts = max(_relative(one.counts.get(name), other.counts.get(name)) for name in COUNTS)
    equally_long = one.counts.get("steps") == other.counts.get("steps")
    loss = _relative(one.loss, other.loss, NOTHING) if equally_long else 0.0
    if math.isinf(counts) or math.isinf(loss):
        return Tolerance(stable=False)
    return Tolerance(counts, loss)


def _larger(a: Tolerance, b: Tolerance) -> Tolerance:
    return Tolerance(max(a.counts, b.counts), max(a.loss, b.loss), a.stable and b.stable)


def _relative(a: float | None, b: float | None, nothing: float = 0.0) -> float:
    """Return |b − a|/|a|, rounded up to three digits; ∞ if only a is 0, 0 if one is unknown."""
    if a is None or b is None or abs(b - a) <= nothing:
        return 0.0
    if not a:
        return math.inf
    ratio = abs(b - a) / abs(a)
    unit = 10.0 ** (math.floor(math.log10(ratio)) - 2)
    return float(f"{math.ceil(ratio / unit) * unit:.3g}")


def plain(tolerances: Tolerances) -> dict[str, Any]:
    """Return a table for JSON."""
    return {
        "machines": list(tolerances.machines),
        "optimizers": {name: vars(one) for name, one in sorted(tolerances.optimizers.items())},
    }
