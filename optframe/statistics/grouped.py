"""Computes medians of thousands of groups of runs at once, by one sort of all their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optframe.statistics.medians import Floats, between, covering_ranks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GROUP", "Flags", "Integers", "Medians", "grouped", "grouped_medians"]

Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]

GROUP = ["problem", "optimizer", "sampler"]
"""The columns in which runs agree that differ only in the seed."""


class Medians(NamedTuple):
    """The fields of `Interval` for each group, NaN if it has no value, and the number of values."""

    median: Floats
    low: Floats
    high: Floats
    confidence: Floats
    counts: Integers


def grouped(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[Integers, pd.DataFrame]:
    """Return each row's group number, in the order of appearance, and the groups' labels."""
    names = list(columns)
    codes = frame.groupby(names, sort=False, dropna=False).ngroup()
    labels = frame.loc[~frame.duplicated(names), names].reset_index(drop=True)
    return codes.to_numpy().astype(np.intp), labels


def grouped_medians(
    values: Floats, codes: Integers, groups: int, confidence: float = 0.95
) -> Medians:
    """Return `median_interval` of each group; NaN values are left out."""
    known = ~np.isnan(values)
    values, codes = values[known], codes[known]
    counts = np.bincount(codes, minlength=groups)
    median, low, high, covered = np.full((4, groups), np.nan)
    found = Medians(median, low, high, covered, counts)
    some = np.flatnonzero(counts)
    if not some.size:
        return found
    ordered = values[np.lexsort((values, codes))]
    begin, n = (np.cumsum(counts) - counts)[some], counts[some]
    sizes, place = np.unique(n, return_inverse=True)
    ranks = [covering_ranks(int(size), confidence) for size in sizes]
    k = np.array([rank for rank, _ in ranks])[place]
    found.median[some] = between(ordered[begin + (n - 1) // 2], ordered[begin + n // 2])
    found.low[some] = ordered[begin + k - 1]
    found.high[some] = ordered[begin + n - k]
    found.confidence[some] = np.array([covered for _, covered in ranks])[place]
    return found
