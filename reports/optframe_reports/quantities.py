"""Formats numbers and times for figures and tables."""

from __future__ import annotations

import math
from collections.abc import Iterable

from optframe.statistics.wording import number, p_value, plural

__all__ = [
    "count",
    "duration",
    "noted",
    "number",
    "p_value",
    "percent",
    "plural",
    "seeds",
    "time_unit",
]

_UNITS = ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (math.inf, 1.0, "s"))


def time_unit(seconds: float) -> tuple[float, str]:
    """Return how many of a unit make a second, and the unit in which the time is most readable."""
    return next((each, unit) for below, each, unit in _UNITS if seconds < 0.9995 * below)


def duration(seconds: float) -> str:
    """Write a time with three digits and its unit: ``12.3 µs``."""
    if not math.isfinite(seconds):
        return number(seconds)
    per_second, unit = time_unit(seconds)
    return f"{seconds * per_second:#.3g}".rstrip(".") + f" {unit}"


def percent(fraction: float) -> str:
    """Write a fraction in percent, to a tenth."""
    return f"{100 * fraction:.1f} %" if math.isfinite(fraction) else number(fraction)


def count(number: int) -> str:
    """Return a count as text with separators of thousands: ``12,000``."""
    return f"{number:,}"


def seeds(sizes: Iterable[int]) -> str:
    """Return the number of runs of cells as text: ``5 seeds``, ``1 to 5 seeds``, ``one seed``."""
    ordered = sorted(sizes)
    few, many = ordered[0], ordered[-1]
    if many == 1:
        return "one seed"
    return f"{count(few)} to {count(many)} seeds" if few < many else f"{count(many)} seeds"


def noted(name: str, *notes: str, between: str = ", ") -> str:
    """Return a name with the notes that are not empty: ``adam (best of 50 settings)``."""
    inside = between.join(note for note in notes if note)
    return f"{name} ({inside})" if inside else name
