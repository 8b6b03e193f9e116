"""The texts that all formats share: a change, a trial's line, the environment, the summary."""

from __future__ import annotations

from collections.abc import Sequence

from optframe.gate.verdicts import Comparison, Difference, Row, Subject, Verdict

__all__ = ["environment", "line_of", "number", "place", "summary", "told"]

SAME = "the same in everything that can change the last bits"


def number(value: float | str | None) -> str:
    """Return a whole number in full, and any other number in six digits."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


def told(row: Row) -> str:
    """Return a change as text: ``"steps 412 → 454 (+10.2 %)"``, with its reason if it has one."""
    reason = f": {row.reason}" if row.reason else ""
    if row.base == row.head:
        return f"{row.name} {number(row.base)}{reason}"
    limit = f", limit {row.limit}" if row.limit and row.verdict is not Verdict.INFORMATIVE else ""
    change = row.change
    inside = limit.removeprefix(", ") if change is None else f"{100 * change:+.3g} %{limit}"
    bracket = f" ({inside})" if inside else ""
    return f"{row.name} {number(row.base)} → {number(row.head)}{bracket}{reason}"


def line_of(comparison: Comparison, subject: Subject) -> str:
    """Return the rows that decide a trial's verdict; for one that passes, its first count."""
    rows = comparison.subjects[subject]
    verdict = comparison.verdict_of(subject)
    if verdict is Verdict.PASS:
        counted = [row for row in rows if row.name != "status" and row.verdict is Verdict.PASS]
        changed = [row for row in counted if row.reason or _shows(row)]
        return "; ".join(map(told, changed or counted[:1] or rows[:1]))
    graver = [row for row in rows if row.verdict not in (Verdict.PASS, Verdict.INFORMATIVE)]
    return "; ".join(map(told, sorted(graver, key=lambda row: [*Verdict].index(row.verdict))))


def _shows(row: Row) -> bool:
    """Whether a change within the limit is shown: only that of a count."""
    return row.base != row.head and row.name != "loss"


def place(comparison: Comparison, subject: Subject) -> str:
    """Return ``same`` if both sides of a trial ran in equal environments, else what differs."""
    names = dict.fromkeys(n for row in comparison.subjects[subject] for n in row.elsewhere)
    alone = comparison.verdict_of(subject) in (Verdict.MISSING, Verdict.NEW)
    return "–" if alone and not names else ", ".join(names) or "same"


def environment(differences: Sequence[Difference]) -> list[str]:
    """Return the lines on differences: those that can change the last bits, then the others."""
    deciding = [str(one) for one in differences if one.decides]
    others = [str(one) for one in differences if not one.decides]
    lines = [f"environment: {'; '.join(deciding) or SAME}"]
    return [*lines, f"also different: {'; '.join(others)}"] if others else lines


def summary(comparison: Comparison) -> str:
    """Return the last line: ``"regression: 1 regression, 37 pass"``."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in comparison.summary.items())
    return f"{comparison.verdict}: {counts or 'nothing was compared'}"
