"""The searches for hyperparameters of one problem, as figures draw them: one look a contender."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.statistics.metrics import measured
from optframe.statistics.tuning import Search, searches_of
from optframe_reports.plotting.contenders import colors_of
from optframe_reports.plotting.group_styles import Looks
from optframe_reports.plotting.palette import LIMIT
from optframe_reports.quantities import count

__all__ = ["Tuned", "no_searches", "set_value_axis", "start_of", "tuned_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tuned:
    """The searches of a contender with one sampler: one for each study of the protocol."""

    name: str
    color: Any
    marker: str
    line_style: Any
    searches: list[Search]

    @property
    def first(self) -> Search:
        """The first search; all have the same space and tuner."""
        return self.searches[0]

    @cached_property
    def settings(self) -> pd.DataFrame:
        """All settings of all searches that ran, in their order, with the study of each."""
        return pd.concat(
            [search.searched.assign(study=search.study) for search in self.searches],
            ignore_index=True,
        )

    @cached_property
    def values(self) -> Floats:
        """The values of these settings; less is better, and infinite is one that broke down."""
        return self.settings["value"].to_numpy(np.float64)

    def u(self, field: str) -> Floats:
        """Return the place of these settings in a field's space, in [0, 1]."""
        return np.concatenate([search.u(field) for search in self.searches])

    def numbers(self, field: str) -> Floats:
        """Return a field's numbers in these settings; NaN where it has none."""
        found = [
            search.value_of(field, int(number))
            for search in self.searches
            for number in search.searched["number"]
        ]
        return np.array([x if type(x) in (int, float) else np.nan for x in found], np.float64)


def no_searches(frames: Frames) -> str | None:
    """Return why nothing of a tuning can be drawn; None if something can."""
    if not len(frames.tunings):
        return "nothing was tuned in this study"
    return None if tuned_of(frames)[0] else "no setting has run yet"


def tuned_of(frames: Frames) -> tuple[list[Tuned], str]:
    """Return the contenders that were tuned, in the study's order, and a note on those left out.

    Of more than twelve, those with the best settings are kept. Colours are those of other figures.
    The frames keep it, since each figure of a tuning asks for it several times.
    """
    if "tuned" not in frames.found:
        frames.found["tuned"] = _tuned_of(frames)
    tuned: tuple[list[Tuned], str] = frames.found["tuned"]
    return tuned


def _tuned_of(frames: Frames) -> tuple[list[Tuned], str]:
    groups: dict[tuple[str, str], list[Search]] = {}
    for search in searches_of(frames.tuning, frames.tunings, frames.trials):
        groups.setdefault((search.contender, search.sampler), []).append(search)
    trials = frames.trials
    everybody = [*trials["contender"].dropna()] if "contender" in trials else []
    names = list(dict.fromkeys([*everybody, *(name for name, _ in groups)]))
    samplers = list(dict.fromkeys(sampler for _, sampler in groups))
    looks = Looks(colors_of(frames, names), samplers)
    found = [
        Tuned(
            name if len(samplers) == 1 else f"{name} · {sampler}",
            *looks.of(name, sampler),
            searches,
        )
        for (name, sampler), searches in groups.items()
    ]
    if len(found) <= LIMIT:
        return found, ""
    best = np.argsort([one.values.min() for one in found], kind="stable")[:LIMIT]
    return [found[i] for i in sorted(best)], f"the best {LIMIT} of {count(len(found))}"


def start_of(frames: Frames, search: Search) -> float:
    """Return the median of a search's value at the start of the final runs; +inf if unknown."""
    curves, trials = frames.curves, frames.trials
    metric = search.metric
    if search.runs.by_cost or not len(curves) or not len(trials):
        return np.inf
    begin = curves[curves["step"] == 0]
    minimum = trials.set_index("key")["minimum"].reindex(begin["key"]).to_numpy(np.float64)
    values = measured(begin, metric, minimum)
    values = values[np.isfinite(values)]
    if not values.size:
        return np.inf
    start = float(np.median(values))
    return 1.0 - start if search.rises else start


def set_value_axis(axes: Any, values: Floats) -> None:
    """Make the vertical axis logarithmic if all values are positive and span a factor of five."""
    known = values[np.isfinite(values)]
    if known.size and known.min() > 0 and known.max() > 5 * known.min():
        axes.set_yscale("log")
