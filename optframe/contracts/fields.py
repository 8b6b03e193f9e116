"""The types of hyperparameters; each type says which values are accepted.

A `Number` (and its bounded forms) is a float. In a batch of runs it may be an array that broadcasts
against θ: (..., 1), or (..., P) if it differs between parameters. In a study it may also be a
schedule; the loop replaces it by its value at each step.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

__all__ = [
    "NUMBER",
    "Count",
    "Fraction",
    "NonNegative",
    "Number",
    "NumberMark",
    "Positive",
    "UnitInterval",
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
