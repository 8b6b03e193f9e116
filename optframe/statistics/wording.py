"""Writes numbers and lists in sentences, tables and figures: one formatter for all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["joined", "measure_name", "metric_name", "number", "p_value", "plural", "times"]


def number(value: float, digits: int = 4) -> str:
    """Return a number as text with ``digits`` digits; NaN becomes a dash, infinity ∞."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.{digits}g}".replace("e+", "e").replace("e0", "e").replace("e-0", "e-")


def p_value(p: float) -> str:
    """Write the p-value of a test: ``p = 0.03``, or ``p < 0.0001``."""
    return "p < 0.0001" if p < 1e-4 else f"p = {number(p, 2)}"


def joined(parts: Sequence[str]) -> str:
    """Return parts as a list in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def plural(number: int, noun: str) -> str:
    """Return a number with a noun: ``1 problem``, ``12 problems``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def metric_name(metric: str) -> str:
    """Return what a metric is called: ``validation loss``, ``f − f*``."""
    return "f − f*" if metric == "gap" else metric.replace("_", " ")


def times(ratio: float) -> str:
    """Return a ratio as text with three digits, without an exponent below a million: ``2,090``.

    Near 1 it has as many digits as its distance from 1 needs: ``1.0021``.
    """
    if 0.5 < ratio < 2 and abs(ratio - 1) >= 1e-9:
        needed = 1 - math.floor(math.log10(abs(ratio - 1)))
        return f"{ratio:.{min(max(2 if ratio > 1 else 3, needed), 4)}f}"
    if not 100 <= ratio < 1e6:
        return number(ratio, 3)
    digits = 3 - len(str(int(ratio)))
    return f"{round(ratio, digits):,.0f}"


def measure_name(metric: str, above_best: bool = False) -> str:
    """Return what the values of a metric are called that standings judge, less being better.

    An accuracy is judged by its error: ``error (1 − test accuracy)``. A loss that may be negative
    is judged by how far it is above the best one seen: ``loss − the best seen``.
    """
    if metric.endswith("accuracy"):
        return f"error (1 − {metric_name(metric)})"
    return metric_name(metric) + (" − the best seen" if above_best else "")
