"""A Markdown table for a pull request or a job's summary."""

from __future__ import annotations

from collections.abc import Iterable

from optframe.gate.formats.words import environment, line_of, place, summary
from optframe.gate.verdicts import Comparison, Subject, Verdict

__all__ = ["markdown"]

MARKS = {
    Verdict.REGRESSION: "🔴",
    Verdict.MISSING: "🔴",
    Verdict.INCONCLUSIVE: "🟡",
    Verdict.IMPROVEMENT: "🟢",
    Verdict.NEW: "🔵",
    Verdict.PASS: "⚪",
}


def markdown(comparison: Comparison) -> str:
    """Return a heading, the differences, and a table; trials that pass are collapsed."""
    title = f"### {MARKS[comparison.verdict]} optframe, {_safe(comparison.title)}: "
    lines = [title + _safe(summary(comparison)), ""]
    lines += [f"`{comparison.base}` → `{comparison.head}`", ""]
    notes = [*environment(comparison.differences), *comparison.notes]
    lines += [f"- {_safe(line)}" for line in notes]
    passing = [s for s in comparison.subjects if comparison.verdict_of(s) is Verdict.PASS]
    others = [s for s in comparison.subjects if comparison.verdict_of(s) is not Verdict.PASS]
    if others:
        lines += ["", *_table(comparison, others)]
    if passing:
        lines += ["", f"<details><summary>{len(passing)} pass</summary>", ""]
        lines += [*_table(comparison, passing), "", "</details>"]
    return "\n".join(lines) + "\n"


def _table(comparison: Comparison, subjects: Iterable[Subject]) -> list[str]:
    lines = ["| verdict | trial | base → head | environment |", "|---|---|---|---|"]
    for subject in subjects:
        verdict = comparison.verdict_of(subject)
        cells = [str(subject), line_of(comparison, subject), place(comparison, subject)]
        lines.append(f"| {MARKS[verdict]} {verdict} | " + " | ".join(map(_safe, cells)) + " |")
    return lines


def _safe(text: str) -> str:
    """Escape a text, so that it is not read as Markdown or HTML."""
    for mark in ("\\", "|", "*", "_", "`", "[", "]"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())
