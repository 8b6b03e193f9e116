"""Splits runs by two properties, and computes the quartiles of each part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe.statistics import Quartiles, median_and_quartiles

__all__ = ["Rows", "quartiles_of", "split"]

Floats = NDArray[np.float64]
Rows = NDArray[np.integer[Any]]


def split(
    first: pd.Series[str], second: pd.Series[str], order: list[str], second_order: list[str]
) -> list[tuple[str, str, Rows]]:
    """Return each pair of values that occurs, in these orders, with the rows of each.

    One sort finds all of them. A search for each pair would take pairs × runs operations.
    """
    codes = pd.Index(order).get_indexer(pd.Index(first)) * len(second_order)
    codes += pd.Index(second_order).get_indexer(pd.Index(second))
    rows = np.argsort(codes, kind="stable")
    begins = np.flatnonzero(np.diff(codes[rows], prepend=-1))
    pairs = [divmod(int(code), len(second_order)) for code in codes[rows[begins]]]
    parts = np.split(rows, begins[1:])[: len(pairs)]
    return [(order[i], second_order[j], own) for (i, j), own in zip(pairs, parts, strict=True)]


def quartiles_of(values: Floats, rows: Sequence[Rows]) -> Quartiles:
    """Return the quartiles of the values in each of several sets of rows, shape (sets,) each."""
    found = Quartiles(*(np.full(len(rows), np.nan) for _ in Quartiles._fields))
    sizes = np.array([len(part) for part in rows])
    for size in np.unique(sizes):  # sets of equal size are computed at once
        where = np.flatnonzero(sizes == size)
        quartiles = median_and_quartiles(values[np.stack([rows[int(i)] for i in where], axis=1)])
        for into, quartile in zip(found, quartiles, strict=True):
            into[where] = quartile
    return found
