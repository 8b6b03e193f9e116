"""Selects the groups in a picture if there are too many: each optimizer's best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chosen", "best_of_each"]


@dataclass(frozen=True)
class Chosen:
    """A selected group: its index, how many settings it is the best of, how many are left out."""

    index: int
    settings: int = 1
    left_out: int = 0


def best_of_each(
    families: Sequence[Hashable], numbers: NDArray[np.float64], limit: int
) -> list[Chosen]:
    """Select at most ``limit`` groups, in their order; the least of ``numbers`` is the best.

    A family is all settings of one optimizer with one sampler. The best of each family is selected,
    and of too many families, the best ``limit``. If there is only one family, its best ``limit``
    are selected. Of equal groups, the first is better.
    """
    ranked = [int(index) for index in np.argsort(numbers, kind="stable")]
    sizes = Counter(families)
    if len(sizes) == 1:
        return [Chosen(index, 1, len(ranked) - limit) for index in sorted(ranked[:limit])]
    best: dict[Hashable, int] = {}
    for index in ranked:
        best.setdefault(families[index], index)
    shown = sorted(list(best.values())[:limit])
    return [Chosen(index, sizes[families[index]], len(best) - len(shown)) for index in shown]
