"""The table over all problems: a row for each contender, in the order of the standings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optframe.statistics.wording import joined, plural
from optframe_reports.quantities import number
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    import pandas as pd

    from optframe.statistics import Standings

__all__ = ["overall_table"]


def overall_table(found: Standings) -> Table | None:
    """Return the table of the standings, or None if there is one problem or nothing to compare."""
    judged = found.problems.loc[found.problems["judged"], "problem"]
    if not found.comparable or len(judged) < 2:
        return None
    rows = [_row(row) for _, row in found.table.iterrows()]
    shown = [c for c in rows[0].texts if any(row[c] not in ("–", "") for row in rows)]
    out = list(found.problems.loc[~found.problems["judged"], "problem"])
    note = (
        f"By the ratio to the best on each of {plural(len(judged), 'problem')}: the geometric "
        "mean, in which no problem counts for more than ten."
    )
    note += f" Left out: {joined(out)}." if out else ""
    return Table("All problems", shown, rows, note)


def _row(row: pd.Series[Any]) -> Row:
    ranked = row["place"] == row["place"]
    values = {
        "place": row["place"],
        "ratio to the best": row["score"],
        "first on": row["first_on"],
        "within twice the best": row["within_2"],
        "solved": row["solved"],
        "reached": row["won"],
        "runs": row["runs"],
        "lost": row["lost"],
        "work of tuning": row["tuning_work"],
    }
    targets = int(row["targets"])
    texts = {
        "optimizer": str(row["contender"]),
        "place": number(row["place"]) if ranked else "not ranked",
        "ratio to the best": number(row["score"], 3),
        "first on": str(row["first_on"]),
        "within twice the best": str(row["within_2"]),
        "solved": f"{row['solved']} of {targets}" if targets else "–",
        "reached": str(row["won"]) if targets else "–",
        "runs": str(row["runs"]),
        "lost": str(row["lost"]) if row["lost"] else "–",
        "work of tuning": number(row["tuning_work"]) if row["tuning_work"] else "–",
    }
    known = {name: float(value) for name, value in values.items() if value == value}
    return Row(texts, known, bool(row["place"] == 1))
