"""Computes the quantities that are plotted against the batch size, a number for each run."""

from __future__ import annotations

import dataclasses
import json
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.contracts.costs import COSTS
from optframe.statistics import CENSORED, Curve, align, final
from optframe_reports.plotting.metric_axis import Ordinate, ordinate
from optframe_reports.plotting.quartile_lines import lost_at
from optframe_reports.plotting.run_arrays import runs_of
from optframe_reports.quantities import count, duration, number, time_unit

__all__ = ["BUDGETS", "ENDS", "Measured", "batch_sizes", "measured"]

Floats = NDArray[np.float64]

BUDGETS = {
    "loss_per_step": "steps",
    "loss_per_sample": "samples",
    "loss_per_record": "records",
    "loss_per_work": "work",
    "loss_per_second": "seconds",
}
"""The quantities that are the loss after a cost."""

ENDS = ("validation_loss", "test_loss")
"""The quantities that are those of the runs' ends."""

_BYTES = ((1e3, 1.0, "B"), (1e6, 1e3, "kB"), (1e9, 1e6, "MB"), (np.inf, 1e9, "GB"))


class Measured(NamedTuple):
    """A value for each run, NaN if it has none, and the axis for it.

    If ``tuned``, it is compared at the learning rate that is best in the standings, and a lost run
    counts as worst.
    """

    values: Floats
    axis: Ordinate
    tuned: bool


def batch_sizes(trials: pd.DataFrame) -> Floats:
    """Return each trial's batch size, NaN where its sampler has none."""
    each = trials[["sampler", "sampler_parameters"]].drop_duplicates("sampler")
    sizes = {
        label: json.loads(text).get("batch_size", np.nan)
        for label, text in zip(each["sampler"], each["sampler_parameters"], strict=True)
    }
    found: Floats = trials["sampler"].map(sizes).to_numpy(np.float64)
    return found


def measured(frames: Frames, ran: pd.DataFrame, quantity: str) -> Measured:
    """Return a quantity of the trials that ran."""
    if quantity in BUDGETS:
        return _loss_after(frames, ran, BUDGETS[quantity])
    if quantity == "gradient_variance":
        variance = _median_over_checkpoints(frames, ran)
        variance[ran["status"].isin(CENSORED)] = np.nan
        return _spent(variance, "variance of the gradient")
    if quantity == "time_per_step":
        steps = ran["steps"].to_numpy(np.float64)
        known = (steps > 0) & (ran["together"] == 1).to_numpy()
        seconds = ran["seconds"].to_numpy(np.float64)
        paces = np.divide(seconds, steps, out=np.full(len(ran), np.nan), where=known)
        each, unit = time_unit(_typical(paces))
        return _spent(paces * each, f"time per step ({unit})")
    if quantity == "memory_per_step":
        size = ran["step_bytes"].to_numpy(np.float64)
        each, unit = next((e, u) for below, e, u in _BYTES if not _typical(size) >= below)
        return _spent(size / each, f"memory per step ({unit})")
    metric = quantity if quantity in ENDS else "loss"
    values = final(ran, metric)
    axis = ordinate(metric, ran, [one[np.isfinite(one)] for one in values[:, None]])
    return Measured(axis.of(values, ran["minimum"].to_numpy(np.float64)), axis, True)


def _loss_after(frames: Frames, ran: pd.DataFrame, budget: str) -> Measured:
    """Return the loss after the largest budget that every batch size has spent."""
    runs = runs_of(frames, ran, (COSTS[budget].column, "loss"))
    axis = ordinate("loss", ran, [y[np.isfinite(y)] for _, y in runs])
    lost = ran["status"].isin(CENSORED).to_numpy()
    ends = ran[budget].to_numpy(np.float64)
    after = _least_far(ran, ends, lost)
    to_paper = np.log10 if axis.log else np.asarray  # interpolated on the line as it is drawn
    minima = ran["minimum"].to_numpy(np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        curves = [
            Curve(x, to_paper(axis.of(y, minimum)), lost_at(end, x) if gone else None)
            for (x, y), minimum, end, gone in zip(runs, minima, ends, lost, strict=True)
        ]
        found = align(curves, [after], interpolate=True, worst=axis.worst)[:, 0]
        values = 10**found if axis.log else found
    text = f"{count(int(after))} {budget}"
    if budget == "seconds":
        text = duration(after)
    elif budget == "work":
        text = f"the work of {number(after, 3)} full gradients"
    return Measured(values, dataclasses.replace(axis, name=f"{axis.name} after {text}"), True)


def _least_far(ran: pd.DataFrame, ends: Floats, lost: NDArray[np.bool_]) -> float:
    """Return the least over the batch sizes of the typical end of their runs.

    Only runs that spent their budget count: runs that ended earlier keep their last loss.
    """
    spent = (ran["status"] == "finished").to_numpy()
    known = np.isfinite(ends) & np.isfinite(batch_sizes(ran))
    chosen = known & (spent if (known & spent).any() else ~lost)
    if not chosen.any():
        chosen = known
    cells = [batch_sizes(ran)[chosen], ran["optimizer"].to_numpy()[chosen]]
    return float(pd.Series(ends[chosen]).groupby(cells).median().min())


def _median_over_checkpoints(frames: Frames, ran: pd.DataFrame) -> Floats:
    """Return each run's median over its checkpoints, NaN where it has none."""
    name = "gradient_variance"
    curves = frames.curves[["key", name]].dropna()
    medians: Floats = (
        curves.groupby("key", sort=False)[name].median().reindex(ran["key"]).to_numpy(copy=True)
    )
    return medians


def _spent(values: Floats, name: str) -> Measured:
    """Return the cost of a step and its axis: less is better."""
    known = values[np.isfinite(values)]
    log = known.size > 0 and known.min() > 0 and known.max() > 3 * known.min()
    return Measured(values, Ordinate(name, bool(log), np.inf), False)


def _typical(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else np.nan
