"""The groups that a figure compares: the runs of one optimizer with one sampler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optframe import Frames
from optframe.statistics import CENSORED, UNRUN
from optframe_reports.palette import line_style, marker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Group", "groups", "number_of_runs"]


@dataclass(frozen=True)
class Group:
    """Runs that differ by seed alone, with their name and how they are drawn."""

    name: str
    color: Any
    marker: str
    line_style: Any
    trials: pd.DataFrame

    @property
    def legend(self) -> str:
        """The name, with how many runs were lost: ``adam (2 of 5 diverged)``."""
        counts = self.trials["status"].value_counts()
        lost = [f"{counts[s]} of {len(self.trials)} {_SAID[s]}" for s in CENSORED if s in counts]
        return f"{self.name} ({', '.join(lost)})" if lost else self.name


_SAID = {"diverged": "diverged", "failed": "failed", "timeout": "timed out", "crashed": "crashed"}


def groups(frames: Frames) -> list[Group]:
    """Return the groups with runs, in the order of the report's optimizers and of the samplers."""
    optimizers = list(frames.colors)
    samplers = list(frames.trials["sampler"].unique())
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    return [
        Group(
            name=optimizer if len(samplers) == 1 else f"{optimizer} · {sampler}",
            color=frames.colors[optimizer],
            marker=marker(optimizers.index(optimizer)),
            line_style=line_style(samplers.index(sampler)),
            trials=trials,
        )
        for optimizer in optimizers
        for sampler in samplers
        if len(trials := ran[(ran["optimizer"] == optimizer) & (ran["sampler"] == sampler)])
    ]


def number_of_runs(compared: list[Group]) -> str:
    """Say how many seeds there are: ``5 seeds``, ``1 to 5 seeds``, ``one seed``."""
    sizes = sorted({len(group.trials) for group in compared})
    if sizes == [1]:
        return "one seed"
    return f"{sizes[0]} to {sizes[-1]} seeds" if len(sizes) > 1 else f"{sizes[0]} seeds"
