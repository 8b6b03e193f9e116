"""Chooses the vertical axis of a metric: its values, or the suboptimality of the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.statistics import worst
from optframe.statistics.metrics import GAP, judged_metrics

__all__ = ["Ordinate", "Scale", "judging", "knows_minimum", "ordinate"]

Floats = NDArray[np.float64]

Scale = Literal["auto", "log", "linear"]
"""The scale of an axis; ``auto`` depends on the values."""


@dataclass(frozen=True)
class Ordinate:
    """An axis for a metric: its name, whether it is logarithmic, and the value of a lost run.

    ``resolution`` is the least suboptimality that differs from zero, or None if the axis shows the
    metric itself.
    """

    name: str
    log: bool
    worst: float
    resolution: float | None = None

    def of(self, values: Floats, minimum: float | Floats) -> Floats:
        """Return the plotted values of one run, or of several runs with a minimum each."""
        if self.resolution is None:
            return values
        return np.maximum(values - minimum, self.resolution)


def judging(frames: Frames, asked: str | None = None) -> str:
    """Return the metric to draw for one problem: the one asked for, else the one that judges.

    The gap is the loss, which is drawn as f − f*.
    """
    metric = asked or frames.metric
    if metric is None and len(frames.trials):
        metric = str(judged_metrics(frames.trials).iloc[0])
    return "loss" if metric in (None, GAP) else str(metric)


def knows_minimum(metric: str, trials: pd.DataFrame) -> bool:
    """Return whether the suboptimality is plotted: it is for the loss if all trials know f*."""
    return metric in ("loss", "best_loss") and bool(trials["minimum"].notna().all())


def ordinate(
    metric: str, trials: pd.DataFrame, measured: Sequence[Floats], scale: Scale = "auto"
) -> Ordinate:
    """Choose the axis for these trials, of which ``measured`` holds each one's finite values.

    If f* is known, the suboptimality f − f* is plotted instead of the loss, on a logarithmic axis.
    Values below the resolution are drawn at the resolution, including zero and negative values from
    rounding. The resolution is eps |f*|, since a difference cannot be finer, but at least eps²,
    since θ is known only to eps and the loss is quadratic around θ*. (eps is that of the coarsest
    dtype: 2e-16 for float64, 1e-7 for float32.) Other metrics are drawn unchanged, on a logarithmic
    axis if they are positive and span more than a decade.

    Raises
    ------
    ValueError
        If a loss is below f* by more than rounding, so that f* is wrong.
    """
    some = [values for values in measured if values.size]
    least = np.array([values.min() for values in some])
    most = np.array([values.max() for values in some])
    name = metric.replace("_", " ")
    if knows_minimum(metric, trials):
        eps = max(float(np.finfo(dtype).eps) for dtype in trials["dtype"].unique())
        minima = trials["minimum"].to_numpy(dtype=np.float64)
        own = minima[[index for index, values in enumerate(measured) if values.size]]
        for low, minimum in zip(least, own, strict=True):
            if low < minimum - eps**0.5 * max(1.0, abs(minimum)):
                raise ValueError(
                    f"a loss of {low:.6g} was measured below {minimum:.6g}, which the "
                    "problem states as its minimum"
                )
        resolution = max(eps * float(np.abs(minima).max()), eps * eps)
        return Ordinate(f"{name} − f*", scale != "linear", worst(metric), resolution)
    # from the least value to what a run typically starts from or rises to
    spread = bool(len(some) and least.min() > 0 and np.median(most) > 10 * least.min())
    log = scale == "log" or (scale == "auto" and spread and worst(metric) > 0)
    return Ordinate(name, log, worst(metric))
