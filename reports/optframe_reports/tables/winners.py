"""The table of tuning: a row for each search, with what it chose and what that cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from optframe_reports.quantities import number, percent
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    from optframe.statistics import Standings

__all__ = ["winners_table"]

_ALWAYS = ("optimizer", "problem", "chosen")
_NOTE = (
    "What each search chose, on other seeds than those of the tables of results. Value is what it "
    "was chosen by; less is better. Work is that of all of its runs, in gradients over all the data"
)
_BROKEN = "; broken is the share of the chosen setting's runs that broke down"


def winners_table(found: Standings) -> Table | None:
    """Return a row for each search, problem by problem; None where nothing was tuned."""
    searches = found.searches
    if not len(searches):
        return None
    problems = list(dict.fromkeys(searches["problem"]))
    ordered = searches.sort_values("problem", key=lambda c: c.map(problems.index), kind="stable")
    rows = [_row(row) for row in ordered.to_dict("records")]
    shown = [
        name
        for name in rows[0].texts
        if name in _ALWAYS or any(row[name] not in ("–", "", "none") for row in rows)
    ]
    if searches["study"].nunique() == 1 and "study" in shown:
        shown.remove("study")
    note = f"{_NOTE}{_BROKEN}." if "broken" in shown else f"{_NOTE}."
    return Table("Tuning", shown, rows, note)


def _row(row: dict[Any, Any]) -> Row:
    value, broken = (_float(row.get(name)) for name in ("value", "broken"))
    values = {
        "study": float(row["study"]),
        "value": value,
        "broken": broken,
        "settings tried": float(row["tried"]),
        "runs": float(row["runs"]),
        "work": row["work"],
    }
    texts = {
        "problem": str(row["problem"]),
        "optimizer": str(row["contender"]),
        "sampler": str(row["sampler"]),
        "study": str(row["study"]),
        "chosen": str(row["choice"]),
        "value": number(value),
        "broken": percent(broken) if broken > 0 else "–",
        "settings tried": number(row["tried"]),
        "runs": number(row["runs"]),
        "work": number(row["work"]),
    }
    return Row(texts, {name: value for name, value in values.items() if not math.isnan(value)})


def _float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
