"""Chooses each trial's budget, and checks its target and the study's metric against the problem."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from optframe.components.parameters import build
from optframe.contracts import Problem, StochasticProblem
from optframe.contracts.columns import rises
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Budget
from optframe.errors import UsageError, nearest
from optframe.study.choice import Choice

__all__ = ["Budgets"]


class Budgets:
    """The budgets of one study, whose mistakes are collected in ``mistakes``.

    ``given`` is the study's own budget, and ``seed`` its seed, with which a problem's metrics are
    computed once at its start. ``prefix`` begins each message.
    """

    def __init__(self, given: Any, seed: int, prefix: str, mistakes: list[str]) -> None:
        self._given = given
        self._seed = seed
        self._prefix = prefix
        self._mistakes = mistakes
        self._metrics: dict[int, dict[str, float]] = {}
        self._known: dict[tuple[str, int, int], tuple[Any, Problem, Budget | None]] = {}
        """The budgets so far, by where they are given, and the identities of what is held here."""

    def of(self, optimizer: Choice, problem: Choice, bound: Problem) -> Budget | None:
        """Return the optimizer's budget, else the problem's, else the study's; None if invalid."""
        given, where = self._given, f"{self._prefix}[study] budget"
        for choice in (problem, optimizer):
            if "budget" in choice.table:
                given, where = choice.table["budget"], f"{choice.where}: budget"
        key = (where, id(given), id(bound))
        if key not in self._known:
            made = self._checked(given, where, problem, bound)
            self._known[key] = given, bound, made
        return self._known[key][-1]

    def _checked(self, given: Any, where: str, problem: Choice, bound: Problem) -> Budget | None:
        """Return a budget, and report what is wrong with it on this problem."""
        made = self._made(given, where)
        records = bound.records if isinstance(bound, StochasticProblem) else None
        if made is not None and made.epochs is not None and records is None:
            self._mistakes.append(
                f"{where}: found epochs, but {problem.component.name} has no data; give it a "
                "budget of steps, gradients or seconds"
            )
            return None
        if made is None or made.target is None:
            return made
        made = made.aimed(bound.knows_minimum)
        metric, value = made.goal or ("loss", 0.0)
        self._check(metric, f"{where}: target", problem, bound)
        if rises(metric) and self.measured(bound).get(metric, 2.0) <= 1 < value:
            self._mistakes.append(
                f"{where}: target: found {metric} = {value:g}; expected at most 1, since an "
                f"accuracy of {problem.component.label} is a fraction"
            )
        return made

    def check_metric(
        self,
        metric: str | None,
        where: str,
        problem: Choice,
        bound: Problem,
        also: Collection[str],
    ) -> None:
        """Report a metric that a problem does not measure; ``also`` is measured, too."""
        if metric is not None and metric not in also:
            self._check(metric, where, problem, bound)

    def _check(self, metric: str, where: str, problem: Choice, bound: Problem) -> None:
        if metric == "gap":
            if not bound.knows_minimum:
                self._mistakes.append(
                    f"{where}: found gap, the distance to the least loss f*, which "
                    f"{problem.component.label} does not know; expected another metric, such as "
                    "loss"
                )
        elif metric != "loss" and (measured := self.measured(bound)) and metric not in measured:
            self._mistakes.append(
                f"{where}: {problem.component.label} does not measure {metric!r}"
                f"{_why(metric, measured)}"
            )

    def measured(self, bound: Problem) -> dict[str, float]:
        """Return a problem's metrics at its start; none if they cannot be computed here."""
        if id(bound) not in self._metrics:
            try:
                start = bound.start(Seeds(self._seed, 0).generator("start"))
                found = bound.metrics(bound.asarray(start))
                self._metrics[id(bound)] = {name: float(value) for name, value in found.items()}
            except Exception:  # the run reports what is wrong, with its traceback
                self._metrics[id(bound)] = {}
        return self._metrics[id(bound)]

    def _made(self, given: Any, where: str) -> Budget | None:
        if not isinstance(given, (Budget, Mapping)):
            found = "nothing" if given is None else repr(given)
            self._mistakes.append(
                f"{where}: expected a table such as {{ steps = 1000 }}, found {found}"
            )
            return None
        try:
            table = given.table if isinstance(given, Budget) else given
            made: Budget = build(Budget, table, where)
        except UsageError as error:
            self._mistakes += error.mistakes
            return None
        return made


def _why(metric: str, measured: Iterable[str]) -> str:
    """Return why a problem does not measure a metric, or the nearest metric that it measures."""
    part = metric.partition("_")[0]
    if part in ("validation", "test") and not any(name.startswith(f"{part}_") for name in measured):
        return (
            f", since it has no {part} records (a data set's {part}_fraction gives some); "
            f"expected one of: {', '.join(sorted(measured))}"
        )
    return f"; {nearest(metric, measured)}"
