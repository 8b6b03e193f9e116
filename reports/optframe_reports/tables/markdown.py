"""Writes tables in GitHub's Markdown."""

from __future__ import annotations

from optframe_reports.tables.table import TEXTS, Table

__all__ = ["escaped", "markdown_table", "sentence"]


def markdown_table(table: Table) -> str:
    """Return a table as lines of Markdown; the best rows are bold."""
    heads = [escaped(column) for column in table.columns]
    rules = ["---" if column in TEXTS else "---:" for column in table.columns]
    lines = [heads, rules]
    for row in table.rows:
        cells = [escaped(row[column]) for column in table.columns]
        lines.append([f"**{cell}**" if cell else cell for cell in cells] if row.best else cells)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def sentence(text: str) -> str:
    """Return a sentence in one line, escaped, in which what is between backquotes is code."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return escaped(text)
    return "`".join(code if i % 2 else _escaped(code) for i, code in enumerate(parts))


def escaped(text: str) -> str:
    """Return a text in one line, with Markdown's special characters escaped."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    for mark in "\\`*_{}[]<>#|~$":
        text = text.replace(mark, "\\" + mark)
    return text
