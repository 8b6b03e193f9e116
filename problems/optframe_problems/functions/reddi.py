"""The problem of Reddi, Kale and Kumar, on which Adam goes the wrong way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from optframe import Array, Indices, StochasticProblem
from optframe_problems.candidate_axes import with_candidates

__all__ = ["Reddi"]


@dataclass(frozen=True)
class Reddi(StochasticProblem):
    """One large gradient, then two small ones the other way: Adam forgets the large one too soon.

    There are three records with slopes c = (C, −1, −1), to be seen in this order, one by one, as
    by the sampler ``sequential:batch_size=1``. For x in [−1, 1] the loss of a record is cx::

        f_t(x) = C x   for t mod 3 = 1
                 −x    otherwise

    The mean, (C − 2) x/3, is least at x = −1. With β₁ = 0 and β₂ = 1/(1 + C²), Adam divides the
    large gradient by its own size and the small ones by little more than theirs, and drifts to
    x = 1, the worst point; AMSGrad, which divides all three by C, goes to −1.

    The paper projects onto [−1, 1], as the oracle's ``project`` does here. For the optimizers that
    do not project there are walls instead: beyond ±1 each loss gets
    ½ w (|x| − 1)², so that the mean of the three is least at −1 − (C − 2)/(3w) with
    f* = −(C − 2)/3 − (C − 2)²/(18 w). The start is 0, halfway.

    Parameters
    ----------
    steepness
        C, the slope of the first record, > 2.
    wall
        w, the walls' curvature, > 0.

    References
    ----------
    S. J. Reddi, S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018, theorem 1.
    """

    copies = False
    steepness: Annotated[float, Gt(2)] = 4.0
    wall: Annotated[float, Gt(0)] = 10.0

    records: ClassVar[int] = 3
    size = 1

    @property
    def minimum(self) -> float:
        """f* of the mean of the three losses."""
        drop = (self.steepness - 2) / 3
        return -drop - drop * drop / (2 * self.wall)

    @property
    def minimizer(self) -> np.ndarray:
        """The point where the left wall holds the mean slope."""
        return np.array([-1 - (self.steepness - 2) / (3 * self.wall)])

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return 0."""
        return np.zeros(1)

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Array:
        """Return the mean slope of these records, shape () or (R,)."""
        slopes = np.array([self.steepness, -1.0, -1.0])
        chosen = slopes if indices is None else slopes[indices]
        return self.asarray(chosen.mean(axis=-1))

    def loss(self, theta: Array, batch: Array) -> Array:
        """Return the batch's mean loss, shape (...)."""
        x, beyond = theta[..., 0], self._beyond(theta)[..., 0]
        return _spread(batch, x) * x + 0.5 * self.wall * beyond * beyond

    def gradient(self, theta: Array, batch: Array) -> Array:
        """Return its gradient, shape (..., 1)."""
        return _spread(batch, theta) + self.wall * self._beyond(theta)

    def hessian(self, theta: Array, batch: Array) -> Array:
        """Return its Hessian, shape (..., 1, 1)."""
        return self._curvature(theta)[..., None]

    def hvp(self, theta: Array, v: Array, batch: Array) -> Array:
        """Return its Hessian times v, shape (..., 1)."""
        return self._curvature(theta) * v

    def partial(self, theta: Array, i: int, batch: Array) -> Array:
        """Return the only derivative, shape (...)."""
        return self.gradient(theta, batch)[..., i]

    def project(self, theta: Array, batch: Array) -> Array:
        """Return the nearest point of [−1, 1], shape (..., 1), as in the paper."""
        return theta - self._beyond(theta)

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure the mean of the three losses."""
        return {"loss": self.loss(theta, self.draw(None, None))}

    def _beyond(self, theta: Array) -> Array:
        """Return how far x is outside of [−1, 1], with its sign, shape (..., 1)."""
        return theta - self.xp.clip(theta, -1, 1)

    def _curvature(self, theta: Array) -> Array:
        xp = self.xp
        steep = xp.full_like(theta, self.wall)
        return xp.where(xp.abs(theta) > 1, steep, xp.zeros_like(theta))


def _spread(batch: Array, like: Array) -> Array:
    """Return a batch's slopes (R,) as (R, 1, ...), to go with an array that has more axes."""
    return with_candidates(batch, like.ndim, 0) + 0 * like
