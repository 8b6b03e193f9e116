"""A search: the runs of one contender's tuning on one problem, with the space they are from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.contracts.columns import rises
from optframe.contracts.costs import DEFAULT
from optframe.contracts.space import Space
from optframe.statistics.medians import Floats
from optframe.statistics.tuning.settings import Choosing, Valued, ran_of, tried, valued

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEVIATIONS", "Search", "choosing_of", "searches_of"]

_SAME = ("contender", "problem", "sampler", "study")

DEVIATIONS = 2.0
"""How many deviations over seeds two values may differ that are equally good."""

_ADAPTIVE, _EXCHANGEABLE = ("optuna",), ("random",)
"""The built-in tuners of which stores without these marks know it by the name."""


@dataclass(frozen=True)
class Search:
    """The settings that were tried for one contender, problem, sampler and study of a protocol.

    ``frame`` has its trials of stage ``tune``, and ``settings`` the settings by number: each
    field's number as it was drawn, without the factor of `Space.times`.
    """

    contender: str
    problem: str
    sampler: str
    study: int
    frame: pd.DataFrame
    space: Mapping[str, Space]
    settings: Sequence[Mapping[str, Any]]
    how: Choosing = field(default_factory=Choosing)
    seeds: int | None = None
    """The runs of each setting that searched; further ones confirmed. None: all of them."""
    adaptive: bool = False
    exchangeable: bool = False
    winner: int | None = None
    """The number of the setting that was chosen; None if there is none yet."""
    final: pd.DataFrame | None = None
    """The trials of stage ``final`` that ran the winner."""
    studies: int = 1
    """How many searches there are with this contender, problem and sampler."""
    samplers: int = 1
    """With how many samplers the contender was tuned on the problem."""

    @property
    def name(self) -> str:
        """What sentences call it: ``adam on mlp``, ``adam on mlp in study 2``."""
        sampler = f" with {self.sampler}" if self.samplers > 1 else ""
        study = f" in study {self.study}" if self.studies > 1 else ""
        return f"{self.contender} on {self.problem}{sampler}{study}"

    @cached_property
    def tried(self) -> pd.DataFrame:
        """All settings that ran, the best first: see `optframe.statistics.tuning.tried`."""
        return tried(self.frame, self.how)

    @cached_property
    def searched(self) -> pd.DataFrame:
        """The settings in the order of the tuner, valued without the runs that confirmed some."""
        frame = self.frame
        if self.seeds is not None:
            frame = frame[frame["seed"] < self.seeds]
        return tried(frame, self.how).sort_values("number", ignore_index=True)

    @cached_property
    def runs(self) -> Valued:
        """All its runs, and their values."""
        return valued(self.frame, self.how)

    @cached_property
    def winner_values(self) -> tuple[Floats, Floats]:
        """The values of the winner's runs that chose it, and of its runs on fresh seeds."""
        if self.winner is None:
            return np.empty(0), np.empty(0)
        before = self.runs.value[(self.runs.frame["number"] == self.winner).to_numpy()]
        if self.final is None or self.final.empty:
            return before, np.empty(0)
        return before, valued(self.final, self.how, self.runs.by_cost).value

    @property
    def seed_deviation(self) -> float:
        """The standard deviation over seeds of the winner's value, in both stages.

        Runs that broke down have none. It is 0 where fewer than two runs have a value.
        """
        values = np.concatenate(self.winner_values)
        values = values[np.isfinite(values)]
        return float(np.std(values, ddof=1)) if values.size > 1 else 0.0

    @property
    def metric(self) -> str:
        """The metric of the values, or that tells settings apart that missed the target."""
        return self.runs.metric

    @property
    def rises(self) -> bool:
        """Whether more of the metric is better, so that its values are 1 − it."""
        return rises(self.metric)

    @property
    def measure(self) -> str:
        """What the values are called: ``validation loss``, ``work to the target``."""
        return self.runs.measure

    def u(self, name: str) -> Floats:
        """Return u of a field's value in each of the settings of `searched`; NaN if unknown."""
        return np.array([self._u(name, int(n)) for n in self.searched["number"]], dtype=np.float64)

    def value_of(self, name: str, number: int) -> Any:
        """Return a field's value in a setting; None if it is unknown."""
        return self.settings[number].get(name) if number < len(self.settings) else None

    def _u(self, name: str, number: int) -> float:
        value = self.value_of(name, number)
        try:
            return math.nan if value is None else self.space[name].u_of(value)
        except (TypeError, ValueError):
            return math.nan  # a value that the space does not contain


def choosing_of(tuner: Mapping[str, Any]) -> Choosing:
    """Return how settings are valued, of the table that a store has of a tuner."""
    return Choosing(
        tuner.get("metric"),
        tuner.get("at") or "end",
        tuner.get("average") or "median",
        bool(tuner.get("target")),
        tuner.get("cost") or DEFAULT,
    )


def searches_of(
    tuning: pd.DataFrame, tunings: pd.DataFrame, final: pd.DataFrame | None = None
) -> list[Search]:
    """Return the searches of a store of which some setting ran, in the order of ``tunings``.

    ``tuning`` is `Results.tuning`, with a row for each trial; ``tunings`` is `Results.tunings`,
    with a row for each search: contender, problem, sampler, study, space, tuner, proposals, winner.
    ``final`` is `Results.trials`, whose columns contender, problem, sampler and study say whose
    winner they ran.
    """
    if not len(tuning) or not len(tunings):
        return []
    groups, fresh = _groups(tuning), _groups(final)
    here = tunings.groupby(["contender", "problem"])
    studies, samplers = here["study"].nunique(), here["sampler"].nunique()
    found = []
    for row in tunings.to_dict("records"):
        whose = (str(row["contender"]), str(row["problem"]), str(row["sampler"]), int(row["study"]))
        frame = groups.get(whose)
        if frame is None or ran_of(frame).empty:
            continue
        tuner, winner = row["tuner"] or {}, row["winner"]
        name = str(tuner.get("tuner") or tuner.get("name") or "").partition(":")[0]
        found.append(
            Search(
                *whose,
                frame,
                row["space"] or {},
                [setting for proposed in row["proposals"] or () for setting in proposed],
                choosing_of(tuner),
                tuner.get("seeds"),
                bool(tuner.get("adaptive", name in _ADAPTIVE)),
                bool(tuner.get("exchangeable", name in _EXCHANGEABLE)),
                winner["number"] if isinstance(winner, Mapping) else None,
                fresh.get(whose),
                int(studies[whose[:2]]),
                int(samplers[whose[:2]]),
            )
        )
    return found


def _groups(frame: pd.DataFrame | None) -> dict[Any, pd.DataFrame]:
    """Return the trials of each search: (contender, problem, sampler, study)."""
    if frame is None or not len(frame) or not {"contender", "study"} <= set(frame):
        return {}
    known = frame[frame["contender"].notna() & frame["study"].notna()].astype({"study": int})
    found: dict[Any, pd.DataFrame] = dict(iter(known.groupby([*_SAME], sort=False)))
    return found
