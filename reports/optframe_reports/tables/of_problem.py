"""The table of one problem: a row for each optimizer and sampler, the best first."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from optframe.components.notation import format_value, write
from optframe.contracts.costs import COSTS
from optframe.statistics import summary
from optframe.statistics.intervals import clopper_pearson
from optframe.statistics.wording import metric_name
from optframe_reports.quantities import duration, number, percent
from optframe_reports.tables.search_costs import with_search_costs
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    import pandas as pd

    from optframe.statistics import Standings

__all__ = ["tables_of_problems"]

_ALWAYS = ("optimizer", "runs")
_NOTHING = ("", "–", "none")
_MEDIANS = ("loss", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy")
"""The metrics that each table shows as medians over seeds, where they do not judge."""


def tables_of_problems(found: Standings) -> list[Table]:
    """Return a table for each problem, in the study's order, without empty columns.

    All winners of a tuned contender are one row, under its name. Whom every setting failed has the
    last row. Where somebody was tuned, what its setting and finding it cost are columns.

    Rows are in the order of the performance that the standings judge: the expected cost of the
    target if some run reached it, else the geometric mean of the judged metric. All else is a
    median, and orders nothing. Times are "not comparable" where the machine's speed drifted.
    """
    trials = found.pooled_trials
    if trials.empty:
        return []
    rows = summary(trials)
    same = ["problem", "optimizer", "sampler"]
    judged = found.pooled[[*same, "won", "kind", "performance", "ratio"]]
    rows = rows.merge(judged, on=same, how="left", suffixes=("", "_judged"))
    problems = {str(row["problem"]): row for row in found.problems.to_dict("records")}
    return [
        _table(str(problem), own, problems[str(problem)], found)
        for problem, own in rows.groupby("problem", sort=False)
    ]


def _all_settings(found: Standings, problem: str, optimizer: str) -> str:
    """Return the parameters of a row: of a tuned contender, those of its winner on the problem.

    Of several winners, they are the values of the tuned fields.
    """
    trials, pooled = found.trials, found.pooled_trials
    own = ((pooled["problem"] == problem) & (pooled["optimizer"] == optimizer)).to_numpy()
    given = list(dict.fromkeys(trials.loc[own, "hyperparameters"]))
    if len(given) == 1:
        return _settings(given[0])
    every = [json.loads(text) for text in given]
    names = [name for name in (every[0] if every else ()) if len({str(v[name]) for v in every}) > 1]
    return "; ".join(f"{n}={', '.join(_written(values[n]) for values in every)}" for n in names)


def _settings(hyperparameters: str) -> str:
    """Return an optimizer's parameters as text, defaults included: ``lr=0.05, beta1=0.9``.

    A parameter that is not set is left out, and an inner component is in the short notation.
    """
    values = json.loads(hyperparameters)
    names = sorted(values, key=lambda name: name != "lr")  # the most important comes first
    return ", ".join(f"{n}={_written(values[n])}" for n in names if values[n] is not None)


def _written(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if not (isinstance(value, dict) and isinstance(value.get("name"), str)):
        return format_value(value)
    return write({name: inner for name, inner in value.items() if inner is not None})


def _table(name: str, rows: pd.DataFrame, problem: dict[Any, Any], found: Standings) -> Table:
    ordered = rows.sort_values("performance", kind="stable")
    best = (ordered["ratio"] <= 1 + 1e-9) & ordered["performance"].map(math.isfinite)
    metric = str(problem["metric"])
    made = [
        _row(row, one, problem, metric, found.cost)
        for (_, row), one in zip(ordered.iterrows(), best, strict=True)
    ]
    made = with_search_costs(made, name, problem, found)
    shown = {c for c in made[0].texts if any(row[c] not in _NOTHING for row in made)}
    samplers = list(dict.fromkeys(row["sampler"] for row in made))
    if len(samplers) == 1:
        shown.discard("sampler")
    columns = [c for c in made[0].texts if c in shown or c in _ALWAYS]
    for row in made:  # not a column: it stands below the name
        row.texts["settings"] = _all_settings(found, name, row["optimizer"])
    return Table(name, columns, made, " ".join(_notes(problem, metric, samplers, found)))


def _notes(
    problem: dict[Any, Any], metric: str, samplers: list[str], found: Standings
) -> list[str]:
    notes = [f"Sampler {samplers[0]}."] if len(samplers) == 1 and samplers[0] != "none" else []
    if problem["reason"] and problem["reason"] != "no run":
        notes.append(f"Not judged: {problem['reason']}.")
    elif problem["kind"] == "cost" and found.doubt:
        what = found.cost.capitalize()
        notes.append(f"{what} are not comparable; rows are in the study's order.")
    elif problem["kind"] == "cost":
        notes.append(
            f"In the order of the expected {COSTS[found.cost].words} to the target: what all runs "
            "paid, divided by the number that reached it."
        )
    elif problem["kind"] == "value":
        notes.append(f"In the order of the final {problem['measure']}, its geometric mean.")
    tuned = found.cells[found.cells["problem"] == problem["problem"]]["tuning_work"]
    if (tuned > 0).any():
        notes.append(
            "To tune: the work of all searches; both: with that of the setting they found."
        )
    return [*notes, "Medians order nothing."]


def _row(row: pd.Series[Any], best: bool, problem: dict[Any, Any], metric: str, cost: str) -> Row:
    ran = int(row["runs"])
    judged = f"{cost} to target" if problem["kind"] == "cost" else f"mean {problem['measure']}"
    reached = "–"
    if problem["target"] and not math.isnan(row["won"]):
        low, high = (float(end) for end in clopper_pearson(row["won"], ran))
        reached = f"{row['won']:.0f} of {ran} ({100 * low:.0f} to {100 * high:.0f} %)"
    texts = {
        "optimizer": str(row["optimizer"]),
        "sampler": str(row["sampler"]),
        "runs": number(ran),
        **({judged: _performance(row, cost, problem)} if problem["kind"] else {}),
        "to the best": "–" if math.isnan(row["ratio"]) else f"{number(row['ratio'], 3)} ×",
        "reached": reached,
    }
    values = {"runs": float(ran), judged: row["performance"], "to the best": row["ratio"]}
    values["reached"] = row["won"] if problem["target"] else math.nan
    for name in _MEDIANS:
        if metric_name(name) == problem["measure"] and problem["kind"] == "value":
            continue  # one number for one quantity
        title = f"median {metric_name(name)}"
        written = percent if name.endswith("accuracy") else number
        texts[title] = written(row[name])
        values[title] = row[name]
    texts["time per step"] = _time(row)
    if row["seconds_comparable"]:
        values["time per step"] = row["seconds_per_step"]
    texts["status"] = str(row["statuses"])
    known = {name: float(value) for name, value in values.items() if not math.isnan(value)}
    return Row(texts, known, bool(best))


def _performance(row: pd.Series[Any], cost: str, problem: dict[Any, Any]) -> str:
    """Return the number that judges: ``862``, or that no run reached the target.

    It is NaN where the cost ranks nothing.
    """
    value = row["performance"]
    if problem["kind"] == "cost":
        if not row["won"]:
            return "not reached"
        if math.isnan(value):
            return "not comparable" if row["won"] > 0 else "–"
        if cost == "seconds":
            return duration(value)
    return number(value)


def _time(row: pd.Series[Any]) -> str:
    """Return a time as text, if it can be compared with that of other rows."""
    known = math.isfinite(row["seconds_per_step"]) and not row["seconds_comparable"]
    return "not comparable" if known else duration(row["seconds_per_step"])
