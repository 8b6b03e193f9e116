"""The figure rotated: which optimizers depend on the axes of the coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator

from optframe import Figure, Frames
from optframe_reports.plotting.curve_axis import axis_of, no_ranking
from optframe_reports.plotting.labelling import (
    WIDTH,
    Legend,
    add_legend,
    add_title,
    legend,
    literal,
    plain_log_ticks,
    room,
    stroke,
)
from optframe_reports.plotting.rotated_pairs import Compared, Measure, compared, pairs_of
from optframe_reports.quantities import number

__all__ = ["Rotated"]

_PAIRS = 4
"""The most problems in a picture."""

_NAME = 36
"""Letters of a row's name in a line, on a picture of the usual width."""

_SAME = 0.02
"""Medians that differ by less than this share are the same, since rounding may change a step."""


@dataclass(frozen=True)
class Rotated(Figure):
    """Each optimizer on a problem (ring) and on the same problem rotated (dot), joined by a line.

    A method that does not use coordinates (gradient descent, momentum, Newton, BFGS) takes the same
    steps, rotated, if the start and the minimum are rotated, too (``wood+rotate``): its dot is in
    its ring, with "same" beside it. Methods with a step length for each coordinate (AdaGrad, Adam),
    with signs, and coordinate descent may become slower or faster; the factor is beside the dot.
    ``quadratic:rotate=true`` rotates only the valley, so each method has another start relative to
    it.

    The figure shows the median over the seeds of a run's cost of the study's target, or of the
    final loss above f* if problems have no target or no run reached it. Each seed draws its own
    rotation. If half of the runs or more were lost or did not reach the target, the median is
    infinite: × in the grey column at the right. The most dependent optimizers are at the top, those
    that reached the target on neither problem at the bottom.

    Compared problems differ only in the rotation, and optimizers have the same hyperparameters on
    both. Of more than four pairs, the first are shown. Of more than twelve settings, each
    optimizer's best is shown.

    Reference: R. Salomon, "Re-evaluating genetic algorithm performance under coordinate rotation of
    benchmark functions", BioSystems 39 (1996).
    """

    across = True

    measure: Measure = "auto"

    def title(self) -> str:
        """Return the picture's title."""
        return "The same problem rotated"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no problem ran both rotated and not with a result, else None."""
        if not len(frames.trials):
            return "no trial has run yet"
        if not pairs_of(frames.trials):
            return "no problem was run both as it is and rotated (NAME and NAME+rotate)"
        cost = axis_of(frames).name if self.measure == "auto" else self.measure
        if why := no_ranking(frames, cost):
            return why
        if self._drawn(frames).table.empty:
            unknown = "f* of the problems is" if self.measure == "suboptimality" else "no target is"
            return f"no optimizer ran with the same settings on both, or {unknown} known"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row, as high as its name, for each optimizer."""
        return WIDTH, 1.6 + 0.24 * _rows(self._drawn(frames).table)[-1].bottom

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the medians on both problems, and their ratio, for each pair and optimizer."""
        return self._drawn(frames).table

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a row for each optimizer, in a block for each problem."""
        import seaborn

        words, table = self._drawn(frames)
        letters = max(14, int(_NAME * room(axes)))
        rows = _rows(table, letters)
        beyond = _set_x_axis(axes, table)
        for row in rows:
            _draw_row(axes, row, frames.colors[row.optimizer], beyond)
        axes.set_yticks([row.place for row in rows], [row.name for row in rows], fontsize="small")
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(rows[-1].bottom, -0.2)
        axes.set(xlabel=words)
        axes.grid(axis="x", which="major", alpha=0.4)
        seaborn.despine(ax=axes, left=True)
        for row in rows:
            if row.heading:
                look = {"fontsize": "small", "fontweight": "bold", "va": "center"}
                text = literal(row.heading, letters)
                axes.text(0, row.place - 1, text, transform=axes.get_yaxis_transform(), **look)
        longest = max(len(line) for row in rows for line in row.name.split("\n"))
        add_title(axes, self._caption(frames, table), longest)
        add_legend(axes, *_legend(table))

    def _drawn(self, frames: Frames) -> Compared:
        return compared(frames, pairs_of(frames.trials)[:_PAIRS], self.measure)

    def _caption(self, frames: Frames, table: pd.DataFrame) -> str:
        seeds = int(table["seeds"].max())
        parts = ["rotated or not", "one seed" if seeds == 1 else f"median of {seeds} seeds"]
        every = len(pairs_of(frames.trials))
        if every > _PAIRS:
            parts.append(f"{_PAIRS} of {every} problems")
        return ", ".join(parts)


class _Row(NamedTuple):
    """An optimizer on a problem: the position of its row, and the picture's end below it."""

    optimizer: str
    name: str
    place: float
    bottom: float
    heading: str
    plain: float
    rotated: float


def _rows(table: pd.DataFrame, letters: int = _NAME) -> list[_Row]:
    """Return the rows from the top down; a problem's heading is above its first row."""
    one_sampler = table["sampler"].nunique() == 1
    rows: list[_Row] = []
    last, below = None, 0.0
    columns = ["optimizer", "sampler", "plain_problem", "plain", "rotated"]
    for optimizer, sampler, problem, plain, rotated in table[columns].itertuples(index=False):
        name = literal(optimizer if one_sampler else f"{optimizer} · {sampler}", letters)
        lines = 1 + name.count("\n")
        heading = "" if problem == last else str(problem)
        place = below + (1.6 if heading else 0.0) + 0.5 * lines
        below = place + 0.5 * lines + 0.1
        rows.append(_Row(optimizer, name, place, below, heading, plain, rotated))
        last = problem
    return rows


def _set_x_axis(axes: Any, table: pd.DataFrame) -> float:
    """Let the axis contain the finite values; return the position of ×, to the right of them."""
    values = table[["plain", "rotated"]].to_numpy(np.float64).ravel()
    finite = values[np.isfinite(values) & (values > 0)]
    low, high = (finite.min(), finite.max()) if finite.size else (1.0, 10.0)
    axes.set_xscale("log")
    span = max(high / low, 4.0)
    left, right = low / span**0.06, high * span**0.06
    beyond = right * span**0.06
    edge = right * span**0.12 if np.isinf(values).any() else right
    axes.set_xlim(left, edge)
    if edge > right:
        axes.axvspan(right, edge, color="0.94", lw=0, zorder=0)
    if span < 1000:
        plain_log_ticks(axes.xaxis)
    for minor in (False, True):
        ticks = axes.xaxis.get_ticklocs(minor=minor)
        locator = FixedLocator([tick for tick in ticks if left <= tick <= right])
        (axes.xaxis.set_minor_locator if minor else axes.xaxis.set_major_locator)(locator)
    return float(beyond)


def _draw_row(axes: Any, row: _Row, color: Any, beyond: float) -> None:
    plain, rotated = (min(value, beyond) for value in (row.plain, row.rotated))
    if np.isfinite(row.plain) or np.isfinite(row.rotated):
        look = {"color": color, "lw": 2 * stroke(), "alpha": 0.6, "zorder": 2}
        axes.plot([plain, rotated], [row.place] * 2, "-", **look)
    for value, at, ring in ((row.rotated, rotated, False), (row.plain, plain, True)):
        if np.isinf(value):
            axes.plot(at, row.place, "x", color=color, ms=7 * stroke(), mew=2 * stroke(), zorder=4)
        else:
            face = "none" if ring else color
            size = 9 if ring else 5
            look = {"ms": size * stroke(), "mfc": face, "mew": 1.6 * stroke()}
            axes.plot(at, row.place, "o", color=color, **look, zorder=3)
    beside = axes.get_yaxis_transform()
    axes.text(1.015, row.place, _factor(row), transform=beside, va="center", fontsize="small")


def _factor(row: _Row) -> str:
    """Return as text by which factor the rotated problem costs more."""
    if np.isinf(row.plain) and np.isinf(row.rotated):
        return "both lost"
    if np.isinf(row.rotated):
        return "lost"
    if np.isinf(row.plain):
        return "gained"
    if abs(row.rotated - row.plain) <= _SAME * row.plain:
        return "same"
    return f"× {number(float(f'{row.rotated / row.plain:.2g}'))}"


def _legend(table: pd.DataFrame) -> Legend:
    look: dict[str, Any] = {"linestyle": "", "color": "0.3"}
    entries = [
        ("as it is", {"marker": "o", "ms": 9, "mfc": "none", "mew": 1.6, **look}),
        ("rotated", {"marker": "o", "ms": 5, **look}),
    ]
    if np.isinf(table[["plain", "rotated"]].to_numpy()).any():
        text = "half or more of the runs lost, or not there in time"
        entries.append((text, {"marker": "x", "ms": 7, "mew": 2, **look}))
    return legend(entries)
