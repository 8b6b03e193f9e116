"""The table of all trials, a row for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from optframe.statistics import CENSORED
from optframe_reports.quantities import duration, number
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["table_of_trials"]


def table_of_trials(trials: pd.DataFrame, most: int) -> Table:
    """Return a row for each of at most ``most`` trials: lost ones, then the first others."""
    lost = trials["status"].isin(CENSORED)
    if len(trials) > most:
        trials = trials.loc[(~lost).sort_values(kind="stable").index[:most]].sort_index()
    rows = [_row(trial) for trial in trials.to_dict("records")]
    columns = list(rows[0].texts) if rows else []
    shown = [c for c in columns if any(row[c] not in ("–", "", "none") for row in rows)]
    return Table("All trials", shown, rows)


def _row(trial: dict[Any, Any]) -> Row:
    texts = {
        "problem": str(trial["problem"]),
        "optimizer": str(trial["optimizer"]),
        "sampler": str(trial["sampler"]),
        "seed": str(trial["seed"]),
        "status": str(trial["status"]),
        "loss": number(trial.get("loss", math.nan)),
        "steps": number(trial["steps"]),
        "time": duration(trial["seconds"]),
        "reason": trial["reason"] if isinstance(trial["reason"], str) else "–",
    }
    numbers = {"seed": trial["seed"], "steps": trial["steps"], "time": trial["seconds"]}
    numbers["loss"] = trial.get("loss", math.nan)
    values = {name: float(value) for name, value in numbers.items() if not math.isnan(value)}
    return Row(texts, values)
