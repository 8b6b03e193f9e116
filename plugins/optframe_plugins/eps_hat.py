"""Adam's ε̂: the δ of its efficient form, which is beside √v and not beside √v̂."""

import math
from typing import Any

from optframe import Number

__all__ = ["beside_corrected_root"]


def beside_corrected_root(
    xp: Any, inside: Number, outside: Number, bias2: Number
) -> tuple[Number, Number]:
    """Return what to add to v̂ and to √v̂ where δ is added to v or √v.

    With b = 1 − β₂ᵗ, √v̂ = √v / √b, and so ε·√b·m̂ / (√v + δ) = ε·m̂ / (√v̂ + δ/√b).

    Parameters
    ----------
    xp
        The array namespace of θ.
    inside, outside
        δ where it is added under the root, or beside it; the other is 0.
    bias2
        b, a number, or an array in a batch of runs with a β₂ each.
    """
    # Square roots are exact to the last bit in both branches; powers are not.
    if getattr(bias2, "shape", ()):
        return inside / bias2, outside / xp.sqrt(bias2)
    return inside / bias2, outside / math.sqrt(bias2)
