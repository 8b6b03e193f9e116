"""Sets an axis of chosen numbers: learning rates, batch sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from optframe_reports.plotting.labelling import plain_log_ticks
from optframe_reports.quantities import number

__all__ = ["set_number_axis", "spelled"]

_FEW = 9
"""The most values for which each has a tick."""


def spelled(parameter: str) -> str:
    """Return a hyperparameter's name for an axis."""
    return "learning rate" if parameter == "lr" else parameter.replace("_", " ")


def set_number_axis(axis: Any, values: NDArray[np.float64], *, each: bool = False) -> None:
    """Make the axis logarithmic if all values are positive and span more than a factor of three.

    With ``each`` there is a tick at each value and at no other, if these are few.
    """
    values = np.unique(values)
    low, high = values[0], values[-1]
    log = low > 0 and high > 3 * low
    set_scale, set_limits = (
        (axis.axes.set_xscale, axis.axes.set_xlim)
        if axis.axis_name == "x"
        else (axis.axes.set_yscale, axis.axes.set_ylim)
    )
    if log:
        set_scale("log")
        margin = (high / low) ** 0.05
        set_limits(low / margin, high * margin)
        if high < 1000 * low:
            plain_log_ticks(axis)
    else:
        margin = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
        set_limits(low - margin, high + margin)
    if each and values.size <= _FEW:
        axis.set_major_locator(FixedLocator(values.tolist()))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axis.set_minor_locator(NullLocator())
