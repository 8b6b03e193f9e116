"""A function of numbers for arrays: each element gets the bits that a number alone gets."""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["each_number"]


def each_number(function: Callable[..., float], *values: Any) -> Any:
    """Return a function of each element of arrays that broadcast.

    Powers and cosines of NumPy's arrays differ from Python's in their last bits.
    """
    rows = np.broadcast_arrays(*values)
    each = zip(*(row.ravel().tolist() for row in rows), strict=True)
    return np.array([function(*one) for one in each], np.float64).reshape(rows[0].shape)
