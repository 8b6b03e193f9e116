"""Tolerances: how much an optimizer's counts change on other machines, measured, not guessed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optframe.gate.measured import COUNTS, Measured

__all__ = ["NOTHING", "Tolerance", "Tolerances", "change", "changes", "plain"]

NOTHING = 1e-12
"""A loss as small as this, or a change of it, is nothing."""


@dataclass(frozen=True)
class Tolerance:
    """The largest relative changes of an optimizer's runs, over all machines that were tried.

    ``counts`` is that of any count, ``loss`` that of the loss after equally many steps. Where a
    run ended in another way on another machine, or a number was 0 on one of them alone, the
    optimizer is not ``stable``, and elsewhere only equal numbers say anything.
    """

    counts: float = 0.0
    loss: float = 0.0
    stable: bool = True


@dataclass(frozen=True)
class Tolerances:
    """What was measured, by the optimizer's name, and on what ``machines`` beside the first."""

    optimizers: Mapping[str, Tolerance] = field(default_factory=dict)
    machines: Sequence[str] = ()

    def of(self, optimizers: Iterable[str]) -> Tolerances:
        """Return those of some optimizers alone."""
        names = set(optimizers)
        kept = {name: one for name, one in self.optimizers.items() if name in names}
        return Tolerances(kept, self.machines if kept else ())


def changes(here: Iterable[Measured], others: Iterable[Iterable[Measured]]) -> dict[str, Tolerance]:
    """Return what changes between the runs here and the same ones on other machines."""
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
    """Return what changes between a run and the same one on another machine."""
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
    """Return |b − a|/|a|, infinite from 0, rounded up to three digits; 0 where nothing is known."""
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
