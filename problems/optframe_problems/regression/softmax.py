"""Softmax regression with any number of classes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from annotated_types import Ge

from optframe import Array, Dataset
from optframe_problems.learning import Batch
from optframe_problems.regression_bases.convex import ConvexModel
from optframe_problems.regression_bases.penalties import SquaredNorm
from optframe_problems.regression_bases.products import (
    class_scores,
    class_sums,
    column,
    dense,
    gram,
)
from optframe_problems.sparse import SparseRows

__all__ = ["Softmax"]


@dataclass(frozen=True)
class Softmax(ConvexModel):
    """Separate any number of classes; their probabilities are the softmax of linear scores.

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
    def outputs(self) -> int:
        """C, a score for each class."""
        return self.classes

    @cached_property
    def regularizer(self) -> SquaredNorm | None:
        """½ l2 ‖W‖²."""
        return SquaredNorm(self.strengths(self.l2)) if self.l2 else None

    @property
    def attained(self) -> bool:
        """Whether there is a penalty and every class has records (a bias goes to −∞ without)."""
        found = set(self.dataset.train.targets.tolist())
        return self.l2 > 0 and len(found) == self.classes

    def check(self, dataset: Dataset) -> None:
        """Raise UsageError for a data set without classes."""
        self.classes_of(dataset)

    def loss(self, theta: Array, batch: Batch) -> Array:
        """Return the batch's objective, shape (...)."""
        return self.measure(theta, batch)[0] + self.penalty(theta)

    def gradient(self, theta: Array, batch: Batch) -> Array:
        """Return its gradient, shape (..., P)."""
        batch = batch.spread(theta)
        return self._gradient(theta, batch, self.xp.exp(self._scores(theta, batch)))

    def loss_and_gradient(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return both from one pass over the records."""
        batch = batch.spread(theta)
        scores = self._scores(theta, batch)
        odds = self.xp.exp(scores)
        loss = self._mean_loss(scores, odds, batch) + self.penalty(theta)
        return loss, self._gradient(theta, batch, odds)

    def hessian(self, theta: Array, batch: Batch) -> Array:
        """Return its Hessian, shape (..., P, P).

        Row (i, c) and column (j, k) hold mean x̃ᵢ x̃ⱼ (p_c δ_ck − p_c p_k).
        """
        batch = batch.spread(theta)
        x, p = batch.inputs, self._probabilities(theta, batch)
        of_sparse = isinstance(x, SparseRows)
        mean = (self._sparse_gram(x, p) if of_sparse else self._gram(x, p.mT)) / x.shape[-2]
        return self.with_curvature(mean, theta)

    def hvp(self, theta: Array, v: Array, batch: Batch) -> Array:
        """Return its Hessian times v, shape (..., P)."""
        batch = batch.spread(theta)
        p = self._probabilities(theta, batch)
        along = class_scores(self.xp, batch.inputs, self._matrix(v))
        q = p * (along - self.xp.sum(p * along, axis=-2, keepdims=True))
        product = self._flat(class_sums(self.xp, batch.inputs, q)) / batch.inputs.shape[-2]
        penalty = self.regularizer
        return product if penalty is None else product + penalty.curvature(self.xp, theta) * v

    def partial(self, theta: Array, i: int, batch: Batch) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        batch = batch.spread(theta)
        row, label = divmod(i, self.classes)
        residuals = self._residuals(self.xp.exp(self._scores(theta, batch)), batch)
        own = residuals[..., label, :] * column(batch.inputs, row)
        partial = self.xp.mean(own, axis=-1)
        penalty = self.regularizer
        return partial if penalty is None else partial + penalty.gradient(self.xp, theta)[..., i]

    def per_sample(self, theta: Array, batch: Batch) -> Array:
        """Return the gradient of each record's loss with the penalty, shape (..., B, P).

        Their mean is the batch's gradient. The answer is dense whatever the records are.
        """
        batch = batch.spread(theta)
        residuals = self._residuals(self.xp.exp(self._scores(theta, batch)), batch)
        gradients = self._flat(dense(batch.inputs)[..., None] * residuals.mT[..., None, :])
        penalty = self.regularizer
        if penalty is None:
            return gradients
        return gradients + penalty.gradient(self.xp, theta)[..., None, :]

    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the mean loss and the share of records whose class has the highest score."""
        xp = self.xp
        batch = batch.spread(theta)
        scores = self._scores(theta, batch)
        loss = self._mean_loss(scores, xp.exp(scores), batch)
        right = xp.argmax(scores, axis=-2) == batch.targets
        ones = xp.ones_like(scores[..., 0, :])
        return loss, xp.mean(xp.where(right, ones, 0 * ones), axis=-1)

    def _scores(self, theta: Array, batch: Batch) -> Array:
        """Return Θᵀx̃ less its maximum, shape (..., C, B): so exp cannot overflow.

        Records lie along the last axis because reductions over a few classes, side by side, run
        several times faster over an axis that is not the last.
        """
        scores = class_scores(self.xp, batch.inputs, self._matrix(theta))
        return scores - self.xp.max(scores, axis=-2, keepdims=True)

    def _probabilities(self, theta: Array, batch: Batch) -> Array:
        odds = self.xp.exp(self._scores(theta, batch))
        return odds / self.xp.sum(odds, axis=-2, keepdims=True)

    def _mean_loss(self, scores: Array, odds: Array, batch: Batch) -> Array:
        xp = self.xp
        own = xp.sum(xp.where(self._own_class(batch), scores, 0), axis=-2)
        return xp.mean(xp.log(xp.sum(odds, axis=-2)) - own, axis=-1)

    def _gradient(self, theta: Array, batch: Batch, odds: Array) -> Array:
        residuals = self._residuals(odds, batch) / batch.inputs.shape[-2]
        gradient = self._flat(class_sums(self.xp, batch.inputs, residuals))
        penalty = self.regularizer
        return gradient if penalty is None else gradient + penalty.gradient(self.xp, theta)

    def _residuals(self, odds: Array, batch: Batch) -> Array:
        """Return p − y, shape (..., C, B)."""
        p = odds / self.xp.sum(odds, axis=-2, keepdims=True)
        return self.xp.where(self._own_class(batch), p - 1, p)

    def _gram(self, x: Array, p: Array) -> Array:
        """Return Σ x̃ᵢ x̃ⱼ (p_c δ_ck − p_c p_k) over dense records, p of shape (..., B, C)."""
        xp = self.xp
        products = self._flat(x[..., None] * p[..., None, :])
        same_class = xp.matmul(products.mT, x)
        joint = xp.matmul(products.mT, products)
        shape = (*joint.shape[:-2], x.shape[-1], self.classes, x.shape[-1], 1)
        diagonal = xp.reshape(same_class, shape) * self._one_class[:, None, :]
        return xp.reshape(diagonal, joint.shape) - joint

    def _sparse_gram(self, x: SparseRows, p: Array) -> Array:
        """Return the same over sparse records, a pair of classes at a time, p (..., C, B)."""
        xp = self.xp
        weights = p[..., None, :] * (self._one_class[..., None] - p[..., None, :, :])
        blocks = gram(xp, x, weights)  # (..., C, C, d, d)
        blocks = xp.moveaxis(blocks, (-4, -3, -2, -1), (-3, -1, -4, -2))  # (..., d, C, d, C)
        return xp.reshape(blocks, (*blocks.shape[:-4], self.size, self.size))

    def _own_class(self, batch: Batch) -> Array:
        """Return the one-hot y, shape (..., C, B)."""
        return batch.targets[..., None, :] == self._labels

    def _matrix(self, theta: Array) -> Array:
        return self.xp.reshape(theta, (*theta.shape[:-1], -1, self.classes))

    def _flat(self, matrix: Array) -> Array:
        return self.xp.reshape(matrix, (*matrix.shape[:-2], -1))

    @cached_property
    def _labels(self) -> Array:
        return self._home.backend.asarray(np.arange(self.classes)[:, None], "int64")

    @cached_property
    def _one_class(self) -> Array:
        """δ_ck."""
        return self.asarray(np.eye(self.classes))
