"""The types of hyperparameters; each type says which values are accepted.

A `Number` (and its bounded forms) is a float. In a batch of runs it may be an array that broadcasts
against θ: (..., 1), or (..., P) if it differs between parameters. In a study it may also be a
schedule; the loop replaces it by its value at each step.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

__all__ = [
    "EITHER",
    "NUMBER",
    "UNKNOWN",
    "Count",
    "Fraction",
    "NonNegative",
    "Number",
    "NumberMark",
    "Positive",
    "UnitInterval",
    "UnknownMark",
]


class NumberMark:
    """Marks a field as a number that may also be an array or a schedule."""

    def __repr__(self) -> str:
        return "Number"


NUMBER = NumberMark()

Number = Annotated[float, NUMBER]
Positive = Annotated[float, NUMBER, Gt(0)]
NonNegative = Annotated[float, NUMBER, Ge(0)]
Fraction = Annotated[float, NUMBER, Ge(0), Lt(1)]
UnitInterval = Annotated[float, NUMBER, Ge(0), Le(1)]
Count = Annotated[int, Ge(1)]


class UnknownMark:
    """Marks a field of which only its library knows which values are accepted."""

    def __repr__(self) -> str:
        return "Unknown"


UNKNOWN = UnknownMark()

EITHER = Annotated[int | float, NUMBER, "a number"]
"""A number of which only its library knows whether it is whole: it stays as it was written."""
