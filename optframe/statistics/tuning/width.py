"""The width of a space: which share of it is nearly as good as the best setting that was tried."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from optframe.statistics.grouped import Flags
from optframe.statistics.medians import Floats
from optframe.statistics.tuning.search import Search

__all__ = ["SLACK", "Width", "near", "width"]

SLACK = 0.1
"""How much worse than the best a value may be that is nearly as good, as a share of the best."""


class Width(NamedTuple):
    """How many of the settings are within 10 % of the best one."""

    near: int
    settings: int

    @property
    def share(self) -> float:
        """The share of the settings, which estimates the share of the space."""
        return self.near / self.settings


def near(values: ArrayLike, best: float, slack: float = 0.0) -> Flags:
    """Return which values are within 10 % of the best one, or no more than ``slack`` above it.

    Values are losses, errors or costs: 10 % of an accuracy is everything. Of a best value below 0
    there is no such share, and ``slack`` alone counts.
    """
    found = np.asarray(values, dtype=np.float64)
    return np.asarray(found <= best + max(SLACK * best, slack, 0.0)) & np.isfinite(found)


def width(search: Search) -> Width | None:
    """Return how many of a search's settings are within 10 % of its best one.

    None if the tuner is adaptive, so that its settings crowd where values are good; if no setting
    has a finite value; or if the best value is below 0, of which there is no 10 %.
    """
    values: Floats = search.searched["value"].to_numpy(np.float64)
    best = values.min(initial=np.inf)
    if search.adaptive or not np.isfinite(best) or best < 0:
        return None
    return Width(int(near(values, float(best)).sum()), values.size)
