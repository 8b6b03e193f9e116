"""Models with one linear function of the record, whose loss is convex in its value."""

from abc import abstractmethod

from optframe import Array
from optframe_problems.learning import Batch
from optframe_problems.regression_bases.convex import ConvexModel
from optframe_problems.regression_bases.products import column, dense, gram, scores, sums

__all__ = ["LinearModel"]


class LinearModel(ConvexModel):
    """f(θ) = mean φ(z, y) + penalty(θ) over records x̃ = (x, 1) with z = θᵀx̃ and target y.

    A subclass gives φ and its first two derivatives in z. From these follow::

        ∇f(θ)  = mean φ'(z, y) x̃ + penalty'(θ)
        ∇²f(θ) = mean φ''(z, y) x̃x̃ᵀ + diag(penalty''(θ))
    """

    @abstractmethod
    def losses(self, z: Array, targets: Array) -> Array:
        """Return φ of each record, shape (..., B)."""

    @abstractmethod
    def slopes(self, z: Array, targets: Array) -> Array:
        """Return φ' of each record, shape (..., B)."""

    @abstractmethod
    def curvatures(self, z: Array, targets: Array) -> Array:
        """Return φ'' of each record, shape (..., B)."""

    @abstractmethod
    def losses_and_slopes(self, z: Array, targets: Array) -> tuple[Array, Array]:
        """Return both, which may share work."""

    def loss(self, theta: Array, batch: Batch) -> Array:
        """Return the batch's objective, shape (...)."""
        batch = batch.spread(theta)
        losses = self.losses(scores(self.xp, batch.inputs, theta), batch.targets)
        return self.xp.mean(losses, axis=-1) + self.penalty(theta)

    def gradient(self, theta: Array, batch: Batch) -> Array:
        """Return its gradient, shape (..., P)."""
        batch = batch.spread(theta)
        slopes = self.slopes(scores(self.xp, batch.inputs, theta), batch.targets)
        return self._gradient(theta, batch, slopes)

    def loss_and_gradient(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return both from one pass over the records."""
        batch = batch.spread(theta)
        z = scores(self.xp, batch.inputs, theta)
        losses, slopes = self.losses_and_slopes(z, batch.targets)
        loss = self.xp.mean(losses, axis=-1) + self.penalty(theta)
        return loss, self._gradient(theta, batch, slopes)

    def hessian(self, theta: Array, batch: Batch) -> Array:
        """Return its Hessian, shape (..., P, P)."""
        batch = batch.spread(theta)
        hessian = gram(self.xp, batch.inputs, self._curvatures(theta, batch))
        return self.with_curvature(hessian, theta)

    def hvp(self, theta: Array, v: Array, batch: Batch) -> Array:
        """Return its Hessian times v, shape (..., P)."""
        batch = batch.spread(theta)
        along = scores(self.xp, batch.inputs, v)
        product = sums(self.xp, batch.inputs, self._curvatures(theta, batch) * along)
        penalty = self.regularizer
        return product if penalty is None else product + penalty.curvature(self.xp, theta) * v

    def partial(self, theta: Array, i: int, batch: Batch) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        batch = batch.spread(theta)
        slopes = self.slopes(scores(self.xp, batch.inputs, theta), batch.targets)
        partial = self.xp.mean(slopes * column(batch.inputs, i), axis=-1)
        penalty = self.regularizer
        return partial if penalty is None else partial + penalty.gradient(self.xp, theta)[..., i]

    def per_sample(self, theta: Array, batch: Batch) -> Array:
        """Return the gradient of each record's loss with the penalty, shape (..., B, P).

        Their mean is the batch's gradient. The answer is dense whatever the records are.
        """
        batch = batch.spread(theta)
        slopes = self.slopes(scores(self.xp, batch.inputs, theta), batch.targets)
        gradients = slopes[..., None] * dense(batch.inputs)
        penalty = self.regularizer
        if penalty is None:
            return gradients
        return gradients + penalty.gradient(self.xp, theta)[..., None, :]

    def _gradient(self, theta: Array, batch: Batch, slopes: Array) -> Array:
        gradient = sums(self.xp, batch.inputs, slopes) / batch.inputs.shape[-2]
        penalty = self.regularizer
        return gradient if penalty is None else gradient + penalty.gradient(self.xp, theta)

    def _curvatures(self, theta: Array, batch: Batch) -> Array:
        """Return each record's share of the Hessian, φ''/B, shape (..., B)."""
        z = scores(self.xp, batch.inputs, theta)
        return self.curvatures(z, batch.targets) / batch.inputs.shape[-2]
