"""The figure ert: the expected running time to targets closer and closer to the minimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from optframe import Figure, Fraction, Frames
from optframe.contracts.costs import COSTS, CostName
from optframe.statistics import time_to_target
from optframe_reports.plotting.curve_axis import axis_of, no_ranking
from optframe_reports.plotting.labelling import (
    HEIGHT,
    WIDTH,
    cross,
    finish,
    legend,
    legend_height,
    line_look,
    plain_log_ticks,
)
from optframe_reports.plotting.run_groups import Group, groups, number_of_runs
from optframe_reports.plotting.target_costs import (
    Floats,
    Way,
    graded,
    minimum,
    nothing_to_reach,
)
from optframe_reports.quantities import count, number

__all__ = ["Ert"]

_END = "no run of it reaches the next target"


@dataclass(frozen=True)
class Ert(Figure):
    """The expected running time to each target, from easy ones on the left to hard ones.

    ERT is the total cost of all runs, up to the target if they reached it and up to their end if
    they did not, divided by the number of runs that reached it. It is the expected cost of
    restarting until a run succeeds. Lost runs count as runs that did not reach it. The band is the
    interval of a bootstrap over the seeds with a confidence of 95 %. The line is solid where all
    runs reach the target and dashed where only some do. It ends in × where no run reaches the next
    target. The legend counts the runs. A cost is that at the run's next checkpoint.

    Parameters
    ----------
    by
        The cost; by default the study's, else the work.
    targets
        ``absolute``: f − f* from the starts down to ``least``. ``relative``: the remaining share of
        f(x₀) − f*. If f* is unknown, the best loss that any run found is used, and targets end a
        thousandth of the way before it.
    least
        The hardest target.

    References: A. Auger and N. Hansen, *IEEE Congress on Evolutionary Computation* (2005); N.
    Hansen et al., *Optimization Methods and Software* 36 (2021).
    """

    by: CostName | None = None
    targets: Way = "absolute"
    least: Fraction = 1e-8

    def __post_init__(self) -> None:
        """Raise if ``least`` is not positive, since a logarithmic grid does not reach zero."""
        if self.least <= 0:
            raise ValueError(f"least must be greater than 0, got {self.least}")

    def title(self) -> str:
        """Return the picture's title."""
        return f"Expected {COSTS[self.by].words if self.by else 'cost'} to a target"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no run was measured, or none has this cost, else None."""
        if not groups(frames):
            return "no trial has run yet"
        cost = axis_of(frames, self.by).name
        reason = nothing_to_reach(frames, cost, "relative")
        return reason or no_ranking(frames, cost)

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend."""
        labels = [f"{group.legend}: 10 of 10 to 1e-8, 1 of 10 to 1e-8" for group in groups(frames)]
        return WIDTH, HEIGHT + legend_height([*labels, _END])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return for each target: name, target, ert, ert_low, ert_high, runs, reached."""
        columns = ["name", "target", "ert", "ert_low", "ert_high", "runs", "reached"]
        return pd.concat(
            line.table.assign(name=line.group.name)[columns] for line in self._lines(frames).each
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a line for each optimizer, with its band, and the legend below."""
        lines = self._lines(frames)
        ends = [_draw_line(axes, line) for line in lines.each]
        shown = np.concatenate([line.table["ert"].to_numpy(np.float64) for line in lines.each])
        shown = shown[np.isfinite(shown) & (shown > 0)]
        axes.set_xlim(lines.grid[0] * 1.2, lines.grid[-1] / 1.2)
        axes.set_ylim(*(shown.min() / 1.3, shown.max() * 1.3) if shown.size else (1, 10))
        axes.set_xscale("log")
        axes.set_yscale("log")
        if shown.size and shown.max() < 500 * shown.min():
            plain_log_ticks(axes.yaxis)
        what = f"loss − {minimum(frames)}"
        what = what if self.targets == "absolute" else f"share that is left of {what}"
        runs = number_of_runs([line.group for line in lines.each])
        if any(line.table["ert_low"].notna().any() for line in lines.each):
            runs = f"95 % interval of {runs}"
        title = f"{frames.trials['problem'].iloc[0]}: expected running time, {runs}"
        entries = [(line.label, _style(line.group)) for line in lines.each]
        entries += [(_END, cross("0.3"))] if any(ends) else []
        finish(
            axes, title, legend(entries), x=what, y=f"expected {axis_of(frames, self.by).remarked}"
        )

    def _lines(self, frames: Frames) -> _Lines:
        grid, evaluations = graded(frames, axis_of(frames, self.by).name, self.targets, self.least)
        compared = groups(frames)
        if any(group.left_out or group.settings > 1 for group in compared):
            drawn = {label for group in compared for label in group.trials["optimizer"].iloc[:1]}
            evaluations = evaluations[evaluations["optimizer"].isin(drawn)]
        table = time_to_target(evaluations)
        table = table.assign(target=grid[table["level"]])
        of_group = dict(iter(table.groupby(["optimizer", "sampler"], sort=False)))
        pairs = [tuple(g.trials[["optimizer", "sampler"]].iloc[0]) for g in compared]
        each = [
            _Line(group, of_group[pair])
            for group, pair in zip(compared, pairs, strict=True)
            if pair in of_group
        ]
        return _Lines(grid[: int(table["level"].max()) + 1], each)


class _Line(NamedTuple):
    group: Group
    table: pd.DataFrame

    @property
    def label(self) -> str:
        """The name, with how many runs reach the last targets: ``adam: 5 of 5 to 0.01``."""
        reached, runs = self.table["reached"], self.table["runs"] - self.table["left_out"]
        whole, some = self.table[reached == runs], self.table[(reached > 0) & (reached < runs)]
        parts = [
            f"{count(part['reached'].iloc[-1])} of {count(runs.iloc[0])} "
            f"to {number(part['target'].iloc[-1], 1)}"
            for part in (whole, some)
            if len(part)
        ]
        if parts and not (self.table["ert"] > 0).any():
            parts.append("at no cost")
        return f"{self.group.legend}: {', '.join(parts) or 'none reached'}"


class _Lines(NamedTuple):
    grid: Floats
    each: list[_Line]


def _draw_line(axes: Any, line: _Line) -> bool:
    """Draw a line, and return whether it ends before the last target."""
    group, table = line.group, line.table[np.isfinite(line.table["ert"])]
    if not (table["ert"] > 0).any():
        return False
    x, ert = table["target"], table["ert"]
    whole = int((table["reached"] == table["runs"] - table["left_out"]).sum())  # easy ones first
    style = _style(group)
    if whole:
        axes.plot(x.iloc[:whole], ert.iloc[:whole], **style)
    if whole < len(table):
        some = slice(max(whole - 1, 0), None)
        axes.plot(x.iloc[some], ert.iloc[some], **{**style, "linestyle": (0, (2, 1.4))})
    if table["ert_low"].notna().any():
        high = np.minimum(table["ert_high"], 1e3 * ert.max())
        axes.fill_between(x, table["ert_low"], high, color=group.color, alpha=0.1, lw=0)
    ends = len(table) < len(line.table)
    if ends:
        place = (x.iloc[-1], ert.iloc[-1])
        axes.plot(*place, clip_on=False, zorder=4, **cross(group.color))
    return ends


def _style(group: Group) -> dict[str, Any]:
    look = line_look(group.color, group.marker, group.line_style)
    return {**look, "markevery": (0.0, 0.15)}
