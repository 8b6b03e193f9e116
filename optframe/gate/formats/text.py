"""A text table for a terminal or a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from optframe.gate.formats.words import environment, line_of, place, summary
from optframe.gate.verdicts import Comparison, Verdict

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_text", "text"]

COLOURS = {
    Verdict.REGRESSION: "bold red",
    Verdict.MISSING: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.IMPROVEMENT: "green",
    Verdict.NEW: "cyan",
}
MANY = 60
"""With more trials than this, those that pass are counted and not listed."""


def text(comparison: Comparison) -> str:
    """Return the table as text for a file."""
    from rich.console import Console

    stream = io.StringIO()
    print_text(comparison, Console(file=stream, width=140))
    return stream.getvalue()


def print_text(comparison: Comparison, console: Console) -> None:
    """Print the environment's differences, the notes, the table and the summary."""
    from rich.table import Table
    from rich.text import Text

    def write(line: str, style: str = "") -> None:
        console.print(Text(line, style=style), soft_wrap=True)

    write(f"{comparison.title}: {comparison.base} → {comparison.head}")
    for line in [*environment(comparison.differences), *comparison.notes]:
        write(line)
    shown = [*comparison.subjects]
    if len(shown) > MANY:
        shown = [s for s in shown if comparison.verdict_of(s) is not Verdict.PASS]
    table = Table()
    table.add_column("verdict", no_wrap=True)
    for title in ("trial", "base → head", "environment"):
        table.add_column(title, overflow="fold")
    for subject in shown:
        verdict = comparison.verdict_of(subject)
        cells = (str(subject), line_of(comparison, subject), place(comparison, subject))
        table.add_row(Text(verdict, style=COLOURS.get(verdict, "")), *map(Text, cells))
    if shown:
        console.print(table)
    write(summary(comparison), COLOURS.get(comparison.verdict, "green"))
