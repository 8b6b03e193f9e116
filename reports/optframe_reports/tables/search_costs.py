"""Adds to a problem's table what tuned settings cost, and who was lost in tuning."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from optframe_reports.quantities import number
from optframe_reports.tables.table import Row

if TYPE_CHECKING:
    from optframe.statistics import Standings

__all__ = ["LOST", "with_search_costs"]

LOST = "lost in tuning"

_COLUMNS = ("work of a run", "to tune", "both")
"""What a setting costs, what finding it cost, and both, in gradients over all the data."""


def with_search_costs(
    rows: list[Row], name: str, problem: dict[Any, Any], found: Standings
) -> list[Row]:
    """Return the rows of a problem, the lost ones last, with the costs of their settings.

    What a setting costs is not repeated where the table has it as the work to the target.
    """
    here = found.cells[found.cells["problem"] == name]
    lost = here[(here["runs"] == 0) & (here["lost_in_tuning"] > 0)]
    made = [*rows, *(_lost(str(who), rows) for who in lost["contender"])]
    if not (here["tuning_work"] > 0).any() or found.kind == "samplers":
        return made
    costs = {row["contender"]: row for row in here.to_dict("records")}
    known = problem["kind"] == "cost" and found.cost == "work" and not found.doubt
    return [_charged(row, costs.get(row["optimizer"]), known) for row in made]


def _charged(row: Row, cell: dict[Any, Any] | None, known: bool) -> Row:
    values = dict.fromkeys(_COLUMNS, math.nan)
    if cell is not None:
        costs = (float(cell[name]) for name in ("work", "tuning_work", "both_work"))
        values = dict(zip(_COLUMNS, costs, strict=True))
    if known:
        del values[_COLUMNS[0]]
    texts = {name: number(value) for name, value in values.items()}
    places = list(row.texts)
    at = places.index("reached") + 1
    ordered = {n: row.texts[n] for n in places[:at]} | texts
    ordered |= {n: row.texts[n] for n in places[at:]}
    finite = {name: float(value) for name, value in values.items() if not math.isnan(value)}
    return Row(ordered, row.values | finite, row.best)


def _lost(name: str, rows: list[Row]) -> Row:
    """Return the row of a contender that has no final run."""
    texts = dict.fromkeys(rows[0].texts if rows else ("reached",), "–")
    return Row(texts | {"optimizer": name, "runs": "0", "status": LOST})
