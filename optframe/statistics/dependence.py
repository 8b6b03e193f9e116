"""Finds pairs of optimizers whose order in a performance profile depends on a third one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optframe.statistics.grouped import Flags
from optframe.statistics.medians import Floats
from optframe.statistics.profiles import performance_ratios, ratios

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RankChange", "ranking_depends_on"]

_MEASURES = {"wins": "by wins", "within_2": "within a factor of 2", "score": "by score"}
_ROUNDING = 1e-9


class RankChange(NamedTuple):
    """Without ``removed``, ``ahead`` is ahead of ``behind`` by this ``measure`` of the profile."""

    removed: str
    measure: str
    ahead: str
    behind: str

    def __str__(self) -> str:
        return (
            f"Without {self.removed}, {self.ahead} would be ahead of {self.behind} "
            f"{_MEASURES[self.measure]}; with it, it is behind."
        )


def ranking_depends_on(costs: pd.DataFrame, r_max: float = 4.0) -> list[RankChange]:
    """Return the pairs of optimizers that change places when a third one is removed.

    Ratios are to the best of the compared optimizers. So a profile shows which one is the best, but
    not always how the others rank. Each optimizer is removed in turn, and the others are ranked
    again by three measures: ``wins`` (ρ(1)), ``within_2`` (ρ(2)) and ``score`` (the area up to
    r_max). Only strict changes count, not ties that appear or disappear.

    Reference: N. Gould and J. Scott, ACM Transactions on Mathematical Software 43 (2016), article
    15.

    Raises
    ------
    ValueError
        If a cost is negative.
    """
    table = costs.dropna().to_numpy(np.float64)
    names = [str(name) for name in costs.columns]
    before = _measured(performance_ratios(costs).to_numpy(np.float64), r_max)
    changes = []
    for removed, name in enumerate(names):
        others = np.delete(np.arange(len(names)), removed)
        rest = table[:, others]
        after = _measured(ratios(rest, rest.min(axis=1, initial=np.inf)), r_max)
        for measure, old in before.items():
            overtakes = _ahead(old[others]).T & _ahead(after[measure])
            for ahead, behind in np.argwhere(overtakes):
                pair = names[others[ahead]], names[others[behind]]
                changes.append(RankChange(name, measure, *pair))
    return changes


def _measured(ratio: Floats, r_max: float) -> dict[str, Floats]:
    if not len(ratio):
        return {}
    wins, within_2 = ((ratio <= limit).mean(axis=0) for limit in (1.0, 2.0))
    return {"wins": wins, "within_2": within_2, "score": _area(ratio, r_max)}


def _area(ratio: Floats, r_max: float) -> Floats:
    """Return the area under each optimizer's profile from 1 to r_max, as a share of the whole."""
    return np.asarray(np.maximum(r_max - ratio, 0.0).mean(axis=0) / (r_max - 1))


def _ahead(values: Floats) -> Flags:
    """Return whether i is strictly ahead of j, shape (optimizers, optimizers)."""
    return np.asarray(values[:, None] - values[None, :] > _ROUNDING)
