"""The trigonometric function."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array, Count
from optframe_problems.dot import dot
from optframe_problems.function_bases.many_residuals import ManyResiduals

__all__ = ["Trigonometric"]


@dataclass(frozen=True)
class Trigonometric(ManyResiduals):
    """Equations of sines and cosines that all share one sum: MGH 26.

    With P = size and i = 1, ..., P::

        rᵢ = P − Σⱼ cos xⱼ + i (1 − cos xᵢ) − sin xᵢ

    The start is xⱼ = 1/P. The minimum is 0 at 0, and at other points, too; for P = 10 most methods
    end at a local one of 2.79506e-5 instead.

    Parameters
    ----------
    size
        P, at least 1.

    References
    ----------
    E. Spedicato, "Computational experience with quasi-Newton algorithms for minimization problems
    of moderately large size", Report CISE-N-175, Segrate 1975.
    """

    size: Count = 10

    minimum = 0.0

    @property
    def minimizer(self) -> list[float]:
        """The origin."""
        return [0.0] * self.size

    def start(self, random: np.random.Generator) -> list[float]:
        """Return 1/P, P times."""
        return [1 / self.size] * self.size

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same sines and cosines."""
        cosine, sine = self.xp.cos(theta), self.xp.sin(theta)
        blocks = self._equations(cosine, sine)
        return self._total(blocks), 2 * self._turned(cosine, sine, blocks)

    def _blocks(self, theta: Array) -> Any:
        return self._equations(self.xp.cos(theta), self.xp.sin(theta))

    def _equations(self, cosine: Array, sine: Array) -> Any:
        less = 1 - cosine
        together = dot(less, self._ones)  # P − Σ cos xⱼ
        return (together[..., None] + self._i * less - sine,)

    def _push(self, theta: Array, v: Array) -> Any:
        cosine, sine = self.xp.cos(theta), self.xp.sin(theta)
        together = self.xp.sum(sine * v, axis=-1, keepdims=True)
        return (together + (self._i * sine - cosine) * v,)

    def _pull(self, theta: Array, weights: Any) -> Array:
        return self._turned(self.xp.cos(theta), self.xp.sin(theta), weights)

    def _turned(self, cosine: Array, sine: Array, weights: Any) -> Array:
        """Return Jᵀw."""
        (w,) = weights
        together = dot(w, self._ones)
        return sine * together[..., None] + (self._i * sine - cosine) * w

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        (w,) = weights
        cosine, sine = self.xp.cos(theta), self.xp.sin(theta)
        together = self.xp.sum(w, axis=-1, keepdims=True)
        return (cosine * together + (self._i * cosine + sine) * w) * v

    @cached_property
    def _ones(self) -> Array:
        return self.asarray([1.0] * self.size)

    @cached_property
    def _i(self) -> Array:
        return self.asarray(range(1, self.size + 1))
