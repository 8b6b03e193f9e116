"""The table of one problem: a row for each optimizer and sampler, the best first."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.components.notation import format_value
from optframe.contracts.columns import rises
from optframe.contracts.costs import DEFAULT
from optframe.statistics import known_cost, per_problem
from optframe.statistics.metrics import judged_metrics
from optframe_reports.quantities import duration, number, percent
from optframe_reports.tables.table import Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["tables_of_problems"]

_ALWAYS = ("optimizer", "runs", "loss")
_NOTHING = ("", "–", "none")
_ENDS = ("", "_low", "_high")
_HAVE = (
    *("loss", "gap"),
    *("validation_loss", "validation_accuracy", "test_loss", "test_accuracy"),
)
"""The metrics that have a column of their own in each table."""


def tables_of_problems(
    trials: pd.DataFrame, metric: str | None = None, cost: str = DEFAULT
) -> list[Table]:
    """Return a table for each problem, in the study's order, without empty columns.

    Rows are sorted by the median ``cost`` of the target, then by the median final metric. Times are
    "not comparable" where the machine's speed drifted, and order nothing.
    """
    if trials.empty:
        return []
    by = known_cost(trials, cost)
    found = per_problem(trials, metric, cost=by)
    note = "" if by == cost else f"Not all runs have {cost}: costs are in {by}."
    names = judged_metrics(trials, metric).groupby(trials["problem"]).first()
    return [
        _table(str(problem), rows, str(names[problem]), by, note)
        for problem, rows in found.groupby("problem", sort=False)
    ]


def settings(hyperparameters: str) -> str:
    """Return an optimizer's parameters as text, defaults included: ``lr=0.05, beta1=0.9``."""
    values = json.loads(hyperparameters)
    names = sorted(values, key=lambda name: name != "lr")  # the most important comes first
    return ", ".join(f"{name}={format_value(values[name])}" for name in names)


def _table(problem: str, found: pd.DataFrame, metric: str, cost: str, fallback: str) -> Table:
    standing = found.assign(standing=-found["value"] if rises(metric) else found["value"])
    if cost == "seconds" and not found["seconds_comparable"].all():  # they rank nothing
        standing["cost_to_target"] = np.nan
    ordered = standing.sort_values(["cost_to_target", "standing"], kind="stable")
    paid = found["cost_to_target"].notna().any()
    reached = np.isfinite(standing["cost_to_target"]).any()
    measure = "cost_to_target" if reached else "standing"
    best = np.isfinite(ordered[measure]) & (ordered[measure] == ordered[measure].min())
    rows = [
        _row(row, one, metric, cost) for (_, row), one in zip(ordered.iterrows(), best, strict=True)
    ]
    shown = {c for c in rows[0].texts if any(row[c] not in _NOTHING for row in rows)}
    samplers = list(dict.fromkeys(row["sampler"] for row in rows))
    if len(samplers) == 1:
        shown.discard("sampler")
    columns = [c for c in rows[0].texts if c in shown or c in _ALWAYS]
    prefix = f"Sampler {samplers[0]}. " if len(samplers) == 1 and samplers[0] != "none" else ""
    alone = (found["runs"] < 2).all()
    interval = "" if alone else _note(found["confidence"])
    note = " ".join(filter(None, (prefix.strip(), interval, fallback if paid else "")))
    return Table(problem, [c for c in columns if c != "settings"], rows, note)


def _note(confidences: pd.Series[float]) -> str:
    """Return the note on the intervals in brackets; few seeds allow only a low confidence."""
    sure = confidences[confidences > 0]
    if sure.empty:
        return ""
    low, high = 100 * sure.min(), 100 * sure.max()
    percent = f"{low:.3g} %" if low == high else f"{low:.3g} to {high:.3g} %"
    return f"In brackets: the median's {percent} interval."


def _row(found: pd.Series[Any], best: bool, metric: str, cost: str) -> Row:
    known = not math.isnan(found["minimum"]) and found["minimum"] != 0
    above = found["minimum"] if known else 0.0
    ran = int(found["runs"])
    loss = _with_interval(
        found["loss"] - above, found["loss_low"] - above, found["loss_high"] - above, ran
    )
    steps, low, high = (found[f"steps_to_target{end}"] for end in _ENDS)
    texts = {
        "optimizer": str(found["optimizer"]),
        "sampler": str(found["sampler"]),
        "runs": number(ran),
        "loss": number(found["loss"]) if known else loss,
        "loss − f*": loss if known else "–",
        **_scores(found, "validation", metric),
        **_scores(found, "test", metric),
        **({metric.replace("_", " "): _judged(found, metric)} if metric not in _HAVE else {}),
        "reached": "–" if math.isnan(found["reached"]) else f"{found['reached']:.0f} of {ran}",
        **({f"{cost} to target": _to_target(found, cost)} if cost != "seconds" else {}),
        "steps to target": _with_interval(steps, low, high, ran),
        **({} if cost == "gradients" else {"gradients to target": _gradients(found)}),
        "time to target": _time(found, "seconds_to_target"),
        "time per step": _time(found, "seconds_per_step"),
        "status": str(found["statuses"]),
        "settings": settings(found["hyperparameters"]),
    }
    numbers = {
        "runs": float(ran),
        "loss": found["loss"],
        "loss − f*": found["loss"] - above,
        "validation loss": found["validation_loss"],
        "validation accuracy": found["validation_accuracy"],
        "test loss": found["test_loss"],
        "test accuracy": found["test_accuracy"],
        metric.replace("_", " "): found["value"],
        "reached": found["reached"],
        f"{cost} to target": found["cost_to_target"],
        "steps to target": steps,
        "gradients to target": found["gradients_to_target"],
    }
    if found["seconds_comparable"]:
        numbers["time to target"] = found["seconds_to_target"]
        numbers["time per step"] = found["seconds_per_step"]
    values = {name: float(value) for name, value in numbers.items() if not math.isnan(value)}
    return Row(texts, values, bool(best))


def _judged(found: pd.Series[Any], metric: str) -> str:
    """Return the median of the metric that judges as text, with its interval."""
    if rises(metric):
        return percent(found["value"])
    median, low, high = (found[f"value{end}"] for end in _ENDS)
    return _with_interval(median, low, high, int(found["runs"]))


def _to_target(found: pd.Series[Any], cost: str) -> str:
    """Return the median cost of the target as text, with its interval."""
    median, low, high = (found[f"{cost}_to_target{end}"] for end in _ENDS)
    return _with_interval(median, low, high, int(found["runs"]))


def _scores(found: pd.Series[Any], part: str, metric: str) -> dict[str, str]:
    """Return the columns of the records that θ was not fitted to: the accuracy, else the loss.

    A loss that judges is there, too, with its interval.
    """
    loss, accuracy = found[f"{part}_loss"], found[f"{part}_accuracy"]
    text = number(loss) if math.isnan(accuracy) else "–"
    return {
        f"{part} loss": _judged(found, metric) if metric == f"{part}_loss" else text,
        f"{part} accuracy": percent(accuracy),
    }


def _time(found: pd.Series[Any], name: str) -> str:
    """Return a time as text, if it can be compared with that of other rows."""
    known = math.isfinite(found[name]) and not found["seconds_comparable"]
    return "not comparable" if known else duration(found[name])


def _with_interval(median: float, low: float, high: float, runs: int) -> str:
    """Return a median as text, with its interval if there is one: ``862 (593 to ∞)``."""
    if runs < 2 or math.isnan(low) or low == high:
        return number(median)
    return f"{number(median)} ({number(low, 3)} to {number(high, 3)})"


def _gradients(found: pd.Series[Any]) -> str:
    """Return the gradients to the target as text, or none if they are equal to the steps."""
    same = found["gradients_to_target"] == found["steps_to_target"]
    return "–" if same else number(found["gradients_to_target"])
