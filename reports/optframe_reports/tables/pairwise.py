"""The table of pairs: how much each contender is ahead of each other, and how sure that is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from optframe.statistics.wording import number, times
from optframe_reports.quantities import count, plural
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    from optframe.statistics import Standings

__all__ = ["pairwise_table"]

_MOST = 10
"""The most contenders: 45 pairs."""


def pairwise_table(found: Standings) -> Table | None:
    """Return a row for each pair of ranked contenders, or None if there is nothing to compare.

    Of more than ten contenders, the first are shown. The correction is for all pairs.
    """
    if not found.comparable:
        return None
    tests = found.tests
    first = list(found.table.loc[found.table["place"].notna(), "contender"])[:_MOST]
    shown = tests[tests["contender"].isin(first) & tests["rival"].isin(first)]
    kinds = _kinds(found)
    rows = [_row(found, row, kinds) for row in shown.to_dict("records")]
    columns = list(rows[0].texts)
    if found.problems["judged"].sum() == 1:
        columns.remove("better : worse")
    return Table("Pairs", columns, rows, _note(found, kinds, len(first)))


def _kinds(found: Standings) -> dict[str, str]:
    """Return the column of the ratio for each kind of problem that is judged."""
    judged = found.problems[found.problems["judged"]]
    kinds = {}
    if (judged["kind"] == "cost").any():
        kinds["cost"] = f"times the {found.cost}"
    if found.measure:
        kinds["value"] = f"times the {found.measure}"
    return kinds


def _row(found: Standings, row: dict[Any, Any], kinds: dict[str, str]) -> Row:
    texts = {
        "optimizer": str(row["contender"]),
        "against": str(row["rival"]),
        "better : worse": f"{row['wins']} : {row['losses']}",
    }
    values = {}
    for kind, column in kinds.items():
        ratio = found.ratio(row["contender"], row["rival"], kind=kind)
        texts[column] = _ratio(*ratio)
        values[column] = ratio.ratio
    texts |= {
        "p": _p(row["p"]),
        "p, corrected": _p(row["p_holm"]),
        "told apart": "yes" if row["apart"] else "no",
    }
    values |= {"p": row["p"], "p, corrected": row["p_holm"]}
    return Row(texts, {name: float(value) for name, value in values.items() if value == value})


def _ratio(ratio: float, low: float, high: float, bound: str) -> str:
    """Return a ratio with its interval: ``1.4 (1.04 to 1.8)``, ``at least 3 (1.2 to ∞)``."""
    text = f"{bound} {times(ratio)}".strip()
    if low == 0 and math.isinf(high):
        return text
    return f"{text} ({times(low)} to {times(high)})"


def _p(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else number(p, 2)


def _units(found: Standings) -> str:
    return "studies" if found.compares == "optimizers" else "runs"


def _note(found: Standings, kinds: dict[str, str], shown: int) -> str:
    pairs = len(found.tests)
    every = count(pairs)
    several = found.problems["judged"].sum() > 1
    parts = [
        "On how many problems the first did better and worse than the second." if several else "",
        f"{' and '.join(f'“{column}”' for column in kinds.values())}: the second's, divided by the "
        "first's; in brackets the 95 % interval, which has all ratios that the test does not "
        "reject, where there are enough runs for one.",
        "Here nothing depends on a seed: p asks whether the problems agree."
        if found.claim == "fixed"
        else f"p: how often the difference is as large if {_units(found)} of the two are exchanged "
        "by chance.",
        f"Corrected: for all {every} pairs, by Holm; a pair is told apart if it is at most 0.05."
        if pairs > 1
        else "The two are told apart if p is at most 0.05.",
    ]
    ranked = int(found.table["place"].notna().sum())
    if ranked > shown:
        parts.append(f"Shown: the first {shown} of {plural(ranked, 'contender')}.")
    return " ".join(part for part in parts if part)
