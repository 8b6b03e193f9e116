"""What a run is charged that broke down: its whole budget, in the unit of any cost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from optframe.contracts.costs import COSTS
from optframe.contracts.trial import BUDGETS
from optframe.statistics.costs import paid
from optframe.statistics.grouped import Integers, grouped
from optframe.statistics.medians import Floats

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["largest", "whole_budgets"]


def whole_budgets(trials: pd.DataFrame, cost: str, spent: Floats, cells: Integers) -> Floats:
    """Return each run's whole budget in the unit of the cost; 0 if nothing is known of it.

    It is the budget itself if it limits this cost; else the most that a finished run of the same
    cell (optimizer with its settings, and problem) spent; else spent × budget ÷ used, in the
    budget's own unit; else the most that any run of the problem spent.
    """
    texts = trials["budget"].astype(str) if "budget" in trials else trials["key"].map(lambda _: "")
    limits = {text: _limits(text) for text in texts.unique()}
    own = np.array([limits[text].get(cost, np.nan) for text in texts], dtype=np.float64)
    finished = (trials["status"] == "finished").to_numpy()
    most = largest(np.where(finished, spent, np.nan), cells)
    share = np.full(len(texts), np.inf)
    for unit in BUDGETS:
        limit = np.array([limits[text].get(unit, np.nan) for text in texts], dtype=np.float64)
        if unit not in COSTS or np.isnan(limit).all() or unit not in trials:
            continue
        used = np.nan_to_num(paid(trials, unit), nan=0.0)
        ratio = np.divide(limit, used, out=np.full(used.size, np.inf), where=used > 0)
        share = np.fmin(share, np.where(np.isnan(limit), np.inf, ratio))
    known = np.isfinite(share) & (spent > 0)
    scaled = np.where(known, spent * np.where(known, share, 1.0), np.nan)
    problem, _ = grouped(trials, ["problem"])
    anybody = largest(np.where(spent > 0, spent, np.nan), problem)
    whole = own
    for other in (most, scaled, anybody):
        whole = np.where(np.isnan(whole) | (whole <= 0), other, whole)
    return np.nan_to_num(whole, nan=0.0)


def _limits(budget: str) -> dict[str, float]:
    """Return the limits in a budget's text: ``steps 500, target 1e-06``."""
    parts = re.findall(rf"\b({'|'.join(BUDGETS)}) ([0-9.e+-]+)", budget)
    return {unit: float(limit) for unit, limit in parts}


def largest(values: Floats, codes: Integers) -> Floats:
    """Return for each value the largest of its group, NaN if there is none."""
    _, place = np.unique(codes, return_inverse=True)
    most = np.full(place.max(initial=-1) + 1, -np.inf)
    known = ~np.isnan(values)
    np.maximum.at(most, place[known], values[known])
    most[np.isneginf(most)] = np.nan
    return most[place]
