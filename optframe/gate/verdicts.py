"""The result of a comparison: a verdict for each number and trial, and the exit code for CI.

Each tier of the gate (counts, instructions, time) returns a `Comparison` of `Row`s, which the
formats write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from optframe.contracts.trial import trial_name

__all__ = ["Comparison", "Difference", "Row", "Subject", "Verdict"]


class Verdict(StrEnum):
    """The verdict on one number, one trial, or a whole comparison; the most severe is first."""

    REGRESSION = "regression"
    """Worse than the limit allows."""
    MISSING = "missing"
    """Only the base has it; it fails like a regression."""
    INCONCLUSIVE = "inconclusive"
    """The measurements do not decide."""
    IMPROVEMENT = "improvement"
    """Better than the base by more than the limit."""
    NEW = "new"
    """Only the head has it."""
    PASS = "pass"
    """No change beyond the limit."""
    INFORMATIVE = "informative"
    """Shown and not judged."""

    @property
    def fails(self) -> bool:
        """Whether the comparison fails."""
        return self in (Verdict.REGRESSION, Verdict.MISSING)


@dataclass(frozen=True)
class Subject:
    """The trial of a row: its names, and its ``cell``, the hash of its specification.

    ``benchmark`` is the name of the test that ran it, if a test did.
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
    """One difference of two environments; it ``decides`` if it can change a result's last bits."""

    name: str
    base: str
    head: str
    decides: bool

    def __str__(self) -> str:
        return f"{self.name} {self.base} → {self.head}"


@dataclass(frozen=True)
class Row:
    """One measured quantity of one subject: both values, the limit, the verdict and the reason.

    ``base`` and ``head`` are numbers, or texts for the name ``status``. ``elsewhere`` lists the
    names of the differences between the two environments that can change the last bits.
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
        """The relative change, (head − base)/|base|; None if it is not defined."""
        if isinstance(self.base, str) or isinstance(self.head, str):
            return None
        if self.base is None or self.head is None or not self.base:
            return None
        return (self.head - self.base) / abs(self.base)


@dataclass(frozen=True)
class Comparison:
    """All rows of a base and a head, and the environments' differences.

    ``notes`` are lines that are shown with the table.
    """

    title: str
    base: str
    head: str
    rows: Sequence[Row]
    differences: Sequence[Difference] = ()
    notes: Sequence[str] = ()

    @cached_property
    def subjects(self) -> Mapping[Subject, list[Row]]:
        """The rows of each subject, in order."""
        found: dict[Subject, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.subject, []).append(row)
        return found

    def verdict_of(self, subject: Subject) -> Verdict:
        """The most severe verdict of a subject's rows; informative rows are ignored."""
        return _gravest(row.verdict for row in self.subjects[subject])

    @cached_property
    def summary(self) -> Mapping[Verdict, int]:
        """The number of subjects with each verdict, the most severe first."""
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
        """The exit code: 0 pass, 1 regression, 3 inconclusive; `optframe.errors` has 2 and 4."""
        return {Verdict.REGRESSION: 1, Verdict.INCONCLUSIVE: 3}.get(self.verdict, 0)


def _gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that comes first in `Verdict`, ignoring informative ones; else pass."""
    found = set(verdicts)
    order = [verdict for verdict in Verdict if verdict is not Verdict.INFORMATIVE]
    return next((verdict for verdict in order if verdict in found), Verdict.PASS)
