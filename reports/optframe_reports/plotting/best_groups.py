"""Which groups a picture shows where there are more than it can hold: each optimizer's best."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe.statistics import final, median_and_quartiles, worst

__all__ = ["Chosen", "best_of_each", "median_finals"]


@dataclass(frozen=True)
class Chosen:
    """A group that is shown: its index, the best of how many settings, and how many are not."""

    index: int
    settings: int = 1
    left_out: int = 0


def best_of_each(
    families: Sequence[Hashable], medians: NDArray[np.float64], limit: int
) -> list[Chosen]:
    """Choose at most ``limit`` groups, in their order; the least of ``medians`` is the best.

    Shown is the best of each family, all settings of one optimizer with one sampler; if there are
    too many families, the best ``limit`` of these. Where there is one family only, its best
    ``limit`` are shown. Of equals, the first is better.
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
    ran: pd.DataFrame, parts: Sequence[NDArray[np.integer[Any]]], metric: str
) -> NDArray[np.float64]:
    """Return each part's median final metric, less being better; a lost run counts as worst.

    ``parts`` are positions in ``ran``; those of one size are computed at once.
    """
    sign = math.copysign(1.0, worst(metric))
    finals = sign * final(ran, metric)
    sizes = np.array([len(part) for part in parts])
    medians = np.empty(len(parts))
    for size in np.unique(sizes):
        where = np.flatnonzero(sizes == size)
        rows = np.stack([parts[index] for index in where.tolist()], axis=1)
        medians[where] = median_and_quartiles(finals[rows]).median
    return medians
