"""The figure data-profile: how many problems an optimizer solves with a given budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from optframe import Figure, Fraction, Frames
from optframe.contracts.costs import COSTS, CostName
from optframe.statistics import data_profile, solver_costs
from optframe_reports.plotting.compared_optimizers import nothing_to_compare
from optframe_reports.plotting.contenders import at_contenders, standings_of
from optframe_reports.plotting.curve_axis import axis_of, no_ranking
from optframe_reports.plotting.labelling import add_title
from optframe_reports.plotting.step_curves import (
    Shares,
    cost_axis,
    draw_shares,
    profile,
    shares_size,
)
from optframe_reports.plotting.target_costs import (
    Target,
    done_words,
    no_sizes,
    nothing_to_reach,
    reaching,
    sizes,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DataProfile"]

_DIVIDED = ("work", "gradients", "evaluations")
"""The costs that are divided by P + 1."""


@dataclass(frozen=True)
class DataProfile(Figure):
    """The share of problems that an optimizer solves at a cost of κ groups of P + 1 evaluations.

    A problem is solved when a run reaches the study's own target. If the study has none, or with
    ``target=relative``, what counts is f(x₀) − f(x) ≥ (1 − τ) (f(x₀) − f*), that is, all but the
    fraction ``tau`` of the possible progress. If f* is unknown, the best loss that
    any optimizer found is used. Moré and Wild use τ = 1e-1, 1e-3, 1e-5 and 1e-7. A gradient by
    differences needs P + 1 evaluations of the loss. For a method with gradients, each counts as one
    evaluation, so κ shows how its cost grows with P. Work, gradients and evaluations are divided by
    P + 1, and other costs are not.

    Unlike in a performance profile, a curve does not depend on the other optimizers (except by f*,
    if it is unknown). The right edge shows how many problems an optimizer solves at all, and the
    legend counts them. A run that was lost before it solved the problem has an infinite cost.

    Parameters
    ----------
    by
        The cost; by default the study's, else the work.
    tau
        The tolerance τ.
    target
        The targets: the ``study``'s own, or ``relative`` ones. ``auto`` uses the study's own if
        some problem has one, and compares such problems alone.
    over
        How the costs of several seeds become one: the expected running time, ``ert``, as in the
        standings; their ``median``, infinite if half of them or more do not reach the target; or
        each of the ``seeds`` counts as a problem.

    Reference: J. J. Moré and S. M. Wild, *SIAM Journal on Optimization* 20 (2009).
    """

    across = True

    by: CostName | None = None
    tau: Fraction = 1e-3
    target: Target = "auto"
    over: Literal["ert", "median", "seeds"] = "ert"

    def title(self) -> str:
        """Return the picture's title."""
        return f"Data profile of {COSTS[self.by].words}" if self.by else "Data profile"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if fewer than two optimizers ran, or there is no target, else None."""
        compared, _ = self._compared(frames)
        cost = axis_of(frames, self.by).name
        return (
            nothing_to_compare(frames, standings_of(frames, self.by))
            or nothing_to_reach(compared, cost, self.target)
            or no_ranking(frames, cost)
            or (no_sizes(compared) if cost in _DIVIDED else None)
        )

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend and the notes."""
        return shares_size(self._compared(frames)[0], 2)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the corners of the steps: optimizer, cost, fraction, and what was counted."""
        return self._shares(frames).table

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a line of steps for each optimizer, with the legend and the notes below."""
        shares = self._shares(frames)
        end = cost_axis(axes, shares.table["cost"])
        axis = axis_of(frames, self.by)
        axes.set_xlabel(axis.words + (" / (P + 1)" if axis.name in _DIVIDED else ""))
        draw_shares(axes, shares, "cost", end)
        add_title(axes, f"{shares.title}: within a budget")

    def _compared(self, frames: Frames) -> tuple[Frames, str]:
        return at_contenders(frames, standings_of(frames, self.by))

    def _shares(self, frames: Frames) -> Shares:
        axis, (frames, settings) = axis_of(frames, self.by), self._compared(frames)
        done = done_words(frames, self.target, self.tau)
        evaluations, target = reaching(frames, axis.name, self.target, self.tau)
        costs = solver_costs(evaluations, over=self.over)
        groups_of = sizes(frames) if axis.name in _DIVIDED else None
        notes = [f"Target: {target}.", axis.note, settings]
        return profile(frames, data_profile(costs, groups_of), self.over, notes, done=done)
