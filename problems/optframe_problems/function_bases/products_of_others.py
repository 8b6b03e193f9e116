"""All products that leave one factor out."""

from typing import Any

from optframe import Array

__all__ = ["products_of_others"]


def products_of_others(xp: Any, factors: Array) -> Array:
    """Return ∏ₖ xₖ over k ≠ j for each j, (..., P), without division: factors may be 0.

    It is the product of all factors before j and of all after j.
    """
    size = factors.shape[-1]
    others = xp.empty_like(factors)
    # A lone run's factors are plain numbers, several times as fast as arrays of one element.
    places: list[Any] = [j if factors.ndim == 1 else (..., j) for j in range(size)]
    before: Any = 1.0
    for place in places:
        others[place] = before
        before = before * factors[place]
    after: Any = 1.0
    for place in reversed(places):
        others[place] *= after
        after = after * factors[place]
    return others
