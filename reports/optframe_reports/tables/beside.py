"""The table of two stores side by side: the trials that both have, and each one's results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics import final, incomparable, median_and_quartiles
from optframe_reports.quantities import duration, number
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["beside_table"]

_ASKED = ["problem", "asked", "sampler"]


def beside_table(trials: pd.DataFrame) -> Table:
    """Return a row for each optimizer, problem and sampler that two sides have in common.

    ``trials`` are those of `optframe.store.side_by_side.SideBySide`. Only seeds that both ran are
    compared. The last column is the second divided by the first: below one, the second needs less.
    """
    first, second = list(dict.fromkeys(trials["side"]))[:2]
    ran = trials[~trials["status"].isin(["planned", "skipped"])]
    rows, alone, unsteady = [], 0, incomparable(trials)
    for (problem, optimizer, sampler), group in ran.groupby(_ASKED, sort=False):
        sides = [group[group["side"] == side].set_index("seed") for side in (first, second)]
        common = sides[0].index.intersection(sides[1].index)
        if not len(common):
            alone += 1
            continue
        ours, theirs = (side.loc[common].reset_index() for side in sides)
        same = int(_equal(ours, theirs).sum())
        losses = [
            float(median_and_quartiles(final(side, "loss")).median) for side in (ours, theirs)
        ]
        steps = [float(side["steps"].median()) for side in (ours, theirs)]
        paces = [_pace(side) for side in (ours, theirs)]
        ratio = math.nan if problem in unsteady else _quotient(paces)
        texts = {
            "problem": str(problem),
            "optimizer": str(optimizer),
            "sampler": str(sampler),
            "seeds": number(len(common)),
            "alike": f"{same} of {len(common)}",
            f"loss, {first}": number(losses[0]),
            f"loss, {second}": number(losses[1]),
            f"steps, {first}": number(steps[0]),
            f"steps, {second}": number(steps[1]),
            f"step, {first}": duration(paces[0]),
            "time ratio": "not comparable" if problem in unsteady else number(ratio, 3),
        }
        values = {"alike": same / len(common), "time ratio": ratio}
        rows.append(Row(texts, {k: v for k, v in values.items() if not math.isnan(v)}))
    if not rows:
        note = f"No trial ran in both {first} and {second}."
        return Table("Side by side", ["problem", "optimizer"], rows, note)
    columns = [*rows[0].texts]
    note = (
        f"{first} and {second}: medians over the seeds that both ran. Alike are runs with the same "
        f"status, steps and final loss, to the bit. Step is the time "
        f"of one, its ratio {second} over {first}."
    )
    if all(row["sampler"] == "none" for row in rows):
        columns.remove("sampler")
    if alone:
        note += f" Only one of the two ran {alone} more."
    return Table("Side by side", columns, rows, note)


def _equal(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.Series[bool]:
    alike = ours["status"] == theirs["status"]
    for name in ("steps", "loss"):
        one, other = (side[name].to_numpy(np.float64) for side in (ours, theirs))
        alike &= (one == other) | (np.isnan(one) & np.isnan(other))
    return alike


def _pace(trials: pd.DataFrame) -> float:
    timed = trials[(trials["steps"] > 0) & (trials["together"] == 1)]
    return float((timed["seconds"] / timed["steps"]).median())


def _quotient(pair: list[float]) -> float:
    return pair[1] / pair[0] if pair[0] > 0 else math.nan
