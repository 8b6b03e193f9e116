"""The table of trials that did not run to their end: lost, skipped or stopped by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optframe.statistics import CENSORED
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["lost_table", "seed_ranges"]

_ENDS = (*CENSORED, "skipped", "stopped")


def lost_table(trials: pd.DataFrame) -> Table:
    """Return these trials of one problem with their reasons; equal ones are one row."""
    ended = trials[trials["status"].isin(_ENDS)]
    same = ["optimizer", "sampler", "status", "reason"]
    ended = ended.assign(reason=ended["reason"].fillna("no reason given"))
    rows = [
        Row({**dict(zip(same, map(str, key), strict=True)), "seeds": seed_ranges(group["seed"])})
        for key, group in ended.groupby(same, sort=False)
    ]
    samplers = trials["sampler"].nunique() > 1
    columns = ["optimizer", *(["sampler"] if samplers else []), "seeds", "status", "reason"]
    return Table("What did not run to its end", columns, rows)


def seed_ranges(seeds: pd.Series[int]) -> str:
    """Return seeds as ranges: ``0–4, 7``."""
    ranges: list[list[int]] = []
    for seed in sorted(int(seed) for seed in seeds):
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], seed]
        else:
            ranges.append([seed])
    return ", ".join("–".join(map(str, r)) for r in ranges)
