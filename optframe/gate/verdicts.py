"""Verdicts: what is said of a base and a head, number by number, and what CI is told.

Every tier of the gate (counts, instructions, time) ends in a `Comparison` of `Row`s, which the
formats print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from optframe.contracts.trial import trial_name

__all__ = ["Comparison", "Difference", "Row", "Subject", "Verdict"]


class Verdict(StrEnum):
    """What is said of one number, of one trial, or of a whole comparison."""

    REGRESSION = "regression"
    """Worse than the limit allows."""
    MISSING = "missing"
    """The base has it and the head has not; it fails like a regression."""
    INCONCLUSIVE = "inconclusive"
    """Nobody can tell from what was measured."""
    IMPROVEMENT = "improvement"
    """Better than the base by more than the limit."""
    NEW = "new"
    """The head has it and the base has not."""
    PASS = "pass"
    """No change that counts."""
    INFORMATIVE = "informative"
    """Shown and not judged."""

    @property
    def fails(self) -> bool:
        """Whether CI goes red."""
        return self in (Verdict.REGRESSION, Verdict.MISSING)


@dataclass(frozen=True)
class Subject:
    """What a row is about: a trial as people name it, and the hash of what was asked.

    ``benchmark`` is the test that ran it, where a test did.
    """

    cell: str
    optimizer: str
    problem: str
    sampler: str = "none"
    seed: int = 0
    benchmark: str = ""

    def __str__(self) -> str:
        return trial_name(self.optimizer, self.problem, self.sampler, self.seed or None)


@dataclass(frozen=True)
class Difference:
    """In what two environments differ; it ``decides`` if it can change a result's last bits."""

    name: str
    base: str
    head: str
    decides: bool

    def __str__(self) -> str:
        return f"{self.name} {self.base} → {self.head}"


@dataclass(frozen=True)
class Row:
    """One measured name of one subject: both values, the limit, the verdict and why.

    ``base`` and ``head`` are numbers, or words where the name is ``status``. ``elsewhere`` names
    in what deciding things the two environments differ.
    """

    subject: Subject
    name: str
    verdict: Verdict
    base: float | str | None = None
    head: float | str | None = None
    limit: str = ""
    reason: str = ""
    elsewhere: tuple[str, ...] = ()

    @property
    def change(self) -> float | None:
        """The relative change, (head − base)/|base|; None where it is no number."""
        if isinstance(self.base, str) or isinstance(self.head, str):
            return None
        if self.base is None or self.head is None or not self.base:
            return None
        return (self.head - self.base) / abs(self.base)


@dataclass(frozen=True)
class Comparison:
    """All rows of a base and a head, and the environments' differences.

    ``notes`` are lines that a reader needs beside the table.
    """

    title: str
    base: str
    head: str
    rows: Sequence[Row]
    differences: Sequence[Difference] = ()
    notes: Sequence[str] = field(default=())

    @cached_property
    def subjects(self) -> Mapping[Subject, list[Row]]:
        """The rows by subject, in their order."""
        found: dict[Subject, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.subject, []).append(row)
        return found

    def verdict_of(self, subject: Subject) -> Verdict:
        """The gravest verdict of a subject's rows; what is only informative is not asked."""
        return _gravest(row.verdict for row in self.subjects[subject])

    @cached_property
    def summary(self) -> Mapping[Verdict, int]:
        """How many subjects ended with each verdict, the gravest first."""
        counts = Counter(self.verdict_of(subject) for subject in self.subjects)
        return {verdict: counts[verdict] for verdict in Verdict if counts[verdict]}

    @property
    def verdict(self) -> Verdict:
        """Regression, inconclusive, improvement or pass."""
        gravest = _gravest(row.verdict for row in self.rows)
        if gravest.fails:
            return Verdict.REGRESSION
        return Verdict.PASS if gravest is Verdict.NEW else gravest

    @property
    def exit_code(self) -> int:
        """0 pass, 1 regression, 3 inconclusive (2 and 4 are errors, see `optframe.errors`)."""
        return {Verdict.REGRESSION: 1, Verdict.INCONCLUSIVE: 3}.get(self.verdict, 0)


def _gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the first of the order in which `Verdict` lists them; pass where there is none."""
    found = set(verdicts)
    order = [verdict for verdict in Verdict if verdict is not Verdict.INFORMATIVE]
    return next((verdict for verdict in order if verdict in found), Verdict.PASS)
