"""Prints the summary of a study on the terminal: a table per problem, then who is best."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from optframe.statistics import Standings, summary
from optframe.statistics.wording import metric_name
from optframe.store.results import Results

__all__ = ["print_summary"]

_TEXTS = ("sampler", "ended", "problem", "chosen")
_MOST = 30
"""The most searches that are listed."""
_SCORES = (("test", "test_loss"), ("validation", "validation_loss"))


def print_summary(results: Results, console: Console) -> None:
    """Print one table per problem, the best row first, what tuning chose, and the headline.

    Rows are in the order of what the standings judge: the expected cost of the target if some run
    reached it, else the geometric mean of the judged metric. Times of a problem on which the
    machine's speed drifted are not comparable and not printed.
    """
    found = results.standings()
    same = ["problem", "optimizer", "sampler"]
    frame = summary(found.pooled_trials)
    if len(frame):
        judged = found.pooled[[*same, "won", "performance"]]
        frame = frame.merge(judged, on=same, how="left").sort_values("performance", kind="stable")
    for problem in found.problems.to_dict("records"):
        rows = frame[frame["problem"] == problem["problem"]]
        console.print(_table(problem, rows.to_dict("records"), found))
    if len(found.searches):
        console.print(_winners(found))
    for sentence in [*found.headline, *found.caveats]:
        console.print(Text(sentence))


def _winners(found: Standings) -> Table:
    """Return the table of what tuning chose, and of what that cost."""
    rows = found.searches.to_dict("records")
    costs = {(row["contender"], row["problem"]): row for row in found.cells.to_dict("records")}
    columns: list[tuple[str, Any]] = [
        ("problem", lambda row: str(row["problem"])),
        ("chosen", lambda row: str(row["choice"])),
        ("settings", lambda row: str(row["tried"])),
        ("work of tuning", lambda row: _number(row["work"])),
    ]
    if len({row["sampler"] for row in rows}) > 1:
        columns.insert(1, ("sampler", lambda row: str(row["sampler"])))
    if len({row["study"] for row in rows}) > 1:
        columns.insert(1, ("study", lambda row: str(row["study"])))
    else:
        columns.append(("of a run", lambda row: _number(_cost(costs, row, "work"))))
        columns.append(("both", lambda row: _number(_cost(costs, row, "both_work"))))
    table = _filled("Tuning", columns, rows[:_MOST], "contender")
    if len(rows) > _MOST:
        table.caption = Text(f"and {len(rows) - _MOST} more searches")
        table.caption_justify = "left"
    return table


def _cost(costs: dict[tuple[str, str], dict[Any, Any]], row: dict[Any, Any], name: str) -> float:
    cell = costs.get((row["contender"], row["problem"]))
    return math.nan if cell is None else float(cell[name])


def _table(problem: dict[Any, Any], rows: list[dict[Any, Any]], found: Standings) -> Table:
    by_cost, metric = problem["kind"] == "cost", str(problem["metric"])
    columns: list[tuple[str, Any]] = []
    if len({row["sampler"] for row in rows}) > 1:
        columns.append(("sampler", lambda row: str(row["sampler"])))
    if by_cost:
        columns.append((f"{found.cost} to target", lambda row: _spent(row, found)))
        columns.append(("reached", _reached))
    elif problem["kind"]:
        columns.append((f"mean {problem['measure']}", lambda row: _number(row["performance"])))
    if metric != "loss" or by_cost or not problem["kind"]:
        columns.append(("median loss", lambda row: _number(row["loss"])))
    for part, loss in _SCORES:
        if metric == loss and not by_cost:
            continue  # these records judge already
        accuracy = f"{part}_accuracy"
        if any(math.isfinite(row[accuracy]) for row in rows):
            columns.append((f"{part} accuracy", lambda row, name=accuracy: _percent(row[name])))
        elif any(math.isfinite(row[loss]) for row in rows):
            columns.append((metric_name(loss), lambda row, name=loss: _number(row[name])))
    columns.append(("time per step", _time))
    columns.append(("ended", lambda row: str(row["statuses"])))
    return _filled(str(problem["problem"]), columns, rows, "optimizer")


def _filled(
    title: str, columns: list[tuple[str, Any]], rows: list[dict[Any, Any]], name: str
) -> Table:
    """Return a table with a row's name before its columns; each of these has what writes it."""
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    table.add_column("optimizer", overflow="fold")
    for column, _ in columns:
        justify: Any = "left" if column in _TEXTS else "right"
        table.add_column(column, justify=justify, overflow="fold")
    for row in rows:
        cells = [str(row[name]), *(written(row) for _, written in columns)]
        table.add_row(*[Text(cell) for cell in cells])
    return table


def _number(value: Any) -> str:
    if math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else f"{value:.4g}"


def _percent(value: Any) -> str:
    return f"{100 * value:.1f} %" if math.isfinite(value) else "–"


def _reached(row: dict[Any, Any]) -> str:
    return "–" if math.isnan(row["won"]) else f"{row['won']:.0f} of {row['runs']}"


def _spent(row: dict[Any, Any], found: Standings) -> str:
    value = row["performance"]
    if math.isinf(value) or row["won"] == 0:
        return "not reached"
    if found.doubt:
        return "not comparable"
    if found.cost == "seconds":
        return _seconds(value)
    return "–" if math.isnan(value) else f"{value:.4g}" if value % 1 else f"{value:.0f}"


def _time(row: dict[Any, Any]) -> str:
    known = not math.isnan(row["seconds_per_step"])
    return (
        "not comparable"
        if known and not row["seconds_comparable"]
        else _seconds(row["seconds_per_step"])
    )


def _seconds(seconds: Any) -> str:
    if math.isnan(seconds):
        return "–"
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
