"""A sum of squares in any dimension, whose Jacobian is banded or of low rank and never built."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from optframe import Array
from optframe_problems.dot import dot
from optframe_problems.function_bases.sum_of_squares import SumOfSquares, hessian_by_products

__all__ = ["ManyResiduals"]

Blocks = Sequence[Array]
"""Numbers for each residual: arrays of shape (..., m₁), (..., m₂), ..., one per kind of formula."""


class ManyResiduals(SumOfSquares):
    """Residuals given by products with their derivatives, each in O(P) operations.

    With the residuals in blocks, one for each kind of formula::

        ∇f(θ)    = 2 Jᵀr
        ∇²f(θ)·v = 2 (Jᵀ(Jv) + (Σᵢ rᵢ ∇²rᵢ) v)

    Dense matrices are made of products with unit vectors, where they are asked for.
    """

    @abstractmethod
    def _blocks(self, theta: Array) -> Blocks:
        """Return r(θ)."""

    @abstractmethod
    def _push(self, theta: Array, v: Array) -> Blocks:
        """Return Jv for v of shape (..., P)."""

    @abstractmethod
    def _pull(self, theta: Array, weights: Blocks) -> Array:
        """Return Jᵀw, shape (..., P)."""

    @abstractmethod
    def _bend(self, theta: Array, weights: Blocks, v: Array) -> Array:
        """Return (Σᵢ wᵢ ∇²rᵢ(θ)) v, shape (..., P)."""

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self._total(self._blocks(theta))

    def gradient(self, theta: Array) -> Array:
        """Return 2 Jᵀr, shape (..., P)."""
        return 2 * self._pull(theta, self._blocks(theta))

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same residuals."""
        blocks = self._blocks(theta)
        return self._total(blocks), 2 * self._pull(theta, blocks)

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        v = self._spread(theta, v)
        squares = self._pull(theta, self._push(theta, v))
        return 2 * (squares + self._bend(theta, self._blocks(theta), v))

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        return hessian_by_products(self, theta)

    def residuals(self, theta: Array) -> Array:
        """Return r(θ), shape (..., m)."""
        return self.xp.concat([*self._blocks(theta)], axis=-1)

    def jacobian(self, theta: Array) -> Array:
        """Return ∂rᵢ/∂θⱼ, shape (..., m, P)."""
        rows = theta[..., None, :]
        columns = self._push(rows, self._spread(rows, self._unit_vectors()))
        return self.xp.matrix_transpose(self.xp.concat([*columns], axis=-1))

    def curvature(self, theta: Array, weights: Array) -> Array:
        """Return Σᵢ wᵢ ∇²rᵢ(θ), shape (..., P, P)."""
        blocks, first = [], 0
        for block in self._blocks(theta):
            end = first + block.shape[-1]
            blocks.append(weights[..., None, first:end])
            first = end
        rows = theta[..., None, :]
        return self._bend(rows, blocks, self._spread(rows, self._unit_vectors()))

    def _total(self, blocks: Blocks) -> Array:
        total = dot(blocks[0], blocks[0])
        for block in blocks[1:]:
            total = total + dot(block, block)
        return total

    def _spread(self, theta: Array, v: Array) -> Array:
        """Return v for every θ, where there are more of them."""
        if v.shape == theta.shape:
            return v
        return self.xp.broadcast_to(v, self.xp.broadcast_arrays(theta, v)[0].shape)

    def _room(self, theta: Array, weights: Array) -> Array:
        """Return an array to fill, (..., P), with the leading axes of weights (..., m)."""
        if theta.shape[:-1] == weights.shape[:-1]:
            return self.xp.empty_like(theta)
        return self.xp.empty_like(theta + weights[..., :1])

    def _unit_vectors(self) -> Array:
        return self.asarray(np.eye(self.size))
