"""Softmax regression with any number of classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from optframe import Array
from optframe_problems.learning import Batch, LearningProblem
from optframe_problems.regression.bias import penalties, with_ones

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Softmax"]


@dataclass(frozen=True)
class Softmax(LearningProblem):
    """Give each class a score that is linear in the record, and the scores' softmax as its odds.

    With records x̃ = (x, 1), the matrix Θ of shape (d + 1, C) whose last row holds the biases,
    p = softmax(Θᵀx̃), and y the one-hot vector of the record's class::

        f(θ)     = −mean log p_y + ½ l2 ‖W‖²
        ∇f(θ)    = mean x̃ (p − y)ᵀ + l2 (W, 0)
        ∇²f(θ) V = mean x̃ qᵀ + l2 (V_W, 0),   q = p ∘ (Vᵀx̃ − pᵀVᵀx̃)

    Convex, and flat along Θ + u(1, ..., 1) where there is no penalty. θ is Θ row by row, with
    P = (d + 1) C; the start is 0, where f = ln C. In a batch, ``inputs`` are the x̃.

    Parameters
    ----------
    data
        The data set; by default ten classes that come with scikit-learn.
    l2
        The strength of the penalty on the weights W (not on the biases), at least 0, by default
        none. It is scikit-learn's 1 / (C n) for n training records.

    References
    ----------
    C. M. Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.4.
    """

    data: str = "digits"
    l2: Annotated[float, Ge(0)] = 0.0

    @property
    def size(self) -> int:
        """For each class a weight per feature, and a bias: (d + 1) C."""
        return (int(self.dataset.train.inputs.shape[1]) + 1) * self.classes

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return zeros."""
        import numpy as np

        return np.zeros(self.size)

    def loss(self, theta: Array, batch: Batch) -> Array:
        """Return the batch's objective, shape (...)."""
        return self.measure(theta, batch)[0] + self.penalty(theta)

    def gradient(self, theta: Array, batch: Batch) -> Array:
        """Return its gradient, shape (..., P)."""
        batch = batch.spread(theta)
        return self._slope(theta, batch, self.xp.exp(self._scores(theta, batch)))

    def loss_and_gradient(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return both from one look at the records."""
        batch = batch.spread(theta)
        scores = self._scores(theta, batch)
        odds = self.xp.exp(scores)
        loss = self._mean_loss(scores, odds, batch) + self.penalty(theta)
        return loss, self._slope(theta, batch, odds)

    def hessian(self, theta: Array, batch: Batch) -> Array:
        """Return its Hessian, shape (..., P, P).

        Row (i, c) and column (j, k) hold mean x̃ᵢ x̃ⱼ (p_c δ_ck − p_c p_k).
        """
        xp = self.xp
        batch = batch.spread(theta)
        x, p = batch.inputs, self._probabilities(theta, batch).mT
        products = x[..., None] * p[..., None, :]
        products = xp.reshape(products, (*products.shape[:-2], -1))
        same_class = xp.matmul(products.mT, x)
        shape = (*same_class.shape[:-2], x.shape[-1], self.classes, x.shape[-1], 1)
        diagonal = xp.reshape(same_class, shape) * self._identity[:, None, :]
        joint = xp.matmul(products.mT, products)
        hessian = (xp.reshape(diagonal, joint.shape) - joint) / x.shape[-2]
        return hessian + self._penalty_hessian if self.l2 else hessian

    def hvp(self, theta: Array, v: Array, batch: Batch) -> Array:
        """Return its Hessian times v, shape (..., P)."""
        batch = batch.spread(theta)
        p = self._probabilities(theta, batch)
        along = self.xp.matmul(self._matrix(v).mT, batch.inputs.mT)
        q = p * (along - self.xp.sum(p * along, axis=-2, keepdims=True))
        product = self._flat(self.xp.matmul(batch.inputs.mT, q.mT)) / batch.inputs.shape[-2]
        return product + self._penalties * v if self.l2 else product

    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the mean loss and the share of records whose class has the highest score."""
        xp = self.xp
        batch = batch.spread(theta)
        scores = self._scores(theta, batch)
        loss = self._mean_loss(scores, xp.exp(scores), batch)
        right = xp.argmax(scores, axis=-2) == batch.targets
        ones = xp.ones_like(scores[..., 0, :])
        return loss, xp.mean(xp.where(right, ones, 0 * ones), axis=-1)

    def penalty(self, theta: Array) -> Array:
        """Return ½ l2 ‖W‖², shape (...), or 0."""
        return 0.5 * self.xp.sum(self._penalties * theta * theta, axis=-1) if self.l2 else 0.0

    def features(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return the x̃."""
        return with_ones(inputs)

    def _scores(self, theta: Array, batch: Batch) -> Array:
        """Return Θᵀx̃ less its maximum, shape (..., C, B): so exp cannot overflow.

        Records lie along the last axis because reductions over a few classes, side by side, run
        several times faster over an axis that is not the last.
        """
        scores = self.xp.matmul(self._matrix(theta).mT, batch.inputs.mT)
        return scores - self.xp.max(scores, axis=-2, keepdims=True)

    def _probabilities(self, theta: Array, batch: Batch) -> Array:
        odds = self.xp.exp(self._scores(theta, batch))
        return odds / self.xp.sum(odds, axis=-2, keepdims=True)

    def _mean_loss(self, scores: Array, odds: Array, batch: Batch) -> Array:
        xp = self.xp
        own = xp.sum(xp.where(self._own_class(batch), scores, 0), axis=-2)
        return xp.mean(xp.log(xp.sum(odds, axis=-2)) - own, axis=-1)

    def _slope(self, theta: Array, batch: Batch, odds: Array) -> Array:
        xp = self.xp
        p = odds / xp.sum(odds, axis=-2, keepdims=True)
        residuals = xp.where(self._own_class(batch), p - 1, p) / batch.inputs.shape[-2]
        gradient = self._flat(xp.matmul(batch.inputs.mT, residuals.mT))
        return gradient + self._penalties * theta if self.l2 else gradient

    def _own_class(self, batch: Batch) -> Array:
        """Return the one-hot y, shape (..., C, B)."""
        return batch.targets[..., None, :] == self._labels

    def _matrix(self, theta: Array) -> Array:
        return self.xp.reshape(theta, (*theta.shape[:-1], -1, self.classes))

    def _flat(self, matrix: Array) -> Array:
        return self.xp.reshape(matrix, (*matrix.shape[:-2], -1))

    @cached_property
    def _labels(self) -> Array:
        import numpy as np

        return self._home.backend.asarray(np.arange(self.classes)[:, None], "int64")

    @cached_property
    def _identity(self) -> Array:
        import numpy as np

        return self.asarray(np.eye(self.classes))

    @cached_property
    def _penalties(self) -> Array:
        return self.asarray(penalties(self.l2, self.size - self.classes, self.classes))

    @cached_property
    def _penalty_hessian(self) -> Array:
        import numpy as np

        return self.asarray(np.diag(penalties(self.l2, self.size - self.classes, self.classes)))
