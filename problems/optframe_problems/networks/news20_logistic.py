"""Softmax regression on sparse word counts, with dropout."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Lt

from optframe import Array, Indices
from optframe_problems.learning import Batch
from optframe_problems.network_parts.layers.dropout import Dropout
from optframe_problems.regression.softmax import Softmax
from optframe_problems.sparse import SparseRows

__all__ = ["News20Logistic"]


@dataclass(frozen=True)
class News20Logistic(Softmax):
    """`softmax` with inverted dropout on the inputs: 1,241,240 parameters on newsgroup articles.

    Each count stays with probability 1 − dropout, divided by it, or is left out; the bias always
    stays. The masks are the step's, one number for each count that is not 0. Rare words have rare
    gradients. The Adam paper does the same with 10,000 words of film reviews, which this data
    stands in for, and lr α/√t.

    Parameters
    ----------
    data
        The data set.
    l2
        The strength of the penalty on the weights (not on the biases), at least 0, by default
        none.
    dropout
        The share of the inputs that a step leaves out, in [0, 1); the paper's is a half.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR (2015), section 6.1.
    S. Wang, C. Manning, "Fast dropout training", ICML (2013).
    """

    data: str = "news20"
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.5

    dtype: ClassVar[str] = "float32"

    @property
    def deterministic(self) -> bool:  # type: ignore[override]
        """Whether there is no dropout."""
        return self.dropout == 0

    @property
    def attained(self) -> bool:
        """Not with dropout: what is measured is not the mean of what the steps see."""
        return self.deterministic and super().attained

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Batch:
        """Return the records, with dropout unless ``random`` is None."""
        batch = super().draw(indices, random)
        if random is None or self.deterministic:
            return batch
        inputs = batch.inputs
        if isinstance(inputs, SparseRows):
            dropped = tuple(self._sparse(matrix, random) for matrix in inputs.matrices)
            return Batch(replace(inputs, matrices=dropped), batch.targets)
        mask = self._mask(random, tuple(inputs.shape))
        mask[..., -1] = 1
        return Batch(inputs * self.asarray(mask), batch.targets)

    def _sparse(self, matrix: Any, random: np.random.Generator) -> Any:
        """Return x̃ with dropout in a matrix of its own, which keeps the places of its numbers."""
        mask = self.asarray(self._mask(random, tuple(matrix.data.shape)))
        bias = matrix.indices == matrix.shape[1] - 1
        data = matrix.data * self.xp.where(bias, self.xp.ones_like(mask), mask)
        return type(matrix)((data, matrix.indices, matrix.indptr), shape=matrix.shape)

    def _mask(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return Dropout(self.dropout).mask(random, shape, self._home.dtype)
