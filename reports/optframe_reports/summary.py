"""The tables of a report: what was found for each problem, and what did not finish."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optframe.notation import format_value
from optframe.statistics import CENSORED, summary
from optframe_reports.quantities import duration, number, percent

if TYPE_CHECKING:
    import pandas as pd

    from optframe import Results

__all__ = ["Lost", "Table", "lost_runs", "seed_ranges", "summarize"]


@dataclass(frozen=True)
class Table:
    """One problem's results as text: the columns' names, and a row for each group, best first."""

    problem: str
    columns: list[str]
    rows: list[dict[str, str]]


@dataclass(frozen=True)
class Lost:
    """Runs of one group that have the same end other than their budget's, with the reason."""

    optimizer: str
    sampler: str
    seeds: str
    status: str
    reason: str


def summarize(results: Results) -> list[Table]:
    """Return a table for each problem, in the study's order, without columns that say nothing."""
    given = {
        (row["problem"], row["optimizer"]): settings(row["hyperparameters"])
        for _, row in results.trials.iterrows()
    }
    return [
        _table(str(problem), table, given)
        for problem, table in summary(results.trials).groupby("problem", sort=False)
    ]


def settings(hyperparameters: str) -> str:
    """Write an optimizer's parameters, defaults included: ``lr=0.05, beta1=0.9``."""
    values = json.loads(hyperparameters)
    names = sorted(values, key=lambda name: name != "lr")  # what people look for comes first
    return ", ".join(f"{name}={format_value(values[name])}" for name in names)


def _table(problem: str, table: pd.DataFrame, given: dict[tuple[str, str], str]) -> Table:
    ordered = table.sort_values(["steps_to_target", "loss"], kind="stable")
    rows = [
        {**_cells(row), "settings": given[problem, row["optimizer"]]}
        for _, row in ordered.iterrows()
    ]
    told = [c for c in rows[0] if any(row[c] not in ("", "–", "none") for row in rows)]
    columns = [c for c in rows[0] if c in told or c in ("optimizer", "runs", "loss")]
    columns = [c for c in columns if c != "settings"]  # it stands below the optimizer's name
    return Table(problem, columns, rows)


def _cells(row: pd.Series[Any]) -> dict[str, str]:
    known = not math.isnan(row["minimum"]) and row["minimum"] != 0
    above = row["minimum"] if known else 0.0
    ends = [number(row[end] - above, 3) for end in ("loss_low", "loss_high")]
    return {
        "optimizer": row["optimizer"],
        "sampler": row["sampler"],
        "runs": number(row["runs"]),
        "loss": number(row["loss"]),
        "loss − f*": number(row["loss"] - above, 3) if known else "–",
        "interval": " to ".join(ends) if row["runs"] > 1 else "–",
        "test loss": number(row["test_loss"]) if math.isnan(row["test_accuracy"]) else "–",
        "test accuracy": percent(row["test_accuracy"]),
        "steps to target": number(row["steps_to_target"]),
        "time per step": duration(row["seconds_per_step"]),
        "status": row["statuses"],
    }


def lost_runs(trials: pd.DataFrame) -> list[Lost]:
    """Return the runs that were lost, skipped or stopped themselves; like ones are one row."""
    ended = trials[trials["status"].isin([*CENSORED, "skipped", "stopped"])]
    same = ["optimizer", "sampler", "status", "reason"]
    ended = ended.assign(reason=ended["reason"].fillna("no reason given"))
    return [
        Lost(str(optimizer), str(sampler), seed_ranges(group["seed"]), str(status), str(reason))
        for (optimizer, sampler, status, reason), group in ended.groupby(same, sort=False)
    ]


def seed_ranges(seeds: pd.Series[int]) -> str:
    """Write seeds briefly: ``0–4, 7``."""
    ranges: list[list[int]] = []
    for seed in sorted(int(seed) for seed in seeds):
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], seed]
        else:
            ranges.append([seed])
    return ", ".join("–".join(map(str, r)) for r in ranges)
