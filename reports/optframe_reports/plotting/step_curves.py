"""Curves of the share of something that is done, against what it cost: steps from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import seaborn
from matplotlib.ticker import PercentFormatter

from optframe import Frames
from optframe.statistics import UNRUN
from optframe_reports.plotting.compared_optimizers import (
    LIMIT,
    Solver,
    add_legend_and_notes,
    notes_height,
    number_of_seeds,
    plural,
    solvers,
    style,
)
from optframe_reports.plotting.labelling import (
    HEIGHT,
    WIDTH,
    legend_height,
    plain_log_ticks,
    stroke,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shares", "cost_axis", "draw_shares", "profile", "shares_size", "thinned"]

_POINTS = 400


@dataclass(frozen=True)
class Shares:
    """The curves (columns ``optimizer``, ``fraction`` and a cost), and what is said about them."""

    table: pd.DataFrame
    solvers: list[Solver]
    labels: list[str]
    notes: list[str]
    title: str
    of: str
    """What the shares are of, as on the vertical axis."""


def profile(
    frames: Frames,
    table: pd.DataFrame,
    over: str,
    notes: Sequence[str],
    changes: Sequence[str] = (),
) -> Shares:
    """Return a performance or data profile's curves with all that is to be said about them."""
    counted, unsolved, left_out = (
        int(table[name].iloc[0]) for name in ("problems", "unsolved", "left_out")
    )
    what = "problem × seed" if over == "seeds" else "problem"
    said = [
        *notes,
        f"Solved by nobody: {unsolved} of {counted}." if unsolved else "",
        f"Left out: {left_out} that not all optimizers have run." if left_out else "",
        *changes,
    ]
    drawn = solvers(frames, list(table["optimizer"].unique()))
    solved = table.groupby("optimizer")["fraction"].max() * counted
    seeds = number_of_seeds(frames)
    if seeds != "one seed" and over != "seeds":
        seeds = f"{'median' if over == 'median' else 'expected running time'} of {seeds}"
    return Shares(
        table,
        drawn,
        [solver.label(f"{round(solved[solver.name])} of {counted}") for solver in drawn],
        [note for note in said if note],
        f"{counted} problems × seeds" if over == "seeds" else f"{plural(counted, what)}, {seeds}",
        f"{what.replace('problem', 'problems').replace('seed', 'seeds')} solved",
    )


def thinned(table: pd.DataFrame, x: str) -> pd.DataFrame:
    """Return no more rows of each optimizer than a picture can show.

    Of rows whose x lie within 1/400 of the logarithmic range of each other the last is kept, so
    that every point that is drawn is exact.
    """
    value = table[x].to_numpy(np.float64)
    positive = value[value > 0]
    if len(table) <= _POINTS or not positive.size:
        return table
    low, high = np.log(positive.min()), np.log(positive.max())
    with np.errstate(divide="ignore"):
        place = np.floor((np.log(value) - low) / ((high - low) or 1.0) * _POINTS)
    last = ~table.assign(place=place).duplicated(["optimizer", "place"], keep="last")
    return table[last.to_numpy()]


def draw_shares(axes: Any, shares: Shares, x: str, end: float) -> None:
    """Draw a line of steps for each optimizer to the ``end`` of the axis, and what is said.

    Where lines lie on each other the earlier ones are wider, so that all of them can be seen.
    """
    for index, solver in enumerate(shares.solvers):
        rows = shares.table[shares.table["optimizer"] == solver.name]
        width = stroke() * (3.2 - 1.8 * index / max(len(shares.solvers) - 1, 1))
        axes.plot(
            [*rows[x], end],
            [*rows["fraction"], rows["fraction"].iloc[-1]],
            drawstyle="steps-post",
            markevery=(0.017 * (index % 6), 0.15),
            **{**style(solver), "linewidth": width},
        )
    axes.set_ylim(-0.02, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.set_ylabel(shares.of)
    axes.grid(which="major", alpha=0.4)
    seaborn.despine(ax=axes)
    add_legend_and_notes(axes, shares.solvers, shares.labels, shares.notes)


def cost_axis(axes: Any, costs: Any) -> float:
    """Scale the axis of these costs, and return where it ends: where nothing more happens.

    It is logarithmic where they span over two decades, and begins below the least of them.
    """
    positive = np.asarray(costs, dtype=np.float64)
    positive = positive[(positive > 0) & np.isfinite(positive)]
    if not positive.size:
        axes.set_xlim(0, 1)
        return 1.0
    low, high = float(positive.min()), float(positive.max())
    if high <= 100 * low:
        axes.set_xlim(0, 1.05 * high)
        return 1.05 * high
    axes.set_xscale("log")
    axes.set_xlim(low / 1.3, high * 1.3)
    if high <= 1000 * low:
        plain_log_ticks(axes.xaxis)
    return high * 1.3


def shares_size(frames: Frames, lines: int) -> tuple[float, float]:
    """Return the size in inches of a figure with a legend and so many lines of notes."""
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    labels = [
        solver.label("10 of 10") for solver in solvers(frames, list(ran["optimizer"].unique()))
    ]
    labels = sorted(labels, key=len)[-LIMIT:]  # which ones are drawn is not known yet
    return WIDTH, HEIGHT + legend_height(labels) + notes_height(["-"] * lines)
