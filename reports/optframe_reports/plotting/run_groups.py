"""Groups the runs that a figure compares: a group is one optimizer with one sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from optframe import Frames
from optframe.drawing.palette import color_of_each
from optframe.statistics import CENSORED, UNRUN
from optframe_reports.plotting.best_groups import Chosen, best_of_each
from optframe_reports.plotting.cells import split
from optframe_reports.plotting.contenders import standings_of
from optframe_reports.plotting.group_styles import Looks, colors_of_samplers
from optframe_reports.plotting.palette import LIMIT
from optframe_reports.quantities import count, noted, seeds

__all__ = ["LIMIT", "By", "Group", "groups", "lost", "number_of_runs", "spread"]

By = Literal["auto", "optimizer", "sampler"]
"""What the colour stands for; ``auto``: the sampler if there is only one optimizer, else the
optimizer."""

_STATUS_TEXTS = {
    "diverged": "diverged",
    "failed": "failed",
    "timeout": "timed out",
    "crashed": "crashed",
}


@dataclass(frozen=True)
class Group:
    """Runs that differ only in the seed, with their name, colour, marker and line style.

    It may be the best of several ``settings`` of its optimizer. ``left_out`` is the number of worse
    groups that are not in the picture.
    """

    name: str
    color: Any
    marker: str
    line_style: Any
    trials: pd.DataFrame
    settings: int = 1
    left_out: int = 0

    @property
    def label(self) -> str:
        """The name, and the number of settings: ``adam:lr=0.1 (best of 50 settings)``."""
        return noted(self.name, self._best)

    @property
    def legend(self) -> str:
        """The label, with the number of lost runs: ``adam (2 of 5 diverged)``."""
        return noted(self.name, self._best, lost(self.trials["status"]))

    @property
    def _best(self) -> str:
        return f"best of {count(self.settings)} settings" if self.settings > 1 else ""


def groups(
    frames: Frames, limit: int = LIMIT, *, by: By = "auto", metric: str | None = None
) -> list[Group]:
    """Return the groups with runs, in the order of the report's optimizers and of the samplers.

    If there are more than ``limit``, each contender (the settings of a grid together) with each
    sampler is shown by the setting that is best in the standings, and of these the best ``limit``.
    If all are settings of one contender, its best are shown. Each contender then has one colour.
    """
    trials = frames.trials
    optimizers = list(dict.fromkeys([*frames.colors, *trials["optimizer"]]))
    samplers = list(dict.fromkeys(trials["sampler"]))
    ran = trials[~trials["status"].isin(UNRUN)]
    if ran.empty:
        return []
    cells = split(ran["optimizer"], ran["sampler"], optimizers, samplers)
    names = _names(trials)
    families = [(names[optimizer], sampler) for optimizer, sampler, _ in cells]
    chosen = [Chosen(index) for index in range(len(cells))]
    if len(cells) > limit:
        judged, keys = standings_of(frames, metric=metric), ran["key"].to_numpy()
        numbers = np.array([judged.performance(keys[rows]) for *_, rows in cells])
        chosen = best_of_each(families, numbers, limit)
    shown = [cells[one.index] for one in chosen]

    heads, colors = dict(zip(optimizers, optimizers, strict=True)), color_of_each(optimizers)
    colors |= frames.colors
    if len(shown) < len(cells) and len(set(families)) > 1:
        heads, colors = names, color_of_each(names.values())
    alone = len({heads[optimizer] for optimizer, *_ in shown}) == 1
    by_sampler = by == "sampler" or (by == "auto" and alone and len(samplers) > 1)
    looks = Looks(colors, samplers)
    if by_sampler:
        looks = Looks(colors_of_samplers(trials), list(dict.fromkeys(heads[o] for o, *_ in shown)))
    return [
        Group(
            optimizer if len(samplers) == 1 else f"{optimizer} · {sampler}",
            *looks.of(*((sampler, head) if by_sampler else (head, sampler))),
            trials=ran.iloc[rows],
            settings=one.settings,
            left_out=one.left_out,
        )
        for one, (optimizer, sampler, rows) in zip(chosen, shown, strict=True)
        for head in [heads[optimizer]]
    ]


def number_of_runs(compared: Sequence[Group]) -> str:
    """Return the number of seeds and what is not shown: ``5 seeds, best settings only``."""
    left_out = max((group.left_out for group in compared), default=0)
    parts = [seeds(len(group.trials) for group in compared)]
    if any(group.settings > 1 for group in compared):
        parts.append("best settings only")
    if left_out:
        parts.append(f"the best {len(compared)} of {count(len(compared) + left_out)}")
    return ", ".join(parts)


def spread(compared: Sequence[Group], shown: str = "median and quartiles") -> str:
    """Return what a line or a number shows: ``median and quartiles of 5 seeds``, ``one seed``."""
    runs = number_of_runs(compared)
    return runs if runs.startswith("one seed") else f"{shown} of {runs}"


def lost(statuses: pd.Series[str]) -> str:
    """Return the number of lost runs as text: ``2 of 60 diverged``; empty if none was lost."""
    counts, ran = statuses.value_counts(), count(int((~statuses.isin(UNRUN)).sum()))
    return ", ".join(
        f"{count(counts[s])} of {ran} {_STATUS_TEXTS[s]}" for s in CENSORED if s in counts
    )


def _names(trials: pd.DataFrame) -> dict[str, str]:
    """Return each label's contender: what a grid's settings are called together, else itself."""
    labels = trials["optimizer"].astype(str)
    if "contender" not in trials:
        return dict(zip(labels, labels, strict=True))
    names = trials["contender"].where(trials["contender"].notna(), labels).astype(str)
    return dict(zip(labels, names, strict=True))
