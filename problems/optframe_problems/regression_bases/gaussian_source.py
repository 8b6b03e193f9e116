"""The base class of regression problems whose records have an exactly known distribution."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Indices, StochasticProblem
from optframe_problems.dot import dot
from optframe_problems.learning import Batch

__all__ = ["GaussianSource"]


class GaussianSource(StochasticProblem):
    """Least squares on records with x ~ N(0, I) and y = θ*ᵀx + N(0, σ²), θ* ~ N(0, I).

    ::

        f_B(θ)  = 1/(2B) Σ (θᵀx − y)²
        E f(θ)  = ½ ‖θ − θ*‖² + ½ σ²

    The expectation is over a new record. It is the exact generalization error, and is measured as
    ``test_loss``. θ has an entry for each feature; the start is 0. A subclass gives `_rows` and
    `_theta_star`.
    """

    copies = False
    quadratic: ClassVar[bool] = True
    draws_instance = True  # θ* and the records

    sigma: float

    @abstractmethod
    def _rows(self, indices: Indices) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return x, (B, P) or (R, B, P), and y, (B,) or (R, B), of these records, on the host."""

    @property
    @abstractmethod
    def _theta_star(self) -> NDArray[Any]:
        """θ*, shape (P,), on the host."""

    @cached_property
    def minimum(self) -> float:
        """f* over all records."""
        x, y = self._rows(slice(None))
        residuals = x @ self.minimizer - y
        return float(residuals @ residuals) / (2 * len(y))

    @property
    def minimizer(self) -> NDArray[Any]:
        """The least-squares solution for all records, the shortest one if there are many."""
        solution: NDArray[Any] = np.linalg.lstsq(*self._rows(slice(None)), rcond=None)[0]
        return solution

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return zeros."""
        return np.zeros(self.size)

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Batch:
        """Return the records with these indices, of shape (B,) or (R, B)."""
        everything = (0, self.records, 1)
        if indices is None or (
            isinstance(indices, slice) and indices.indices(self.records or 0) == everything
        ):
            return self._whole
        x, y = self._rows(indices)
        return Batch(self.asarray(x), self.asarray(y))

    def loss(self, theta: Array, batch: Batch) -> Array:
        """Return f_B(θ), shape (...)."""
        return self._half_mean_square(self._residuals(theta, batch.spread(theta)))

    def gradient(self, theta: Array, batch: Batch) -> Array:
        """Return ∇f_B(θ), shape (..., P)."""
        batch = batch.spread(theta)
        return self._combined(self._residuals(theta, batch), batch)

    def loss_and_gradient(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return both from one pass over the records."""
        batch = batch.spread(theta)
        residuals = self._residuals(theta, batch)
        return self._half_mean_square(residuals), self._combined(residuals, batch)

    def hessian(self, theta: Array, batch: Batch) -> Array:
        """Return 1/B Σ xxᵀ for every run, shape (..., P, P)."""
        x = batch.spread(theta).inputs
        hessian = self.xp.matmul(x.mT, x) / x.shape[-2]
        return self.xp.broadcast_to(hessian, (*theta.shape, self.size))

    def hvp(self, theta: Array, v: Array, batch: Batch) -> Array:
        """Return ∇²f_B·v, shape (..., P)."""
        batch = batch.spread(v)
        return self._combined(self.xp.matmul(batch.inputs, v[..., None])[..., 0], batch)

    def partial(self, theta: Array, i: int, batch: Batch) -> Array:
        """Return ∂f_B/∂θᵢ, shape (...)."""
        batch = batch.spread(theta)
        return self.xp.mean(self._residuals(theta, batch) * batch.inputs[..., i], axis=-1)

    def coordinate_minimum(self, theta: Array, i: int, batch: Batch) -> Array:
        """Return the θᵢ that minimizes f_B with the others held, shape (...)."""
        column = batch.spread(theta).inputs[..., i]
        curvature = self.xp.mean(column * column, axis=-1)
        return theta[..., i] - self.partial(theta, i, batch) / curvature

    def per_sample(self, theta: Array, batch: Batch) -> Array:
        """Return the gradient of each record of the batch, shape (..., B, P)."""
        batch = batch.spread(theta)
        return self._residuals(theta, batch)[..., None] * batch.inputs

    def work(self, word: str) -> float | None:
        """Return P/4 for a Hessian, as in `ConvexModel`."""
        return self.size / 4 if word == "hessian" else None

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure the loss over all records, and the exact expected loss of a new one."""
        return {"loss": self.loss(theta, self._whole), "test_loss": self._expected(theta)}

    def _expected(self, theta: Array) -> Array:
        away = theta - self._target
        return 0.5 * dot(away, away) + 0.5 * self.sigma * self.sigma

    def _residuals(self, theta: Array, batch: Batch) -> Array:
        """Return θᵀx − y, shape (..., B)."""
        return self.xp.matmul(batch.inputs, theta[..., None])[..., 0] - batch.targets

    def _half_mean_square(self, residuals: Array) -> Array:
        return dot(residuals, residuals) * (0.5 / residuals.shape[-1])

    def _combined(self, weights: Array, batch: Batch) -> Array:
        """Return 1/B Σ weight · x, shape (..., P)."""
        summed = self.xp.matmul(weights[..., None, :], batch.inputs)[..., 0, :]
        return summed / batch.inputs.shape[-2]

    @cached_property
    def _whole(self) -> Batch:
        x, y = self._rows(slice(None))
        return Batch(self.asarray(x), self.asarray(y))

    @cached_property
    def _target(self) -> Array:
        return self.asarray(self._theta_star)
