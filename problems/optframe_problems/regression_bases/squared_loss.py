"""The loss of linear models that predict a number: half the squared error."""

from typing import Any, ClassVar

from numpy.typing import NDArray

from optframe import Array, Dataset, UsageError
from optframe_problems.learning import Batch
from optframe_problems.regression_bases.linear import LinearModel
from optframe_problems.regression_bases.products import column, scores

__all__ = ["SquaredLoss"]


class SquaredLoss(LinearModel):
    """φ(z, y) = ½ (z − y)², so that the mean loss is 1/(2n) Σ (wᵀx + b − y)²."""

    score: ClassVar[str] = "rmse"

    def losses(self, z: Array, targets: Array) -> Array:
        """Return ½ (z − y)²."""
        errors = z - targets
        return 0.5 * errors * errors

    def slopes(self, z: Array, targets: Array) -> Array:
        """Return z − y."""
        return z - targets

    def curvatures(self, z: Array, targets: Array) -> Array:
        """Return 1."""
        return self.xp.ones_like(z)

    def losses_and_slopes(self, z: Array, targets: Array) -> tuple[Array, Array]:
        """Return ½ (z − y)² and z − y."""
        errors = z - targets
        return 0.5 * errors * errors, errors

    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return half the mean squared error, and the root mean square error in y's unit."""
        batch = batch.spread(theta)
        losses = self.losses(scores(self.xp, batch.inputs, theta), batch.targets)
        mean = self.xp.mean(losses, axis=-1)
        return mean, self.xp.sqrt(2 * mean)

    def labels(self, targets: NDArray[Any]) -> Array:
        """Put the y on the device, in the run's dtype."""
        return self.asarray(targets)

    def check(self, dataset: Dataset) -> None:
        """Raise UsageError for a data set with classes."""
        if dataset.classes:
            raise UsageError(
                f"{type(self).__name__}: data = {self.data!r} has {dataset.classes} classes, but "
                f"this problem predicts a number; choose a data set such as 'diabetes', or a "
                f"problem such as softmax"
            )

    def minimum_along(self, theta: Array, i: int, batch: Batch) -> Array:
        """Return θᵢ − ∂ᵢf / ∂ᵢᵢf, which minimizes a quadratic f with the other θⱼ held.

        Where f does not depend on θᵢ it stays as it is.
        """
        xp = self.xp
        own = column(batch.spread(theta).inputs, i)
        curvature = xp.mean(own * own, axis=-1)
        penalty = self.regularizer
        if penalty is not None:
            curvature = curvature + penalty.curvature(xp, theta)[..., i]
        curvature = xp.where(curvature > 0, curvature, xp.ones_like(curvature))
        return theta[..., i] - self.partial(theta, i, batch) / curvature
