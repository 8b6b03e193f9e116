"""Small problems on which optimizers are checked, and a plain optimizer for checks of wrappers.

Each has one minimum, at ``center``, and implements every oracle method that it can. Their θ is one
block, or several: blocks of every kind, with shapes of one, two and four axes, or matrices alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from optframe.contracts import (
    Array,
    Block,
    Function,
    Indices,
    Layout,
    Optimizer,
    Positive,
    Problem,
    StochasticProblem,
)
from optframe.contracts.oracle import Oracle
from optframe.rules import elementwise

__all__ = ["MATRICES", "MATRIX", "MIXED", "Bowl", "Descent", "Lines", "Slope", "Trough"]

MIXED = Layout(
    (
        Block("kernel", (2, 1, 2, 3), "input"),
        Block("kernel bias", (3,), "bias"),
        Block("kernel scale", (3,), "scale"),
        Block("weights", (3, 2), "hidden"),
        Block("vector", (2,), "parameter"),
        Block("outputs", (2, 4), "output"),
    )
)
"""A block of each kind; shapes with one, two and four axes."""

MATRICES = Layout(
    (
        Block("weights1", (2, 3), "input"),
        Block("weights2", (3, 2), "hidden"),
        Block("weights3", (2, 1), "output"),
    )
)
"""Matrices only: wide, tall, and one column."""

MATRIX = Layout((Block("weights", (1, 1), "hidden"),))
"""One parameter as a matrix."""


@elementwise
def _update(theta, g, lr):  # type: ignore[no-untyped-def]
    return theta - lr * g


@dataclass(frozen=True)
class Descent(Optimizer):
    """θ ← θ − ε·g, the inner optimizer of wrappers; its update rule may overwrite θ."""

    lr: Positive = 0.1

    def step(self, theta: Array, state: None, oracle: Oracle) -> tuple[Array, None]:
        """Do one step."""
        return _update(theta, oracle.gradient(theta), self.lr), None

    def on_scaled_loss(self, factor: float) -> Descent:
        """Return the same steps for the loss times a factor."""
        return replace(self, lr=self.lr / factor)


class _Centered(Problem):
    """The base of three problems: a minimum of 0 at ``center``, and a start near it."""

    center: Any
    blocks: Layout | None

    @property
    def size(self) -> int:
        """P."""
        return len(self.center)

    def layout(self) -> Layout:
        """Return ``blocks``, or one block."""
        return self.blocks or super().layout()

    @property
    def minimum(self) -> float:
        """f* = 0."""
        return 0.0

    @property
    def minimizer(self) -> Any:
        """The centre."""
        return np.asarray(self.center)

    def start(self, random: np.random.Generator) -> Any:
        """Return the centre plus 0.8 in every coordinate."""
        return np.asarray(self.center) + 0.8

    @cached_property
    def _center(self) -> Array:
        return self.asarray(self.center)


@dataclass(frozen=True)
class Bowl(_Centered, Function):
    """f(θ) = ½ (θ − c)ᵀ A (θ − c) + f* with A symmetric positive definite.

    ``a`` (P, P) and ``center`` (P,) are nested tuples, or arrays; ``least`` is f*.
    """

    a: Any
    center: Any
    least: float = 0.0
    blocks: Layout | None = None

    quadratic: ClassVar[bool] = True

    @property
    def minimum(self) -> float:
        """Return f*."""
        return self.least

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        rise = 0.5 * self.xp.sum((theta - self._center) * self.gradient(theta), axis=-1)
        return rise + self.least

    def gradient(self, theta: Array) -> Array:
        """Return A(θ − c), shape (..., P)."""
        return self.hvp(theta, theta - self._center)

    def hessian(self, theta: Array) -> Array:
        """Return A, shape (..., P, P)."""
        return self.xp.broadcast_to(self._a, (*theta.shape, self.size))

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return Av, shape (..., P)."""
        return self.xp.matmul(v[..., None, :], self._a)[..., 0, :]

    def partial(self, theta: Array, i: int) -> Array:
        """Return (A(θ − c))ᵢ, shape (...)."""
        return self.xp.sum(self._a[i, :] * (theta - self._center), axis=-1)

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the θᵢ that minimizes f with the other coordinates fixed, shape (...)."""
        return theta[..., i] - self.partial(theta, i) / self._a[i, i]

    def prox(self, theta: Array, t: Any) -> Array:
        """Return θ: there is no second term."""
        return theta

    def project(self, theta: Array) -> Array:
        """Return θ: there are no constraints."""
        return theta

    @cached_property
    def _a(self) -> Array:
        return self.asarray(self.a)


@dataclass(frozen=True)
class Trough(_Centered, Function):
    """f(θ) = Σ aᵢ (√(1 + (θᵢ − cᵢ)²) − 1): convex, with decreasing curvature away from c."""

    scales: Any
    center: Any
    blocks: Layout | None = None

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self.xp.sum(self._scales * (self._root(theta) - 1), axis=-1)

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self._scales * (theta - self._center) / self._root(theta)

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        eye = self.xp.eye(self.size, dtype=theta.dtype, device=theta.device)
        return self._curvatures(theta)[..., None] * eye

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        return self._curvatures(theta) * v

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        return self.gradient(theta)[..., i]

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return cᵢ, shape (...)."""
        return self.xp.zeros_like(theta[..., i]) + self._center[i]

    def _root(self, theta: Array) -> Array:
        distance = theta - self._center
        return self.xp.sqrt(1 + distance * distance)

    def _curvatures(self, theta: Array) -> Array:
        root = self._root(theta)
        return self._scales / (root * root * root)

    @cached_property
    def _scales(self) -> Array:
        return self.asarray(self.scales)


@dataclass(frozen=True)
class Lines(_Centered, StochasticProblem):
    """Least squares: f(θ) = mean over records of ½ (xᵀ(θ − c))²; a step sees a minibatch.

    ``x`` has shape (n, P). The minimum is the same for every minibatch.
    """

    x: Any
    center: Any
    blocks: Layout | None = None

    quadratic: ClassVar[bool] = True

    @property
    def records(self) -> int:
        """N."""
        return len(self.x)

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Array:
        """Return rows of x, shape (B, P)."""
        return self.asarray(np.asarray(self.x)[slice(None) if indices is None else indices])

    def loss(self, theta: Array, batch: Array) -> Array:
        """Return the batch's loss, shape (...)."""
        residuals = self._residuals(theta, batch)
        return 0.5 * self.xp.mean(residuals * residuals, axis=-1)

    def gradient(self, theta: Array, batch: Array) -> Array:
        """Return the batch's gradient, shape (..., P)."""
        return self.xp.mean(self.per_sample(theta, batch), axis=-2)

    def hessian(self, theta: Array, batch: Array) -> Array:
        """Return xᵀx / B, shape (..., P, P)."""
        a = self.xp.matmul(batch.T, batch) / batch.shape[0]
        return self.xp.broadcast_to(a, (*theta.shape, self.size))

    def hvp(self, theta: Array, v: Array, batch: Array) -> Array:
        """Return (xᵀx / B)·v, shape (..., P)."""
        products = self.xp.sum(batch * v[..., None, :], axis=-1)
        return self.xp.mean(products[..., None] * batch, axis=-2)

    def partial(self, theta: Array, i: int, batch: Array) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        return self.gradient(theta, batch)[..., i]

    def per_sample(self, theta: Array, batch: Array) -> Array:
        """Return each record's gradient, shape (..., B, P)."""
        return self._residuals(theta, batch)[..., None] * batch

    def metrics(self, theta: Array) -> dict[str, Array]:
        """Measure the loss over all records."""
        return {"loss": self.loss(theta, self.draw(None, None))}

    def _residuals(self, theta: Array, batch: Array) -> Array:
        return self.xp.sum(batch * (theta - self._center)[..., None, :], axis=-1)


@dataclass(frozen=True)
class Slope(Function):
    """f(θ) = gᵀθ: the gradient is the same everywhere."""

    g: Any
    blocks: Layout | None = None

    @property
    def size(self) -> int:
        """P."""
        return len(self.g)

    def layout(self) -> Layout:
        """Return ``blocks``, or one block."""
        return self.blocks or super().layout()

    def start(self, random: np.random.Generator) -> Any:
        """Return zeros."""
        return np.zeros(self.size)

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self.xp.sum(self._g * theta, axis=-1)

    def gradient(self, theta: Array) -> Array:
        """Return g, shape (..., P)."""
        return self.xp.zeros_like(theta) + self._g

    @cached_property
    def _g(self) -> Array:
        return self.asarray(self.g)
