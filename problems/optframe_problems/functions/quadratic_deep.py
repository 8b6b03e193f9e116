"""A stochastic quadratic function with the spectrum of a deep network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from optframe import Array, Count, Indices, StochasticProblem
from optframe_problems.candidate_axes import with_candidates

__all__ = ["QuadraticDeep", "Records"]


@dataclass(slots=True)
class Records:
    """A minibatch: the mean x̄ of its records, (P,) or (R, P), and the loss there, () or (R,)."""

    center: Array
    floor: Array


@dataclass(frozen=True)
class QuadraticDeep(StochasticProblem):
    """Many flat directions and a few steep ones, none along an axis, and noisy data.

    With Q = R diag(λ) Rᵀ, where 90 % of the λ are uniform on (0, 1), the others on (30, 60), and R
    is orthogonal and uniform, and with records x₁, ..., x_n ~ N(0, σ²I), all drawn once per problem
    instance::

        f_B(θ) = mean over x in B of ½ (θ − x)ᵀQ(θ − x)
               = ½ (θ − x̄)ᵀQ(θ − x̄) + ½ mean (x − x̄)ᵀQ(x − x̄)
        ∇f_B(θ) = Q (θ − x̄)

    The start is all ones. The minimum over all records is at their mean. For another record of
    the same kind the loss is expected to be ½ θᵀQθ + ½ σ² tr Q, which is measured as
    ``test_loss``.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1; P/10 of the λ, rounded down, are large.
    sigma
        σ, the standard deviation of the records, ≥ 0.
    records
        n, at least 1.

    References
    ----------
    F. Schneider, L. Balles, P. Hennig, "DeepOBS: a deep learning optimizer benchmark suite", ICLR
    2019: ``quadratic_deep``, which draws one instance, the same for all, and batches of 128.
    P. Chaudhari et al., "Entropy-SGD: biasing gradient descent into wide valleys", ICLR 2017: the
    spectrum.
    """

    copies = False
    size: Count = 100
    sigma: Annotated[float, Ge(0)] = 0.6
    count: Count = field(default=1000, metadata={"name": "records"})

    quadratic: ClassVar[bool] = True
    draws_instance = True  # Q and the records

    @property
    def records(self) -> int:
        """How many records there are, n."""
        return self.count

    @property
    def minimum(self) -> float:
        """f* over all records, ½ mean (x − x̄)ᵀQ(x − x̄)."""
        return float(self._summary(slice(None))[1])

    @property
    def minimizer(self) -> NDArray[Any]:
        """The mean of all records."""
        return self._summary(slice(None))[0]

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return all ones."""
        return np.ones(self.size)

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Records:
        """Return the mean of the records with these indices, and the loss there."""
        center, floor = self._summary(slice(None) if indices is None else indices)
        return Records(self.asarray(center), self.asarray(floor))

    def loss(self, theta: Array, batch: Records) -> Array:
        """Return the batch's loss, shape (...)."""
        return self.loss_and_gradient(theta, batch)[0]

    def gradient(self, theta: Array, batch: Records) -> Array:
        """Return Q (θ − x̄), shape (..., P)."""
        return self._times(theta - with_candidates(batch.center, theta.ndim, 1))

    def loss_and_gradient(self, theta: Array, batch: Records) -> tuple[Array, Array]:
        """Return both."""
        away = theta - with_candidates(batch.center, theta.ndim, 1)
        gradient = self._times(away)
        loss = 0.5 * self.xp.sum(away * gradient, axis=-1)
        return loss + with_candidates(batch.floor, loss.ndim, 0), gradient

    def hessian(self, theta: Array, batch: Records) -> Array:
        """Return Q for every run, shape (..., P, P)."""
        return self.xp.broadcast_to(self._q, (*theta.shape, self.size))

    def hvp(self, theta: Array, v: Array, batch: Records) -> Array:
        """Return Qv, shape (..., P)."""
        return self._times(v)

    def partial(self, theta: Array, i: int, batch: Records) -> Array:
        """Return row i of Q times θ − x̄, shape (...)."""
        away = theta - with_candidates(batch.center, theta.ndim, 1)
        return self.xp.sum(self._q[i, :] * away, axis=-1)

    def coordinate_minimum(self, theta: Array, i: int, batch: Records) -> Array:
        """Return the θᵢ that minimizes the batch's loss with the others held, shape (...)."""
        return theta[..., i] - self.partial(theta, i, batch) / self._q[i, i]

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure the loss over all records, and the expected loss of a new one."""
        expected = 0.5 * self.xp.sum(theta * self._times(theta), axis=-1) + self._new_record
        return {"loss": self.loss(theta, self._whole), "test_loss": expected}

    def _times(self, v: Array) -> Array:
        """Return Qv by a product per run, which gives each the same bits as alone."""
        return self.xp.matmul(v[..., None, :], self._q)[..., 0, :]

    def _summary(self, indices: Indices) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return x̄, (P,) or (R, P), and ½ mean (x − x̄)ᵀQ(x − x̄), () or (R,), on the host."""
        q, records = self._instance
        center = records[indices].mean(axis=-2)
        return center, self._at_zero[indices].mean(axis=-1) - 0.5 * ((center @ q) * center).sum(-1)

    @cached_property
    def _at_zero(self) -> NDArray[Any]:
        """½ xᵀQx of all records, their losses at 0, shape (n,), on the host."""
        q, records = self._instance
        losses: NDArray[Any] = 0.5 * ((records @ q) * records).sum(axis=-1)
        return losses

    @cached_property
    def _whole(self) -> Records:
        return self.draw(None, None)

    @cached_property
    def _new_record(self) -> float:
        """½ σ² tr Q."""
        return 0.5 * self.sigma * self.sigma * float(self._instance[0].trace())

    @cached_property
    def _q(self) -> Array:
        return self.asarray(self._instance[0])

    @cached_property
    def _instance(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Q, shape (P, P), and the records, shape (n, P), on the host."""
        random, large = self.instance_random(), self.size // 10
        eigenvalues = np.concatenate(
            [random.uniform(0, 1, self.size - large), random.uniform(30, 60, large)]
        )
        # Uniform up to its columns' signs, which cancel in Q.
        r, _ = np.linalg.qr(random.standard_normal((self.size, self.size)))
        q = (r * eigenvalues) @ r.T
        records = self.sigma * random.standard_normal((self.count, self.size))
        return (q + q.T) / 2, records
