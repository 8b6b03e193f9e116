"""The figure performance-profile: how many problems an optimizer solves within τ times the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.ticker import FuncFormatter, LogLocator

from optframe import Figure, Fraction, Frames
from optframe.contracts.costs import COSTS, CostName
from optframe.statistics import (
    performance_profile,
    ranking_depends_on,
    solver_costs,
)
from optframe_reports.plotting.compared_optimizers import nothing_to_compare
from optframe_reports.plotting.contenders import at_contenders, standings_of
from optframe_reports.plotting.curve_axis import axis_of, no_ranking
from optframe_reports.plotting.labelling import add_title
from optframe_reports.plotting.step_curves import Shares, draw_shares, profile, shares_size
from optframe_reports.plotting.target_costs import (
    Target,
    done_words,
    nothing_to_reach,
    reaching,
)
from optframe_reports.quantities import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PerformanceProfile"]

_MOST_CHANGES = 2


@dataclass(frozen=True)
class PerformanceProfile(Figure):
    """The share of problems that an optimizer solves within a factor τ of the best one's cost.

    The left edge, τ = 1, shows how often each optimizer is the cheapest (a tie counts for all of
    them). The right edge shows how many problems it solves at all, and the legend counts them. A
    problem is solved if the target was reached. A run that was lost before has an infinite cost.
    Only problems that all optimizers ran on are compared.

    Parameters
    ----------
    by
        The cost; by default the study's, else the work.
    target
        The study's own targets, or those of Moré and Wild relative to the start (see
        `DataProfile`), with the tolerance ``tau``. ``auto`` uses the study's own if some problem
        has one, and compares such problems alone.
    over
        How the costs of several seeds become one: the expected running time, ``ert``, as in the
        standings; their ``median``, infinite if half of them or more do not reach the target; or
        each of the ``seeds`` counts as a problem.

    A profile compares with the best of the given optimizers. If the order of two optimizers changes
    when a third one is removed, a note reports it (Gould and Scott 2016).

    References: E. D. Dolan and J. J. Moré, *Mathematical Programming* 91 (2002); N. Gould and
    J. Scott, *ACM Transactions on Mathematical Software* 43 (2016).
    """

    across = True

    by: CostName | None = None
    target: Target = "auto"
    tau: Fraction = 1e-3
    over: Literal["ert", "median", "seeds"] = "ert"

    def title(self) -> str:
        """Return the picture's title."""
        return "Performance profile" + (f" of {COSTS[self.by].words}" if self.by else "")

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if fewer than two optimizers ran, or there is no target, else None."""
        compared, _ = self._compared(frames)
        cost = axis_of(frames, self.by).name
        return (
            nothing_to_compare(frames, standings_of(frames, self.by))
            or nothing_to_reach(compared, cost, self.target)
            or no_ranking(frames, cost)
        )

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend and the notes."""
        return shares_size(self._compared(frames)[0], 5)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the corners of the steps: optimizer, ratio, fraction, and what was counted."""
        return self._shares(frames).table

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a line of steps for each optimizer, with the legend and the notes below."""
        shares = self._shares(frames)
        end = 1.1 * max(float(shares.table["ratio"].max()), 1.9)
        axes.set_xscale("log", base=2 if end < 300 else 10)
        if end < 8:
            axes.xaxis.set_major_locator(LogLocator(base=2, subs=(1, 1.25, 1.5)))
        axes.set_xlim(1, end)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.minorticks_off()
        axes.set_xlabel(f"{axis_of(frames, self.by).words} / the best one's")
        draw_shares(axes, shares, "ratio", end)
        add_title(axes, f"{shares.title}: within a factor of the best")

    def _compared(self, frames: Frames) -> tuple[Frames, str]:
        return at_contenders(frames, standings_of(frames, self.by))

    def _shares(self, frames: Frames) -> Shares:
        axis, (frames, settings) = axis_of(frames, self.by), self._compared(frames)
        done = done_words(frames, self.target, self.tau)
        evaluations, target = reaching(frames, axis.name, self.target, self.tau)
        costs = solver_costs(evaluations, over=self.over)
        changes = [f"In this profile: {change}" for change in ranking_depends_on(costs)]
        if len(changes) > _MOST_CHANGES:
            more = f"There are {len(changes) - _MOST_CHANGES} more such changes."
            changes = [*changes[:_MOST_CHANGES], more]
        notes = [f"Target: {target}.", axis.note, settings]
        return profile(frames, performance_profile(costs), self.over, notes, changes, done=done)
