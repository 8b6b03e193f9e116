"""The table over all problems: a row for each optimizer, the best average rank first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optframe.statistics import CENSORED
from optframe_reports.quantities import number
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["overall_table"]


def overall_table(found: pd.DataFrame) -> Table | None:
    """Return the table of `over_problems`, or None if there is only one problem or optimizer."""
    if len(found) < 2 or found["problems"].iloc[0] < 2:
        return None
    rows = [_row(row) for _, row in found.iterrows()]
    shown = [c for c in rows[0].texts if any(row[c] not in ("–", "") for row in rows)]
    return Table("All problems", shown, rows, _note(found.iloc[0]))


def _row(found: pd.Series[Any]) -> Row:
    lost = int(sum(found[status] for status in CENSORED))
    texts = {
        "optimizer": str(found["optimizer"]),
        "mean rank": number(found["mean_rank"], 3),
        "best on": number(found["wins"]),
        "within twice the best": number(found["within_2"]),
        "solved": number(found["solved"]),
        "running time to the best": number(found["ert_ratio"], 3),
        "score": number(found["score"], 3),
        "runs": number(found["runs"]),
        "lost": number(lost) if lost else "–",
    }
    columns = {
        "mean rank": "mean_rank",
        "best on": "wins",
        "within twice the best": "within_2",
        "solved": "solved",
        "running time to the best": "ert_ratio",
        "score": "score",
        "runs": "runs",
    }
    values = {shown: float(found[name]) for shown, name in columns.items()} | {"lost": float(lost)}
    return Row(texts, values)


def _note(found: pd.Series[Any]) -> str:
    text = f"Ranked by {found['ranked_by']} on {found['problems']} problems"
    if found["left_out"]:
        text += f"; {found['left_out']} that not all optimizers ran on are left out"
    if found["unsolved"]:
        text += f"; no optimizer solved {found['unsolved']}"
    return text + "."
