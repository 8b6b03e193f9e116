"""Prints the summary of a study as tables on the terminal."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from optframe.contracts.columns import rises
from optframe.statistics import cost_note, known_cost, summary
from optframe.statistics.drift import doubts
from optframe.statistics.metrics import judged_metrics
from optframe.store.results import Results

__all__ = ["print_summary"]


def print_summary(results: Results, console: Console) -> None:
    """Print one table per problem: a row per optimizer and sampler, the best one first.

    Times of a problem on which the machine's speed drifted are not comparable and not printed.
    """
    trials, metric = results.trials, results.metric
    cost = known_cost(trials, results.cost)
    frame = summary(trials, metric, cost)
    order = frame["cost_to_target"]
    frame["order"] = order.where(frame["seconds_comparable"]) if cost == "seconds" else order
    frame["standing"] = -frame["value"] if rises(metric or "loss") else frame["value"]
    frame = frame.sort_values(["order", "standing"], kind="stable")
    judged = judged_metrics(trials, metric).groupby(trials["problem"]).first()
    for problem in trials["problem"].unique():
        rows = frame[frame["problem"] == problem]
        name = str(judged[problem])
        others = name not in ("loss", "gap", "test_accuracy", "test_loss")
        several = rows["sampler"].nunique() > 1
        accuracy = rows["test_accuracy"].notna().any()
        tested = not accuracy and rows["test_loss"].notna().any()
        target = rows["cost_to_target"].notna().any()
        table = Table(title=Text(str(problem)), title_justify="left", title_style="bold")
        table.add_column("optimizer", overflow="fold")
        if several:
            table.add_column("sampler", overflow="fold")
        table.add_column("median loss", justify="right")
        table.add_column(_interval_title(rows["confidence"]), justify="right")
        if others:
            table.add_column(name.replace("_", " "), justify="right")
        if tested:
            table.add_column("test loss", justify="right")
        if accuracy:
            table.add_column("test accuracy", justify="right")
        if target:
            table.add_column(f"{cost} to target", justify="right")
        table.add_column("time per step", justify="right")
        table.add_column("ended")
        for row in rows.to_dict("records"):
            cells = [str(row["optimizer"])]
            cells += [str(row["sampler"])] if several else []
            cells += [_number(row["loss"]), _interval(row)]
            written = _percent if rises(name) else _number
            cells += [written(row["value"])] if others else []
            cells += [_number(row["test_loss"])] if tested else []
            cells += [_percent(row["test_accuracy"])] if accuracy else []
            comparable = bool(row["seconds_comparable"])
            cells += [_spent(row["cost_to_target"], cost, comparable)] if target else []
            cells += [_time(row["seconds_per_step"], comparable), str(row["statuses"])]
            table.add_row(*[Text(cell) for cell in cells])
        console.print(table)
    for doubt in filter(None, [cost_note(trials, results.cost), *doubts(trials)]):
        console.print(Text(doubt))


def _interval_title(confidence: Any) -> str:
    """Return the column's title: the level of the median's interval, if all rows have the same."""
    low, high = confidence.min(), confidence.max()
    if math.isnan(low) or high == 0:
        return "interval"
    return f"{100 * low:.3g} % interval" if low == high else "interval"


def _number(value: Any) -> str:
    if math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else f"{value:.4g}"


def _interval(row: dict[Any, Any]) -> str:
    if not row["confidence"] > 0:
        return ""
    return f"[{_number(row['loss_low'])}, {_number(row['loss_high'])}]"


def _percent(value: Any) -> str:
    return f"{100 * value:.1f} %" if math.isfinite(value) else "–"


def _spent(value: Any, cost: str, comparable: bool) -> str:
    if math.isinf(value):
        return "not reached"
    if cost == "seconds":
        return _time(value, comparable)
    if math.isnan(value):
        return "–"
    return f"{value:.0f}" if value == int(value) else f"{value:.4g}"


def _time(seconds: Any, comparable: bool) -> str:
    if math.isnan(seconds):
        return "–"
    if not comparable:
        return "not comparable"
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
