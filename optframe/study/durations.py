"""Spans of time as people write them: a number of seconds, or ``"90s"``, ``"5min"``, ``"2h"``."""

from __future__ import annotations

import re
from typing import Annotated

from annotated_types import Gt, Predicate

__all__ = ["Duration", "seconds"]

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def _is_duration(text: str) -> bool:
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+) ?(s|min|h|d)", text)
    return found is not None and float(found[1]) > 0


Duration = (
    Annotated[float, Gt(0)]
    | Annotated[str, Predicate(_is_duration), 'a time such as "90s", "5min" or "2h"']
)
"""The type of a field that holds one."""


def seconds(duration: float | str | None) -> float | None:
    """Return a span in seconds; None stays None."""
    if not isinstance(duration, str):
        return duration
    number, unit = re.fullmatch(r"([\d.]+) ?(\w+)", duration).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]
