"""Makes the row of the gate's table for a trial of a race."""

from __future__ import annotations

import dataclasses
import math
from statistics import median

from optframe.gate.racing.decision import Finding, Rule
from optframe.gate.racing.trials import RacedTrial
from optframe.gate.verdicts import Row, Verdict

__all__ = ["NAME", "counted", "failed", "row"]

NAME = "µs per step"


def row(trial: RacedTrial, finding: Finding | None, rule: Rule, elsewhere: tuple[str, ...]) -> Row:
    """Return the row of a trial, with the finding of the latest look if there was one.

    Base's value is its median over the heats. Head's value is base's times the median ratio. So the
    change that is shown is the one that is judged.
    """
    blank = Row(trial.subject, NAME, Verdict.INCONCLUSIVE, elsewhere=elsewhere)
    if any(trial.failures):
        return failed(trial, blank)
    heats = len(trial.ratios)
    if not heats:
        return dataclasses.replace(blank, reason="no heat has finished")
    base = 1e6 * median(trial.seconds[0])
    found = f"{counted(heats)}, the first look is after {rule.looks[0]}"
    if finding is not None:
        found = f"{_interval(finding)}, {counted(finding.heats)}"
    return dataclasses.replace(
        blank,
        verdict=(finding and finding.verdict) or Verdict.INCONCLUSIVE,
        base=base,
        head=base * median(trial.ratios),
        limit=f"{100 * rule.threshold:g} %",
        reason=found + unequal(trial),
    )


def counted(heats: int) -> str:
    """Return ``"1 heat"``, ``"20 heats"``."""
    return f"{heats} heat" if heats == 1 else f"{heats} heats"


def unequal(trial: RacedTrial) -> str:
    """Return the end of a reason if the runs of the two sides take different numbers of steps."""
    base, head = trial.taken
    return "" if base == head else f"; runs end after {base} → {head} steps"


def _interval(finding: Finding) -> str:
    low, high = (f"{100 * (end - 1):+.2g} %" for end in (finding.low, finding.high))
    if not finding.low:
        low = "any"
    return f"between {low} and {high if math.isfinite(finding.high) else 'any'}"


def failed(trial: RacedTrial, blank: Row) -> Row:
    """Return the row of a trial that a side cannot run; it is a regression if only head cannot."""
    base, head = ("failed" if failure else "ran" for failure in trial.failures)
    verdict = Verdict.REGRESSION if base == "ran" else Verdict.INCONCLUSIVE
    reason = trial.failures[1] or trial.failures[0]
    return dataclasses.replace(
        blank, name="status", verdict=verdict, base=base, head=head, reason=reason
    )
