"""Draws curves of the share of problems or targets that are reached against the cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from optframe import Frames
from optframe.statistics import UNRUN
from optframe_reports.plotting.compared_optimizers import (
    Solver,
    add_notes,
    notes_height,
    number_of_seeds,
    solvers,
    style,
)
from optframe_reports.plotting.labelling import (
    HEIGHT,
    WIDTH,
    add_legend,
    legend,
    legend_height,
    plain_log_ticks,
    stroke,
)
from optframe_reports.plotting.run_groups import LIMIT
from optframe_reports.quantities import plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shares", "cost_axis", "draw_shares", "profile", "shares_size", "thinned"]

_POINTS = 400


@dataclass(frozen=True)
class Shares:
    """The curves (columns ``optimizer``, ``fraction`` and a cost), with their texts."""

    table: pd.DataFrame
    solvers: list[Solver]
    labels: list[str]
    notes: list[str]
    title: str
    of: str
    """The label of the vertical axis: what the shares are of."""


def profile(
    frames: Frames,
    table: pd.DataFrame,
    over: str,
    notes: Sequence[str],
    changes: Sequence[str] = (),
    done: str = "solved",
) -> Shares:
    """Return a performance or data profile's curves with their texts.

    ``done`` is what optimizers did to problems: ``solved`` is said of the study's own target alone.
    """
    counted, unsolved, left_out = (
        int(table[name].iloc[0]) for name in ("problems", "unsolved", "left_out")
    )
    what = "problem × seed" if over == "seeds" else "problem"
    lines = [
        *notes,
        f"{done.capitalize()} by no optimizer: {unsolved} of {counted}." if unsolved else "",
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
        [note for note in lines if note],
        f"{counted} problems × seeds" if over == "seeds" else f"{plural(counted, what)}, {seeds}",
        f"{what.replace('problem', 'problems').replace('seed', 'seeds')} {done}",
    )


def thinned(table: pd.DataFrame, x: str) -> pd.DataFrame:
    """Return at most as many rows of each optimizer as a picture can show.

    Of rows whose x differ by less than 1/400 of the logarithmic range, the last is kept. So every
    drawn point is exact.
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
    """Draw a step line for each optimizer to the ``end`` of the axis, and the texts.

    Earlier lines are wider, so that lines on top of each other are all visible.
    """
    import seaborn

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
    looks = map(style, shares.solvers)
    add_legend(axes, *legend([*zip(shares.labels, looks, strict=True)]))
    add_notes(axes, shares.notes, axes.get_legend())


def cost_axis(axes: Any, costs: Any) -> float:
    """Scale the axis of these costs, and return its end, after which no curve changes.

    It is logarithmic if they span more than two decades, and begins below the least of them.
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
    """Return the size in inches of a figure with a legend and ``lines`` lines of notes."""
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    labels = [
        solver.label("10 of 10") for solver in solvers(frames, list(ran["optimizer"].unique()))
    ]
    labels = sorted(labels, key=len)[-LIMIT:]  # it is not known yet which ones are drawn
    return WIDTH, HEIGHT + legend_height(labels) + notes_height(["-"] * lines)
