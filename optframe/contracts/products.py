"""Norms and inner products whose squares may not be representable.

In float32 the square of 1e-23 is 0 and that of 1e20 is inf. Where that matters, these functions
divide vectors by powers of two first. Such a division is exact, so that a result does not depend on
the unit of the vectors: vectors times 2^k give the same digits. Outside of a run, NumPy may warn of
the overflow that they then avoid.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from optframe.contracts.backend import Array

__all__ = ["LEAST", "MOST", "inner", "norm", "norms", "unit"]

LEAST, MOST = 2.0**-80, 2.0**80
"""A sum of products between these has lost nothing to underflow or overflow.

The numbers of float32 end at 2^-149 and 2^128. What underflows is less than 2^-69 of such a sum.
"""


def inner(a: Array, b: Array, xp: Any) -> float:
    """Return a·b of vectors of shape (P,).

    Examples
    --------
    >>> import numpy as np
    >>> import optframe
    >>> tiny = np.full(4, 2.0**-100, "float32")
    >>> optframe.inner(tiny, tiny, np) == 4 * 2.0**-200
    True
    """
    product = float(a @ b)
    if LEAST < abs(product) < MOST:
        return product
    unit_a, unit_b = unit(a, xp), unit(b, xp)
    return float((a / unit_a) @ (b / unit_b)) * (float(unit_a[0]) * float(unit_b[0]))


def norm(vector: Array, xp: Any) -> float:
    """Return the Euclidean norm of a vector of shape (P,).

    Examples
    --------
    >>> import numpy as np
    >>> import optframe
    >>> optframe.norm(np.array([3e-200, 4e-200]), np)
    5e-200
    """
    square = float(vector @ vector)
    if LEAST < square < MOST:
        return sqrt(square)
    scale = unit(vector, xp)
    scaled = vector / scale
    return float(scale[0]) * sqrt(float(scaled @ scaled))


def norms(vectors: Array, xp: Any) -> Array:
    """Return the Euclidean norms of vectors of shape (..., P), shape (...).

    A vector has the same norm, to the bit, alone and among others.
    """
    squares = xp.sum(vectors * vectors, axis=-1)
    if bool(xp.all((squares > LEAST) & (squares < MOST))):
        return xp.sqrt(squares)
    scale = unit(vectors, xp)
    scaled = vectors / scale
    return scale[..., 0] * xp.sqrt(xp.sum(scaled * scaled, axis=-1))


def unit(vectors: Array, xp: Any) -> Array:
    """Return the largest power of two that is ≤ max|vᵢ|, of vectors (..., P), shape (..., 1).

    It is 1 for a vector that is 0 or not finite.

    References
    ----------
    Rump, S. M., Ogita, T., and Oishi, S. (2008), Accurate floating-point summation part I, SIAM J.
    Sci. Comput. 31, 189–224, algorithm 3.5.
    """
    top = xp.max(xp.abs(vectors), axis=-1, keepdims=True)
    top = xp.where((top > 0) & xp.isfinite(top), top, xp.ones_like(top))
    # The algorithm multiplies by 2^p / 2 + 1, with p the number of digits.
    half = 1 / xp.finfo(top.dtype).eps
    large = top >= 1
    small = xp.where(large, top / (4 * half), top)
    product = (half + 1) * small
    power = xp.abs(product - (1 - 0.5 / half) * product)
    return xp.where(large, power * (4 * half), power)
