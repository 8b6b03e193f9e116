"""What a run's progress is measured in: its label, and whether runs have a curve or a time."""

from __future__ import annotations

from typing import NamedTuple

from optframe import Frames
from optframe.contracts.costs import COSTS, CostName
from optframe.statistics import UNRUN, known_cost, not_comparable, unsteady
from optframe_reports.plotting.run_arrays import curve_column
from optframe_reports.plotting.run_groups import groups
from optframe_reports.quantities import time_unit

__all__ = ["Axis", "axis_of", "doubt_of", "no_curves", "no_ranking", "no_steps"]


class Axis(NamedTuple):
    """The cost on an axis: its ``name``, and what was ``asked``, which some run may lack.

    ``doubt`` ends the label of seconds that are not comparable.
    """

    name: str
    asked: str
    doubt: str = ""

    @property
    def words(self) -> str:
        """What the cost is called: ``gradient evaluations``."""
        return COSTS[self.name].words

    @property
    def remarked(self) -> str:
        """The words, with a remark if another cost was asked for, for figures without notes."""
        lacking = f" (not all runs have {self.asked})" if self.name != self.asked else ""
        return self.words + lacking

    @property
    def note(self) -> str:
        """A sentence if another cost was asked for, else empty."""
        if self.name == self.asked:
            return ""
        return f"Not all runs have {self.asked}, so all are compared by {self.name}."

    def label(self, end: float) -> tuple[float, str]:
        """Return a factor for places up to ``end``, and their label: time in a fitting unit."""
        if self.name != "seconds":
            return 1.0, self.remarked
        scale, unit = time_unit(end)
        return scale, f"time ({unit}){self.doubt}"


def axis_of(frames: Frames, asked: CostName | None = None) -> Axis:
    """Return the axis of the cost that is asked for, by default the study's.

    If any run lacks this cost, the axis is that of gradients, for all runs.
    """
    cost = asked or frames.cost
    name = known_cost(frames.trials, cost)
    return Axis(name, cost, doubt_of(frames) if name == "seconds" else "")


def doubt_of(frames: Frames) -> str:
    """Return the end of the label of an axis of times: that they are not comparable, or nothing."""
    return ", not comparable" if no_ranking(frames, "seconds") else ""


def no_ranking(frames: Frames, cost: str) -> str | None:
    """Return in one line why a cost ranks nothing: seconds that are not comparable, or None.

    The machine's speed is judged on all problems of the study together.
    """
    if cost != "seconds":
        return None
    found = frames.standings
    signs = unsteady(frames.trials) if found is None else found.unsteady
    problems = set(frames.trials["problem"])
    return not_comparable([one for one in signs if one.problem in problems])


def no_curves(frames: Frames, x: str, *metrics: str) -> str | None:
    """Say why no curve of these metrics against x can be drawn, or None where one can."""
    if not groups(frames) or frames.curves.empty:
        return "no run has a curve yet"
    for metric in metrics:
        if metric not in frames.curves or frames.curves[metric].isna().all():
            return f"no run measured {metric}"
    if not (curve_column(frames, COSTS[x].column) > 0).any():
        return f"the runs counted no {x}"
    return None


def no_steps(frames: Frames) -> str | None:
    """Say why no run has a time per step, or None where one has."""
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    stepped = ran[ran["steps"] > 0]
    if stepped.empty:
        return "no run has taken a step yet"
    if (stepped["together"] > 1).all():
        return "all runs ran in batches, so none has its own time"
    return None
