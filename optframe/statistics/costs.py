"""Reads the costs of runs, and chooses the one that all runs of a comparison have.

Stores of earlier formats have neither work nor records. A comparison in which any run lacks its
cost is made by gradients, for all runs: two costs are never mixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.contracts.columns import ANSWERS, TRIALS
from optframe.contracts.costs import COSTS, FALLBACK
from optframe.statistics.grouped import Flags
from optframe.statistics.medians import Floats

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cost_note", "known_cost", "paid"]

_LATER = frozenset(column.name for column in TRIALS if column.since > 1 and column.name in COSTS)
"""The costs that the first stores did not have."""


def known_cost(trials: pd.DataFrame, cost: str) -> str:
    """Return the cost, or gradients if any run that was counted lacks it.

    It is steps for frames that were made by hand without gradients.

    Raises
    ------
    ValueError
        If there is no such cost.
    """
    if cost not in COSTS:
        raise ValueError(f"found the cost {cost!r}, expected one of {', '.join(COSTS)}")
    if not _lacking(trials, cost).any():
        return cost
    return FALLBACK if FALLBACK in trials else "steps"


def cost_note(trials: pd.DataFrame, cost: str) -> str:
    """Return a sentence on the runs that lack this cost; empty if all have it."""
    lacking = _lacking(trials, cost)
    if not lacking.any():
        return ""
    return (
        f"{int(lacking.sum())} of {int(_counted(trials).sum())} runs have no {cost}, which earlier "
        f"stores did not count: all are compared by {known_cost(trials, cost)}."
    )


def paid(frame: pd.DataFrame, cost: str, *, in_curves: bool = False) -> Floats:
    """Return a cost's values in a frame of trials or of curves."""
    if cost == "evaluations":
        return np.asarray(frame[list(ANSWERS)].to_numpy(np.float64).sum(axis=1))
    return frame[COSTS[cost].column if in_curves else cost].to_numpy(np.float64)


def _lacking(trials: pd.DataFrame, cost: str) -> Flags:
    """Return which runs were counted, and not in this cost."""
    if cost not in _LATER:
        return np.zeros(len(trials), dtype=bool)
    if cost not in trials:
        return _counted(trials)
    return _counted(trials) & np.asarray(trials[cost].isna().to_numpy())


def _counted(trials: pd.DataFrame) -> Flags:
    """Return which runs were counted; others crashed, or were skipped."""
    if "steps" not in trials:
        return np.ones(len(trials), dtype=bool)
    return np.asarray(trials["steps"].notna().to_numpy())
