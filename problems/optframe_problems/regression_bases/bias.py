"""The bias of a linear model, as the weight of a feature that is always 1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["on_weights", "with_ones"]


def with_ones(inputs: Any) -> Any:
    """Return records x̃ = (x, 1), shape (n, d + 1): then wᵀx + b is one product, θᵀx̃.

    Sparse records stay sparse.
    """
    if isinstance(inputs, np.ndarray):
        return np.column_stack([inputs, np.ones(len(inputs))])
    from scipy import sparse

    ones = sparse.csr_array(np.ones((inputs.shape[0], 1)))
    return sparse.csr_array(sparse.hstack([inputs, ones], format="csr"))


def on_weights(strength: float, weights: int, biases: int) -> NDArray[Any]:
    """Return a penalty's strength for each parameter: none for the biases, which are last."""
    return np.concatenate([np.full(weights, strength), np.zeros(biases)])
