"""A table of texts, with the numbers they were made from."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["TEXTS", "Row", "Table"]

TEXTS = frozenset(
    {
        *("optimizer", "against", "sampler", "problem", "settings", "seeds", "status", "reason"),
        *("told apart", "chosen"),
    }
)
"""Columns of text; all others are numbers, which are aligned to the right."""


@dataclass(frozen=True)
class Row:
    """A row: the text of each column, the numbers of some, and whether it is the best."""

    texts: dict[str, str]
    values: dict[str, float] = field(default_factory=dict)
    best: bool = False

    def __getitem__(self, column: str) -> str:
        return self.texts[column]


@dataclass(frozen=True)
class Table:
    """Rows under named columns, with a ``note`` for the reader."""

    title: str
    columns: list[str]
    rows: list[Row]
    note: str = ""

    def column(self, name: str) -> list[str]:
        """Return a column's texts."""
        return [row[name] for row in self.rows]
