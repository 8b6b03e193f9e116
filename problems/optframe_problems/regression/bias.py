"""The bias of a linear model, as the weight of a feature that is always 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["penalties", "with_ones"]


def with_ones(inputs: NDArray[Any]) -> NDArray[Any]:
    """Return records x̃ = (x, 1), shape (n, d + 1): then wᵀx + b is one product, θᵀx̃."""
    import numpy as np

    return np.column_stack([inputs, np.ones(len(inputs))])


def penalties(l2: float, weights: int, biases: int) -> NDArray[Any]:
    """Return the factor of ½θᵢ² for each parameter: l2 for the weights, 0 for the biases."""
    import numpy as np

    return np.concatenate([np.full(weights, l2), np.zeros(biases)])
