"""The figure ecdf: the share of all targets, easy and hard, that an optimizer reaches by a cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optframe import Figure, Fraction, Frames
from optframe.contracts.costs import COSTS, CostName
from optframe.statistics import targets_reached
from optframe_reports.plotting.compared_optimizers import (
    nothing_to_compare,
    number_of_seeds,
    solvers,
)
from optframe_reports.plotting.contenders import at_contenders, standings_of
from optframe_reports.plotting.curve_axis import axis_of, no_ranking
from optframe_reports.plotting.labelling import add_title, cross
from optframe_reports.plotting.step_curves import (
    Shares,
    cost_axis,
    draw_shares,
    shares_size,
    thinned,
)
from optframe_reports.plotting.target_costs import (
    Floats,
    Way,
    graded,
    minimum,
    no_sizes,
    nothing_to_reach,
    sizes,
)
from optframe_reports.quantities import number, plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Ecdf"]

_EASIEST = 1e2


@dataclass(frozen=True)
class Ecdf(Figure):
    """The share of (problem, target, seed) that an optimizer has reached, against the cost.

    This is COCO's runtime distribution. A curve further to the left is faster, a higher one reaches
    more targets, and the area above it is the mean of the logarithm of the cost. There are five
    targets per decade, so progress on hard problems counts, too. A target that a run did not reach
    before it ended or was lost stays unreached. × marks the cost at which half of an optimizer's
    runs had ended; to the right of it, its curve shows only the others. Each problem has the same
    weight.

    Parameters
    ----------
    by
        The cost; by default the study's, else the work.
    targets
        ``relative``: the remaining share of f(x₀) − f*, from 10^-0.2 down to ``least``.
        ``absolute``: f − f* from 100 down to ``least``, as in COCO. If f* is unknown, the best loss
        that any run found is used, and targets end a thousandth of the way before it.
    least
        The hardest target.
    per_parameter
        Whether evaluations are divided by the number of parameters P.

    Reference: N. Hansen, A. Auger, D. Brockhoff, D. Tušar and T. Tušar, *COCO: performance
    assessment*, arXiv:1605.03560 (2016).
    """

    across = True

    by: CostName | None = None
    targets: Way = "relative"
    least: Fraction = 1e-8
    per_parameter: bool = True

    def __post_init__(self) -> None:
        """Raise if ``least`` is not positive, since a logarithmic grid does not reach zero."""
        if self.least <= 0:
            raise ValueError(f"least must be greater than 0, got {self.least}")

    def title(self) -> str:
        """Return the picture's title."""
        return f"Targets reached against {COSTS[self.by].words if self.by else 'the cost'}"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if fewer than two optimizers ran, or there is no target, else None."""
        compared, _ = at_contenders(frames)
        cost = axis_of(frames, self.by).name
        return (
            nothing_to_compare(frames, standings_of(frames))
            or nothing_to_reach(compared, cost, "relative")
            or no_ranking(frames, cost)
            or (no_sizes(compared) if self._divides(frames) else None)
        )

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend and the notes."""
        return shares_size(at_contenders(frames)[0], 3)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the corners of the steps: optimizer, cost, fraction, spent, what was counted."""
        return self._shares(frames).table

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a line of steps for each optimizer, and × at the end of its median run."""
        shares = self._shares(frames)
        ends = shares.table.groupby("optimizer")["spent"].first()
        end = cost_axis(axes, [*shares.table["cost"], *ends])
        words = axis_of(frames, self.by).words
        axes.set_xlabel(words + (" / P" if self._divides(frames) else ""))
        draw_shares(axes, shares, "cost", end)
        for solver in shares.solvers:
            rows = shares.table[shares.table["optimizer"] == solver.name]
            done = rows["fraction"].to_numpy()[rows["cost"] <= ends[solver.name]]
            if done.size:
                style = cross(solver.color)
                axes.plot(ends[solver.name], done[-1], clip_on=False, zorder=4, **style)
        add_title(axes, shares.title)

    def _divides(self, frames: Frames) -> bool:
        return self.per_parameter and axis_of(frames, self.by).name != "seconds"

    def _words(self, grid: Floats, goal: str) -> str:
        """Return a text with the number of targets and their range."""
        count = f"{len(grid)} for each problem" if goal == "f*" else f"up to {len(grid)} for each"
        ends = f"{number(grid[0], 2)} to {number(grid[-1], 2)}"
        if self.targets == "absolute":
            return f"{count}, a loss {ends} above {goal}"
        return f"{count}, {ends} of the way from the start to {goal} left"

    def _shares(self, frames: Frames) -> Shares:
        axis, (frames, settings) = axis_of(frames, self.by), at_contenders(frames)
        grid, evaluations = graded(frames, axis.name, self.targets, self.least, _EASIEST)
        if self._divides(frames):
            size = evaluations["problem"].map(sizes(frames))
            evaluations = evaluations.assign(
                cost=evaluations["cost"] / size, spent=evaluations["spent"] / size
            )
        table = targets_reached(evaluations)
        table = thinned(table, "cost")
        drawn = solvers(frames, list(table["optimizer"].unique()))
        missed = int(table.groupby("optimizer")["left_out"].first().sum())
        notes = [
            f"Targets: {self._words(grid, minimum(frames))}.",
            axis.note,
            settings,
            f"Left out: {missed} (run, target) without a cost or not run by all." if missed else "",
            "× is where half of an optimizer's runs had ended.",
        ]
        reached = table.groupby("optimizer")["fraction"].max()
        return Shares(
            table,
            drawn,
            [solver.label(f"{100 * reached[solver.name]:.0f} %") for solver in drawn],
            [note for note in notes if note],
            f"{plural(int(table['problems'].iloc[0]), 'problem')} × {len(grid)} targets, "
            f"{number_of_seeds(frames)}",
            "targets reached",
        )
