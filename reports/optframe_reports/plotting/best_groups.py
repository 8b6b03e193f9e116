"""Selects the groups in a picture if there are too many: each optimizer's best."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe.statistics import final, worst
from optframe_reports.plotting.cells import Rows, quartiles_of

__all__ = ["Chosen", "best_of_each", "median_finals"]


@dataclass(frozen=True)
class Chosen:
    """A selected group: its index, how many settings it is the best of, how many are left out."""

    index: int
    settings: int = 1
    left_out: int = 0


def best_of_each(
    families: Sequence[Hashable], medians: NDArray[np.float64], limit: int
) -> list[Chosen]:
    """Select at most ``limit`` groups, in their order; the least of ``medians`` is the best.

    A family is all settings of one optimizer with one sampler. The best of each family is selected,
    and of too many families, the best ``limit``. If there is only one family, its best ``limit``
    are selected. Of equal groups, the first is better.
    """
    ranked = [int(index) for index in np.argsort(medians, kind="stable")]
    sizes = Counter(families)
    if len(sizes) == 1:
        return [Chosen(index, 1, len(ranked) - limit) for index in sorted(ranked[:limit])]
    best: dict[Hashable, int] = {}
    for index in ranked:
        best.setdefault(families[index], index)
    shown = sorted(list(best.values())[:limit])
    return [Chosen(index, sizes[families[index]], len(best) - len(shown)) for index in shown]


def median_finals(
    ran: pd.DataFrame, parts: Sequence[Rows], metric: str | None
) -> NDArray[np.float64]:
    """Return each part's median final metric, less being better; a lost run counts as worst.

    Without a metric, it is the one by which the runs are judged.
    """
    sign = math.copysign(1.0, worst(metric or "loss"))
    return quartiles_of(sign * final(ran, metric), parts).median
