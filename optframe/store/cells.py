"""Writes frames as CSV that a spreadsheet does not take for formulas.

A spreadsheet computes a cell that begins with one of `MARKS`, whose text may be a stranger's: an
optimizer's label, a reason, a metric's name. Such a text gets an apostrophe before it, in texts and
in the names of columns. Numbers stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plain_cells"]

MARKS = ("=", "+", "-", "@", "\t", "\r")
"""How formulas begin (OWASP, "CSV Injection")."""


def plain_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with an apostrophe before each text that would begin as a formula."""
    texts = frame.select_dtypes(exclude=["number", "bool"])
    changed = {
        str(name): texts[name].map(_plain)
        for name in texts
        if texts[name].astype(str).str.startswith(MARKS).any()
    }
    return frame.assign(**changed).rename(columns=_plain)


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(MARKS) else value
