"""What a network puts between its linear layers: φ, and its slope in terms of what it returned.

Both overwrite what they are given, and use what NumPy and CuPy share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from optframe import Array

__all__ = ["ACTIVATIONS", "Activation"]


class Activation(NamedTuple):
    """An elementwise function φ."""

    apply: Callable[[Any, Array], None]
    """``apply(xp, z)``: z ← a = φ(z)."""

    slope: Callable[[Any, Array, Array], None]
    """``slope(xp, a, delta)``: δ ← φ'(z) ∘ δ; a is of no use afterwards."""


def _sigmoid(xp: Any, z: Array) -> None:
    z *= 0.5  # ½ (1 + tanh ½z), since exp(−z) overflows
    xp.tanh(z, out=z)
    z *= 0.5
    z += 0.5


def _sigmoid_slope(xp: Any, a: Array, delta: Array) -> None:
    delta *= a
    xp.subtract(1, a, out=a)
    delta *= a


def _tanh(xp: Any, z: Array) -> None:
    xp.tanh(z, out=z)


def _tanh_slope(xp: Any, a: Array, delta: Array) -> None:
    xp.multiply(a, a, out=a)
    xp.subtract(1, a, out=a)
    delta *= a


def _relu(xp: Any, z: Array) -> None:
    xp.maximum(z, 0, out=z)


def _relu_slope(xp: Any, a: Array, delta: Array) -> None:
    delta *= a > 0


ACTIVATIONS = {
    "sigmoid": Activation(_sigmoid, _sigmoid_slope),
    "tanh": Activation(_tanh, _tanh_slope),
    "relu": Activation(_relu, _relu_slope),
}
