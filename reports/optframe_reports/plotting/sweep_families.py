"""Groups runs that differ in one hyperparameter only, in the order of its values.

A *family* is an optimizer with a sampler and with fixed values of all hyperparameters but one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.components.notation import write
from optframe.contracts.trial import canonical
from optframe.drawing.palette import color_of_each
from optframe.statistics import CENSORED, UNRUN
from optframe_reports.plotting.cells import Rows, split
from optframe_reports.plotting.group_styles import Looks

__all__ = ["Family", "families", "starts_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """An optimizer's settings with one sampler: ``values`` ascend, ``rows[i]`` ran with the i-th.

    ``unordered`` are the rows whose hyperparameter is not a number: a schedule, or absent.
    """

    name: str
    color: Any
    marker: str
    line_style: Any
    sampler: str
    values: Floats
    rows: list[Rows]
    unordered: Rows

    @property
    def look(self) -> tuple[str, Any, str, Any]:
        """Its name, colour, marker and line style."""
        return self.name, self.color, self.marker, self.line_style

    @property
    def runs(self) -> list[int]:
        """The number of runs of each value."""
        return [len(rows) for rows in self.rows]

    def lost(self, ran: pd.DataFrame) -> int:
        """Return the number of ordered runs that were lost."""
        return int(ran["status"].iloc[np.concatenate(self.rows)].isin(CENSORED).sum())


def families(
    frames: Frames, parameter: str, *, samplers_apart: bool = True
) -> tuple[pd.DataFrame, list[Family]]:
    """Return the trials that ran, and their families in the order of the study.

    Without ``samplers_apart``, a family has the runs of all samplers of one name, and its name
    contains this name.
    """
    trials = frames.trials
    labels = trials.drop_duplicates("optimizer").set_index("optimizer")
    owners = {str(label): str(name) for label, name in labels["optimizer_name"].items()}
    tables = {str(label): json.loads(text) for label, text in labels["hyperparameters"].items()}
    rest = {label: {k: v for k, v in t.items() if k != parameter} for label, t in tables.items()}
    heads = _names(owners, rest)
    column = "sampler" if samplers_apart else "sampler_name"
    samplers = list(dict.fromkeys(trials[column]))
    looks = Looks(color_of_each(heads[label] for label in labels.index), samplers)

    ran = trials[~trials["status"].isin(UNRUN)]
    minima = ran["minimum"]  # a run that crashed has no f*, and needs none
    nobody = minima.isna() & ran["status"].isin(CENSORED)
    ran = ran.assign(minimum=minima.mask(nobody, minima.median()))
    order = list(dict.fromkeys(heads[label] for label in labels.index))
    found = []
    for head, sampler, rows in split(ran["optimizer"].map(heads), ran[column], order, samplers):
        given = [_number(tables[label].get(parameter)) for label in ran["optimizer"].iloc[rows]]
        values, inverse = np.unique(given, return_inverse=True)  # NaN comes last
        known = int(np.isfinite(values).sum())
        found.append(
            Family(
                head if len(samplers) == 1 else f"{head} · {sampler}",
                *looks.of(head, sampler),
                sampler=sampler,
                values=values[:known],
                rows=[rows[inverse == i] for i in range(known)],
                unordered=rows[inverse >= known],
            )
        )
    return ran, found


def starts_of(frames: Frames, ran: pd.DataFrame, metric: str) -> Floats:
    """Return the metric at each run's first checkpoint, NaN if it has none."""
    curves = frames.curves
    if metric not in curves:
        return np.full(len(ran), np.nan)
    keys = curves["key"].to_numpy()
    first = curves[np.append(True, keys[1:] != keys[:-1])].drop_duplicates("key")
    starts: Floats = first.set_index("key")[metric].reindex(ran["key"]).to_numpy(np.float64)
    return starts


def _number(value: Any) -> float:
    """Return a hyperparameter's value if it is a number, else NaN."""
    return float(value) if type(value) in (int, float) else np.nan


def _names(owners: Mapping[str, str], rest: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return each label's family name: its optimizer, with what differs from its other families."""
    names = {}
    for owner in dict.fromkeys(owners.values()):
        own = [label for label in owners if owners[label] == owner]
        keys = dict.fromkeys(key for label in own for key in rest[label])
        differing = [
            k for k in keys if len({canonical({k: rest[label].get(k)}) for label in own}) > 1
        ]
        for label in own:
            given = {key: rest[label][key] for key in differing if key in rest[label]}
            names[label] = write({"name": owner, **given})
    return names
