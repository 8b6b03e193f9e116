"""JSON, format ``optframe-comparison/1``: all rows, for other programs.

::

    {"format": "optframe-comparison/1", "title": "counts", "base": "...", "head": "...",
     "verdict": "regression", "exit_code": 1, "summary": {"regression": 1, "pass": 37},
     "differences": [{"name": "numpy", "base": "2.3.1", "head": "2.4.6", "decides": true}],
     "notes": [],
     "rows": [{"cell": "0a1b...", "optimizer": "adam:lr=0.3", "problem": "rosenbrock",
               "sampler": "none", "seed": 0, "benchmark": "", "name": "steps",
               "verdict": "regression", "base": 412, "head": 454, "change": 0.1019,
               "limit": "0", "reason": "", "elsewhere": []}]}

``base`` and ``head`` of a row are numbers, texts (a status), or null if a side has no such trial.
``change`` is the relative change, or null if it is not defined.
"""

from __future__ import annotations

import dataclasses
import json

from optframe.gate.verdicts import Comparison, Row

__all__ = ["FORMAT", "as_json"]

FORMAT = "optframe-comparison/1"


def as_json(comparison: Comparison) -> str:
    """Return the whole comparison."""
    table = {
        "format": FORMAT,
        "title": comparison.title,
        "base": comparison.base,
        "head": comparison.head,
        "verdict": comparison.verdict,
        "exit_code": comparison.exit_code,
        "summary": comparison.summary,
        "differences": [dataclasses.asdict(one) for one in comparison.differences],
        "notes": list(comparison.notes),
        "rows": [_row(row) for row in comparison.rows],
    }
    return json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _row(row: Row) -> dict[str, object]:
    rest = dataclasses.asdict(row)
    return {**rest.pop("subject"), **rest, "change": row.change}
