"""Splits the tidy curves into one array per run, fast for ten thousand runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.contracts.columns import ANSWERS

__all__ = ["curve_column", "runs_of"]

Floats = NDArray[np.float64]


def curve_column(frames: Frames, name: str) -> Floats:
    """Return a column of the curves; ``evaluations`` are the sum of all answers."""
    curves = frames.curves
    if name == "evaluations":
        return np.asarray(curves[list(ANSWERS)].to_numpy(np.float64).sum(axis=1))
    return np.asarray(curves[name].to_numpy(np.float64, na_value=np.nan))


def runs_of(frames: Frames, trials: pd.DataFrame, columns: Sequence[str]) -> list[Floats]:
    """Return each trial's checkpoints, shape (columns, checkpoints), the first column ascending.

    A trial without a curve has none: shape (columns, 0).
    """
    keys = frames.curves["key"]
    begins = np.flatnonzero((keys != keys.shift()).to_numpy())  # a search for each row is slow
    owner = pd.Index(trials["key"]).get_indexer(keys.iloc[begins])
    owner = np.repeat(owner, np.diff(begins, append=len(keys)))
    wanted = owner >= 0
    owner = owner[wanted]
    table = np.stack([curve_column(frames, name)[wanted] for name in columns])
    change = np.diff(owner)
    if np.any(change < 0) or np.any(np.diff(table[0])[change == 0] < 0):
        order = np.lexsort((table[0], owner))
        owner, table = owner[order], table[:, order]
    return np.split(table, np.searchsorted(owner, np.arange(1, len(trials))), axis=1)
