"""Linear regression on a stream of records, endless or finite."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from optframe import Count, Indices
from optframe_problems.regression_bases.gaussian_source import GaussianSource

__all__ = ["StreamingRegression"]

BLOCK = 64
"""Records that are generated together, from one position of the counter-based generator."""

KEPT = 100_000
"""Up to so many records are generated once and kept, and the loss is measured on them."""


@dataclass(frozen=True)
class StreamingRegression(GaussianSource):
    """Linear regression on a stream: every record is a new draw from the source.

    Record i is a function of the instance's seed and i alone, made when it is asked for::

        x_i ~ N(0, I),    y_i = θ*ᵀx_i + σ N(0, 1)

    On a stream (the sampler ``stream``) every step sees an independent unbiased estimate of the
    gradient of the expected loss ½ ‖θ − θ*‖² + ½ σ², the generalization error, whose minimum is
    ½ σ². With a small number of records, the first ones of the same stream, epochs repeat them:
    the loss over the records can be driven below ½ σ², and the generalization error stays above.
    Both are measured: ``loss`` over the records, and ``test_loss``, the generalization error,
    exactly. More than 100,000 records count as endless: their loss is taken to be the expected one,
    from which it differs by less than about 1 %.

    Parameters
    ----------
    size
        P, the number of features, at least 1.
    sigma
        σ, the standard deviation of the targets, ≥ 0.
    records
        n, at least 1; by default practically endless.

    References
    ----------
    J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2,
    3", SC 2011: Philox, whose position can be set. L. Bottou, Y. LeCun, "Large scale online
    learning", NeurIPS 16 (2003): a stream's steps minimize the expected loss.
    """

    size: Count = 20
    sigma: Annotated[float, Ge(0)] = 1.0
    count: Count = field(default=10**12, metadata={"name": "records"})

    @property
    def records(self) -> int:
        """How many records there are, n."""
        return self.count

    @property
    def endless(self) -> bool:
        """Whether there are too many records to visit them all."""
        return self.count > KEPT

    def _rows(self, indices: Indices) -> tuple[NDArray[Any], NDArray[Any]]:
        if not self.endless:
            x, y = self._kept
            return x[indices], y[indices]
        if isinstance(indices, slice):
            if indices == slice(None):
                return self._representatives
            indices = np.arange(*indices.indices(self.count))
        blocks, places = np.unique(np.ravel(indices) // BLOCK, return_inverse=True)
        made = np.concatenate([self._block(int(block)) for block in blocks])
        rows = made[places * BLOCK + np.ravel(indices) % BLOCK]
        return self._told(rows.reshape(*np.shape(indices), -1))

    def _told(self, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return x and y from P + 1 standard normal numbers for each record."""
        x, noise = rows[..., :-1], rows[..., -1]
        # No matrix product: its last bits would depend on which records are beside this one.
        return x, (x * self._theta_star).sum(axis=-1) + self.sigma * noise

    def _block(self, block: int) -> NDArray[Any]:
        """Return the numbers of the records of a block, shape (BLOCK, P + 1)."""
        source = np.random.Philox(key=self._source[0], counter=[0, 0, block, 0])
        return np.random.Generator(source).standard_normal((BLOCK, self.size + 1))

    @property
    def _representatives(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return 2P records with the moments of the source, which stand for all of them.

        With x = √P eᵢ and y = √P θ*ᵢ ± σ, the mean loss is ½ ‖θ − θ*‖² + ½ σ² for every θ.
        """
        x = self.size**0.5 * np.repeat(np.eye(self.size), 2, axis=0)
        return x, x @ self._theta_star + self.sigma * np.tile([1.0, -1.0], self.size)

    @property
    def _theta_star(self) -> NDArray[Any]:
        return self._source[1]

    @cached_property
    def _source(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The generator's key, and θ*."""
        random = self.instance_random()
        key = random.integers(2**64 - 1, size=2, dtype=np.uint64, endpoint=True)
        return key, random.standard_normal(self.size)

    @cached_property
    def _kept(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """All x and y, where they are few."""
        blocks = range(-(-self.count // BLOCK))
        rows = np.concatenate([self._block(block) for block in blocks])
        return self._told(rows[: self.count])
