"""Dropout: inputs are left out at random."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Lt
from numpy.typing import NDArray

from optframe import Array
from optframe_problems.network_parts.layers.layer import Fixed, Own, Shape

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Fixed):
    """y = m∘x/(1 − rate), each m 0 with probability ``rate`` and else 1.

    This is inverted dropout: E y = x, so that a network is measured as it is, without dropout.
    The masks m/(1 − rate) are drawn once per step, one for each record and feature, and come to
    the layer with the batch; without them y = x.

    Parameters
    ----------
    rate
        The share that is left out, in [0, 1).

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a simple way
    to prevent neural networks from overfitting", J. Mach. Learn. Res. 15 (2014); inverted: its
    section 10.
    """

    rate: Annotated[float, Ge(0), Lt(1)] = 0.5

    def outputs(self, shape: Shape) -> Shape:
        """Return the same."""
        return shape

    def mask(self, random: np.random.Generator, shape: Shape, dtype: str) -> NDArray[Any]:
        """Draw m/(1 − rate)."""
        stays = random.random(shape, np.float32) >= np.float32(self.rate)
        return np.multiply(stays, 1 / (1 - self.rate), dtype=dtype)

    def forward(self, xp: Any, x: Array, own: Own) -> tuple[Array, None]:
        """Return y, which is not x: the layer before may have kept that."""
        return _masked(x, own), None

    def backward(self, xp: Any, kept: None, own: Own, delta: Array, slopes: Own) -> Array:
        """Return m∘δ/(1 − rate)."""
        return _masked(delta, own)

    def tangent(self, xp: Any, kept: None, own: Own, own_dot: Own, x_dot: Array | None) -> Array:
        """Return m∘ẋ/(1 − rate)."""
        return _masked(x_dot, own)


def _masked(x: Array, own: Own) -> Array:
    return x * own[0] if own else x
