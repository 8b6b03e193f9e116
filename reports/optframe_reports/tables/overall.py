"""The table over all problems: a row for each optimizer, the best average rank first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optframe.statistics import CENSORED
from optframe_reports.quantities import number
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["overall_table"]

_COLUMNS = {
    "mean rank": ("mean_rank", 3),
    "best on": ("wins", 4),
    "within twice the best": ("within_2", 4),
    "solved": ("solved", 4),
    "running time to the best": ("ert_ratio", 3),
    "score": ("score", 3),
    "runs": ("runs", 4),
}
"""The columns of numbers: each one's name in the results, and its digits."""


def overall_table(found: pd.DataFrame) -> Table | None:
    """Return the table of `over_problems`, or None if there is only one problem or optimizer."""
    if len(found) < 2 or found["problems"].iloc[0] < 2:
        return None
    rows = [_row(row) for _, row in found.iterrows()]
    shown = [c for c in rows[0].texts if any(row[c] not in ("–", "") for row in rows)]
    return Table("All problems", shown, rows, _note(found.iloc[0]))


def _row(found: pd.Series[Any]) -> Row:
    lost = int(sum(found[status] for status in CENSORED))
    values = {shown: float(found[name]) for shown, (name, _) in _COLUMNS.items()}
    texts = {shown: number(values[shown], digits) for shown, (_, digits) in _COLUMNS.items()}
    texts = {"optimizer": str(found["optimizer"]), **texts, "lost": number(lost) if lost else "–"}
    return Row(texts, values | {"lost": float(lost)})


def _note(found: pd.Series[Any]) -> str:
    text = f"Ranked by {found['ranked_by']} on {found['problems']} problems"
    if found["left_out"]:
        text += f"; {found['left_out']} that not all optimizers ran on are left out"
    if found["unsolved"]:
        text += f"; no optimizer solved {found['unsolved']}"
    return text + "."
