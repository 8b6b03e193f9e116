"""Logistic regression with two classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from optframe import Array, UsageError
from optframe_problems.learning import Batch, LearningProblem
from optframe_problems.regression.bias import penalties, with_ones

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Logistic"]


@dataclass(frozen=True)
class Logistic(LearningProblem):
    """Separate two classes by a plane, on each side of which the log odds grow with distance.

    With θ = (w, b), records x̃ = (x, 1), signs s = ±1 and margins m = s θᵀx̃::

        f(θ)   = mean log(1 + exp(−m)) + ½ l2 ‖w‖²
        ∇f(θ)  = −mean s σ(−m) x̃ + l2 (w, 0)
        ∇²f(θ) = mean σ(m) σ(−m) x̃x̃ᵀ + l2 diag(1, ..., 1, 0)

    Convex. θ has d + 1 entries, the bias last; the start is 0, where f = ln 2. In a batch,
    ``inputs`` are the x̃ and ``targets`` the s.

    Parameters
    ----------
    data
        The data set; by default one with two classes that comes with scikit-learn.
    l2
        The strength of the penalty on the weights (not on the bias), at least 0, by default none.
        It is scikit-learn's 1 / (C n) for n training records.
    positive
        The labels with s = +1. By default the upper half, labels ≥ classes / 2: label 1 of two
        classes, digits 5 to 9 against 0 to 4.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2nd edition
    (2009), section 4.4.
    """

    data: str = "breast-cancer"
    l2: Annotated[float, Ge(0)] = 0.0
    positive: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """A weight for each feature, and the bias: d + 1."""
        return int(self.dataset.train.inputs.shape[1]) + 1

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return zeros."""
        import numpy as np

        return np.zeros(self.size)

    def loss(self, theta: Array, batch: Batch) -> Array:
        """Return the batch's objective, shape (...)."""
        margins, decay = self._margins(theta, batch.spread(theta))
        return self._mean_loss(margins, decay) + self.penalty(theta)

    def gradient(self, theta: Array, batch: Batch) -> Array:
        """Return its gradient, shape (..., P)."""
        batch = batch.spread(theta)
        return self._slope(theta, batch, *self._margins(theta, batch))

    def loss_and_gradient(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return both from one look at the records."""
        batch = batch.spread(theta)
        margins, decay = self._margins(theta, batch)
        loss = self._mean_loss(margins, decay) + self.penalty(theta)
        return loss, self._slope(theta, batch, margins, decay)

    def hessian(self, theta: Array, batch: Batch) -> Array:
        """Return its Hessian, shape (..., P, P)."""
        batch = batch.spread(theta)
        weighted = self._curvature(theta, batch)[..., None] * batch.inputs
        hessian = self.xp.matmul(batch.inputs.mT, weighted)
        return hessian + self._penalty_hessian if self.l2 else hessian

    def hvp(self, theta: Array, v: Array, batch: Batch) -> Array:
        """Return its Hessian times v, shape (..., P)."""
        batch = batch.spread(theta)
        along = self.xp.matmul(batch.inputs, v[..., None])[..., 0]
        weighted = self._curvature(theta, batch) * along
        product = self.xp.matmul(weighted[..., None, :], batch.inputs)[..., 0, :]
        return product + self._penalties * v if self.l2 else product

    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the mean loss and the share of records with θᵀx̃ > 0 where s = +1, else ≤ 0."""
        batch = batch.spread(theta)
        margins, decay = self._margins(theta, batch)
        right = (margins > 0) | ((margins == 0) & (batch.targets < 0))
        ones = self.xp.ones_like(margins)
        accuracy = self.xp.mean(self.xp.where(right, ones, 0 * ones), axis=-1)
        return self._mean_loss(margins, decay), accuracy

    def penalty(self, theta: Array) -> Array:
        """Return ½ l2 ‖w‖², shape (...), or 0."""
        return 0.5 * self.xp.sum(self._penalties * theta * theta, axis=-1) if self.l2 else 0.0

    def features(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return the x̃."""
        return with_ones(inputs)

    def labels(self, targets: NDArray[Any]) -> Array:
        """Put the s on the device, in the run's dtype."""
        import numpy as np

        positive = set(self.positive) or {c for c in range(self.classes) if 2 * c >= self.classes}
        if not positive < set(range(self.classes)):
            raise UsageError(
                f"{type(self).__name__}: positive = {sorted(positive)}, expected some but not all "
                f"of the classes 0 to {self.classes - 1} of data = {self.data!r}"
            )
        return self.asarray(np.where(np.isin(targets, list(positive)), 1, -1))

    def _margins(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return m and exp(−|m|), which cannot overflow."""
        xp = self.xp
        margins = batch.targets * xp.matmul(batch.inputs, theta[..., None])[..., 0]
        return margins, xp.exp(-xp.abs(margins))

    def _mean_loss(self, margins: Array, decay: Array) -> Array:
        return self.xp.mean(self.xp.log1p(decay) - self.xp.minimum(margins, 0), axis=-1)

    def _slope(self, theta: Array, batch: Batch, margins: Array, decay: Array) -> Array:
        xp = self.xp
        wrong = xp.where(margins > 0, decay, 1) / (1 + decay)  # σ(−m), exact in both tails
        residuals = batch.targets * wrong / -batch.inputs.shape[-2]
        gradient = xp.matmul(residuals[..., None, :], batch.inputs)[..., 0, :]
        return gradient + self._penalties * theta if self.l2 else gradient

    def _curvature(self, theta: Array, batch: Batch) -> Array:
        """Return each record's share of the Hessian, σ(m) σ(−m) / B, shape (..., B)."""
        _, decay = self._margins(theta, batch)
        return decay / ((1 + decay) * (1 + decay) * batch.inputs.shape[-2])

    @cached_property
    def _penalties(self) -> Array:
        return self.asarray(penalties(self.l2, self.size - 1, 1))

    @cached_property
    def _penalty_hessian(self) -> Array:
        import numpy as np

        return self.asarray(np.diag(penalties(self.l2, self.size - 1, 1)))
