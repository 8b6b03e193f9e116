"""Logistic regression with two classes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from optframe import Array, Dataset, UsageError
from optframe_problems.learning import Batch
from optframe_problems.regression_bases.linear import LinearModel
from optframe_problems.regression_bases.penalties import SquaredNorm
from optframe_problems.regression_bases.products import scores

__all__ = ["Logistic"]


@dataclass(frozen=True)
class Logistic(LinearModel):
    """Separate two classes by a plane; the log odds grow linearly with the distance from it.

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

    @cached_property
    def regularizer(self) -> SquaredNorm | None:
        """½ l2 ‖w‖²."""
        return SquaredNorm(self.strengths(self.l2)) if self.l2 else None

    @property
    def attained(self) -> bool:
        """Whether there is a penalty; without one, separable classes have no minimizer."""
        return self.l2 > 0

    def losses(self, z: Array, targets: Array) -> Array:
        """Return log(1 + exp(−m)) as log(1 + exp(−|m|)) − min(m, 0), which cannot overflow."""
        margins, decay = self._margins(z, targets)
        return self.xp.log1p(decay) - self.xp.minimum(margins, 0)

    def slopes(self, z: Array, targets: Array) -> Array:
        """Return −s σ(−m)."""
        return self._slopes(targets, *self._margins(z, targets))

    def curvatures(self, z: Array, targets: Array) -> Array:
        """Return σ(m) σ(−m)."""
        _, decay = self._margins(z, targets)
        return decay / ((1 + decay) * (1 + decay))

    def losses_and_slopes(self, z: Array, targets: Array) -> tuple[Array, Array]:
        """Return both from one exponential."""
        margins, decay = self._margins(z, targets)
        losses = self.xp.log1p(decay) - self.xp.minimum(margins, 0)
        return losses, self._slopes(targets, margins, decay)

    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the mean loss and the share of records with θᵀx̃ > 0 where s = +1, else ≤ 0."""
        xp = self.xp
        batch = batch.spread(theta)
        z = scores(xp, batch.inputs, theta)
        right = (z > 0) == (batch.targets > 0)
        ones = xp.ones_like(z)
        accuracy = xp.mean(xp.where(right, ones, 0 * ones), axis=-1)
        return xp.mean(self.losses(z, batch.targets), axis=-1), accuracy

    def labels(self, targets: NDArray[Any]) -> Array:
        """Put the s on the device, in the run's dtype."""
        return self.asarray(self._signs(targets, self.classes))

    def check(self, dataset: Dataset) -> None:
        """Raise UsageError for a data set without classes, or with records of one sign only."""
        classes = self.classes_of(dataset)
        known = set(range(classes))
        if not set(self.positive) < known:
            raise UsageError(
                f"{type(self).__name__}: positive = {sorted(self.positive)}, expected some but not "
                f"all of the classes 0 to {classes - 1} of data = {self.data!r}"
            )
        signs = self._signs(dataset.train.targets, classes)
        if len(signs) and (signs == signs[0]).all():
            raise UsageError(
                f"{type(self).__name__}: all {len(signs)} training records of data = "
                f"{self.data!r} have s = {signs[0]:+d}; expected two classes"
            )

    def _signs(self, targets: NDArray[Any], classes: int) -> NDArray[Any]:
        if self.positive:
            return np.where(np.isin(targets, self.positive), 1, -1)
        return np.where(2 * targets >= classes, 1, -1)

    def _margins(self, z: Array, targets: Array) -> tuple[Array, Array]:
        """Return m = sz and exp(−|m|), which cannot overflow."""
        margins = targets * z
        return margins, self.xp.exp(-self.xp.abs(margins))

    def _slopes(self, targets: Array, margins: Array, decay: Array) -> Array:
        """Return −s σ(−m), exact in both tails."""
        wrong = self.xp.where(margins > 0, decay, 1)
        return targets * wrong / (-1 - decay)
