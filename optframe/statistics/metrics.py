"""Chooses the metric by which runs are judged, and reads it.

Without a choice it is the validation loss on problems that have one, else f − f* on problems that
know their minimum f*, else the loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.grouped import Flags
from optframe.statistics.medians import Floats
from optframe.statistics.wording import metric_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GAP", "VALIDATION", "judged_metrics", "measured", "metric_words"]

GAP, VALIDATION = "gap", "validation_loss"


def measured(frame: pd.DataFrame, metric: str, minimum: Floats | None = None) -> Floats:
    """Return a metric's values, NaN where it was not measured; ``gap`` is f − f*.

    ``frame`` has trials, or rows of curves with the ``minimum`` f* of each.
    """
    if metric in frame:
        return frame[metric].to_numpy(np.float64)
    if metric == GAP and "loss" in frame:
        least = frame["minimum"].to_numpy(np.float64) if minimum is None else minimum
        return np.asarray(frame["loss"].to_numpy(np.float64) - least)
    return np.full(len(frame), np.nan)


def judged_metrics(trials: pd.DataFrame, metric: str | None = None) -> pd.Series[str]:
    """Return each trial's metric by which it is judged, the same for all trials of a problem."""
    import pandas as pd

    chosen = pd.Series(metric or "loss", trials.index, dtype=object)
    if metric is None and len(trials):
        known = trials["minimum"].notna().to_numpy()
        # A trial without a result knows no f*; of the others, all have to know it.
        ended = known | ~np.isnan(measured(trials, "loss"))
        validated = ~np.isnan(measured(trials, VALIDATION))
        for name, has in (
            (GAP, _each(trials, known, ended)),
            (VALIDATION, _some(trials, validated)),
        ):
            chosen[has] = name
    return chosen


def metric_words(trials: pd.DataFrame, metric: str | None = None) -> str:
    """Return what a metric is called: ``validation loss``, ``f − f*``, ``f − f* or loss``."""
    names = dict.fromkeys(judged_metrics(trials, metric)) or {metric or "loss": None}
    return " or ".join(metric_name(str(name)) for name in names)


def _some(trials: pd.DataFrame, flags: Flags) -> Flags:
    """Return for each trial whether any trial of its problem has the flag."""
    import pandas as pd

    codes, problems = pd.factorize(trials["problem"])
    return np.asarray(np.bincount(codes[flags], minlength=len(problems)) > 0)[codes]


def _each(trials: pd.DataFrame, flags: Flags, asked: Flags) -> Flags:
    """Return for each trial whether all ``asked`` trials of its problem have the flag, and any."""
    return _some(trials, flags & asked) & ~_some(trials, asked & ~flags)
