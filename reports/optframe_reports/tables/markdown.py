"""Writes tables in GitHub's Markdown."""

from __future__ import annotations

from optframe_reports.tables.table import TEXTS, Table

__all__ = ["escaped", "markdown_table"]


def markdown_table(table: Table) -> str:
    """Return a table as lines of Markdown; the best rows are bold."""
    heads = [escaped(column) for column in table.columns]
    rules = ["---" if column in TEXTS else "---:" for column in table.columns]
    lines = [heads, rules]
    for row in table.rows:
        cells = [escaped(row[column]) for column in table.columns]
        lines.append([f"**{cell}**" if cell else cell for cell in cells] if row.best else cells)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def escaped(text: str) -> str:
    """Return a text in one line, with Markdown's special characters escaped."""
    for mark in "\\`*_{}[]<>#|~$":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())
