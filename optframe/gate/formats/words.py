"""What all formats say in the same words: a change, a trial's line, the environment, the end."""

from __future__ import annotations

from collections.abc import Sequence

from optframe.gate.verdicts import Comparison, Difference, Row, Subject, Verdict

__all__ = ["environment", "line_of", "number", "place", "summary", "told"]

SAME = "the same in all that decides the last bits"


def number(value: float | str | None) -> str:
    """Write a count in full, and another number in six digits."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


def told(row: Row) -> str:
    """Say what changed: ``"steps 412 → 454 (+10.2 %)"``, with the reason if there is one."""
    reason = f": {row.reason}" if row.reason else ""
    if row.base == row.head:
        return f"{row.name} {number(row.base)}{reason}"
    limit = f", limit {row.limit}" if row.limit and row.verdict is not Verdict.INFORMATIVE else ""
    change = row.change
    inside = f"{_percent(change)}{limit}" if change is not None else limit.removeprefix(", ")
    bracket = f" ({inside})" if inside else ""
    return f"{row.name} {number(row.base)} → {number(row.head)}{bracket}{reason}"


def _percent(change: float) -> str:
    return f"{100 * change:+.3g} %"


def line_of(comparison: Comparison, subject: Subject) -> str:
    """Say what a trial's verdict rests on; for one that passes, its first count."""
    rows = comparison.subjects[subject]
    verdict = comparison.verdict_of(subject)
    if verdict is Verdict.PASS:
        counted = [row for row in rows if row.name != "status" and row.verdict is Verdict.PASS]
        changed = [row for row in counted if row.reason or _shows(row)]
        return "; ".join(map(told, changed or counted[:1] or rows[:1]))
    graver = [row for row in rows if row.verdict not in (Verdict.PASS, Verdict.INFORMATIVE)]
    return "; ".join(map(told, sorted(graver, key=lambda row: [*Verdict].index(row.verdict))))


def _shows(row: Row) -> bool:
    """Whether a change within the limit is worth a line: that of a count."""
    return row.base != row.head and row.name != "loss"


def place(comparison: Comparison, subject: Subject) -> str:
    """Say whether both sides of a trial were measured alike: ``same``, or what differs."""
    names = dict.fromkeys(n for row in comparison.subjects[subject] for n in row.elsewhere)
    alone = comparison.verdict_of(subject) in (Verdict.MISSING, Verdict.NEW)
    return "–" if alone and not names else ", ".join(names) or "same"


def environment(differences: Sequence[Difference]) -> list[str]:
    """Return the lines on what differs: first what decides, then what is only told."""
    deciding = [str(one) for one in differences if one.decides]
    told_only = [str(one) for one in differences if not one.decides]
    lines = [f"environment: {'; '.join(deciding) or SAME}"]
    return [*lines, f"beside it: {'; '.join(told_only)}"] if told_only else lines


def summary(comparison: Comparison) -> str:
    """Return the last line: ``"regression: 1 regression, 37 pass"``."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in comparison.summary.items())
    return f"{comparison.verdict}: {counts or 'nothing was compared'}"
