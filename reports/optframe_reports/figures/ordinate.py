"""What a convergence figure plots upwards: a metric, or how far the loss is above its minimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe.statistics import worst

__all__ = ["Ordinate", "ordinate"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ordinate:
    """The vertical axis: its name, whether it is logarithmic, and what a lost run counts as.

    ``resolution`` is the least suboptimality that can be told from zero; None where the axis
    shows the metric itself.
    """

    name: str
    log: bool
    worst: float
    resolution: float | None = None

    def of(self, values: Floats, minimum: float) -> Floats:
        """Return what is plotted of a run's values."""
        if self.resolution is None:
            return values
        return np.maximum(values - minimum, self.resolution)


def ordinate(metric: str, trials: pd.DataFrame, measured: Sequence[Floats]) -> Ordinate:
    """Choose the axis for these trials, of which ``measured`` holds each one's finite values.

    With f* known the loss becomes the suboptimality f − f* on a logarithmic axis. What is below
    its resolution is drawn at it, zero and the negative values of rounding too: eps |f*|, for a
    difference cannot be finer, but no less than eps², for θ is itself known to eps only and the
    loss is quadratic around θ* (eps of the coarsest dtype: 2e-16 for float64, 1e-7 for float32).
    All else is drawn as it is, logarithmic if it is positive and spans over a decade.

    Raises
    ------
    ValueError
        If a loss is below f* by more than rounding: then f* is wrong.
    """
    if metric == "loss" and trials["minimum"].notna().all():
        eps = max(float(np.finfo(dtype).eps) for dtype in trials["dtype"].unique())
        minima = trials["minimum"].to_numpy(dtype=np.float64)
        for values, minimum in zip(measured, minima, strict=True):
            if values.size and values.min() < minimum - eps**0.5 * max(1.0, abs(minimum)):
                raise ValueError(
                    f"a loss of {values.min():.6g} was measured below {minimum:.6g}, which the "
                    "problem states as its minimum"
                )
        resolution = max(eps * float(np.abs(minima).max()), eps * eps)
        return Ordinate("loss − f*", True, worst(metric), resolution)
    name = metric.replace("_", " ")
    return Ordinate(name, worst(metric) > 0 and _spans_over_a_decade(measured), worst(metric))


def _spans_over_a_decade(measured: Sequence[Floats]) -> bool:
    """Compare the least value with what a run typically starts from or rises to."""
    measured = [values for values in measured if values.size]
    if not measured:
        return False
    least = min(values.min() for values in measured)
    return bool(least > 0 and np.median([values.max() for values in measured]) > 10 * least)
