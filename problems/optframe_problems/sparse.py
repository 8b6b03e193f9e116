"""Records as the rows of sparse matrices, and the products that linear models need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from optframe import Array

__all__ = ["SparseRows"]


@dataclass(frozen=True)
class SparseRows:
    """Records x of shape (B, P) in CSR form, one set for all runs or one for each run.

    Only answers that are dense by their shape are made dense. Runs that share one matrix are
    multiplied by it in one product; their results may differ from a lone run's by rounding.

    Parameters
    ----------
    xp
        The array namespace.
    matrices
        One matrix, or with ``apart`` one for each run, all of one shape.
    apart
        Whether the first axis of the other factor is that of runs with records of their own.
    candidates
        How many axes of candidates follow that of the runs in the other factor.
    """

    xp: Any
    matrices: tuple[Any, ...]
    apart: bool = False
    candidates: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, P) or (R, B, P), with an axis of length 1 after R for each of candidates."""
        runs = (len(self.matrices), *(1,) * self.candidates) if self.apart else ()
        return (*runs, *self.matrices[0].shape)

    @property
    def ndim(self) -> int:
        """2, or 3 and more."""
        return len(self.shape)

    def rows(self, indices: Any) -> SparseRows:
        """Return the records with these indices, a slice or of shape (B,) or (R, B)."""
        (matrix,) = self.matrices
        if isinstance(indices, slice) or indices.ndim == 1:
            return SparseRows(self.xp, (matrix[indices],))
        return SparseRows(self.xp, tuple(matrix[own] for own in indices), apart=True)

    def spread(self, candidates: int) -> SparseRows:
        """Return the same for so many axes of candidates."""
        return replace(self, candidates=candidates)

    def scores(self, theta: Array) -> Array:
        """Return xᵀθ for each record: θ of shape (..., P) gives (..., B)."""
        if self.apart:
            return self._each(lambda records, own: records.scores(own), theta)
        (matrix,) = self.matrices
        if theta.ndim == 1:
            return matrix @ theta
        together = matrix @ self.xp.reshape(theta, (-1, theta.shape[-1])).T
        return self.xp.reshape(together.T, (*theta.shape[:-1], -1))

    def sums(self, weights: Array) -> Array:
        """Return Σ wᵢ xᵢ over the records: w of shape (..., B) gives (..., P)."""
        if self.apart:
            return self._each(lambda records, own: records.sums(own), weights)
        if weights.ndim == 1:
            return self._transposed @ weights
        together = self._transposed @ self.xp.reshape(weights, (-1, weights.shape[-1])).T
        return self.xp.reshape(together.T, (*weights.shape[:-1], -1))

    def gram(self, weights: Array) -> Array:
        """Return Σ wᵢ xᵢxᵢᵀ over the records: w of shape (..., B) gives (..., P, P)."""
        if self.apart:
            return self._each(lambda records, own: records.gram(own), weights)
        if weights.ndim > 1:
            return self.xp.stack([self.gram(own) for own in weights])
        (matrix,) = self.matrices
        parts = (matrix.data * weights[self._row_numbers], matrix.indices, matrix.indptr)
        return (self._transposed @ type(matrix)(parts, shape=matrix.shape)).toarray()

    def column(self, i: int) -> Array:
        """Return xᵢ of each record, (B,) or (R, ..., B)."""
        if self.apart:
            columns = self.xp.stack([records.column(i) for records in self._runs])
            return self.xp.reshape(columns, self.shape[:-1])
        return self._by_columns[:, i : i + 1].toarray()[:, 0]

    def dense(self) -> Array:
        """Return the records as an array, for answers that are dense by their shape."""
        if self.apart:
            return self.xp.reshape(
                self.xp.stack([records.dense() for records in self._runs]), self.shape
            )
        return self.matrices[0].toarray()

    def _each(self, function: Any, values: Array) -> Array:
        pairs = zip(self._runs, values, strict=True)
        return self.xp.stack([function(records, own) for records, own in pairs])

    @cached_property
    def _runs(self) -> list[SparseRows]:
        return [SparseRows(self.xp, (matrix,)) for matrix in self.matrices]

    @cached_property
    def _transposed(self) -> Any:
        """The same memory, read as Pᵀ columns."""
        return self.matrices[0].T

    @cached_property
    def _row_numbers(self) -> Array:
        """The record to which each stored number belongs."""
        return self.matrices[0].tocoo().row

    @cached_property
    def _by_columns(self) -> Any:
        return self.matrices[0].tocsc()
