"""The products of linear models with their records, which are a dense array or sparse rows.

Records have shape (B, P), or (R, B, P) with a set per run, after `Batch.spread`.
"""

from typing import Any

from optframe import Array
from optframe_problems.sparse import SparseRows

__all__ = ["class_scores", "class_sums", "column", "dense", "gram", "scores", "sums"]


def scores(xp: Any, records: Any, theta: Array) -> Array:
    """Return xᵀθ for each record: (..., P) gives (..., B)."""
    if isinstance(records, SparseRows):
        return records.scores(theta)
    return xp.matmul(records, theta[..., None])[..., 0]


def sums(xp: Any, records: Any, weights: Array) -> Array:
    """Return Σ wᵢ xᵢ over the records: (..., B) gives (..., P)."""
    if isinstance(records, SparseRows):
        return records.sums(weights)
    return xp.matmul(weights[..., None, :], records)[..., 0, :]


def gram(xp: Any, records: Any, weights: Array) -> Array:
    """Return Σ wᵢ xᵢxᵢᵀ over the records: (..., B) gives (..., P, P)."""
    if isinstance(records, SparseRows):
        return records.gram(weights)
    return xp.matmul(records.mT, weights[..., None] * records)


def class_scores(xp: Any, records: Any, matrix: Array) -> Array:
    """Return Θᵀx for each record: Θ of shape (..., d, C) gives (..., C, B)."""
    if isinstance(records, SparseRows):
        return records.scores(matrix.mT)
    return xp.matmul(matrix.mT, records.mT)


def class_sums(xp: Any, records: Any, weights: Array) -> Array:
    """Return Σ xᵢwᵢᵀ over the records: (..., C, B) gives (..., d, C)."""
    if isinstance(records, SparseRows):
        return records.sums(weights).mT
    return xp.matmul(records.mT, weights.mT)


def column(records: Any, i: int) -> Array:
    """Return xᵢ of each record, (..., B)."""
    return records.column(i) if isinstance(records, SparseRows) else records[..., i]


def dense(records: Any) -> Array:
    """Return the records as an array, for answers that are dense by their shape."""
    return records.dense() if isinstance(records, SparseRows) else records
