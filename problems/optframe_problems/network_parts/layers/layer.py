"""The base class of a network's layers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from optframe import Array

__all__ = ["Fixed", "Layer", "Own", "Parameters", "Shape", "Tangents", "expect_image"]

Shape = tuple[int, ...]

Own = tuple[Array, ...]
"""What a layer has beside its input: views of θ (weights and bias), or a mask, or nothing."""


class Parameters(NamedTuple):
    """The blocks of θ that a layer owns, and the fan in and fan out that their start needs."""

    weights: Shape
    bias: Shape
    fan_in: int
    """How many inputs an output is a sum of."""

    fan_out: int
    """In how many outputs an input is a summand (at the stride 1)."""


@dataclass(slots=True)
class Tangents:
    """What changes when θ moves along θ̇: a layer's own parameters, its input and its output.

    The input's is None where it does not depend on θ.
    """

    own: Own
    x: Array | None
    y: Array


class Layer(ABC):
    """A frozen dataclass of a layer's hyperparameters, with pure functions of arrays.

    Arrays have shape (..., B, *features): runs, records, and the features that `outputs` speaks
    of. Axes of runs broadcast, and may be missing where all runs share the records. ``xp`` is the
    array namespace; what is used of it NumPy and CuPy share.

    `forward` and `backward` may overwrite the δ and what was kept; `forward` may overwrite its x
    where it says so. The derivatives of both along θ̇ (the R-operator) overwrite nothing.

    References
    ----------
    B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).
    """

    overwrites: ClassVar[bool] = False
    """Whether `forward` overwrites x."""

    increasing: ClassVar[bool] = False
    """Whether it is an increasing function of each number, which commutes with maxima."""

    @abstractmethod
    def outputs(self, shape: Shape) -> Shape:
        """Return an output's shape by an input's; ValueError says what was expected."""

    def parameters(self, shape: Shape) -> Parameters | None:
        """Return the blocks of θ by an input's shape, or None where there are none."""
        return None

    @abstractmethod
    def forward(self, xp: Any, x: Array, own: Own) -> tuple[Array, Any]:
        """Return y, and what is kept for the others."""

    @abstractmethod
    def backward(self, xp: Any, kept: Any, own: Own, delta: Array, slopes: Own) -> Array:
        """Return ∂f/∂x by δ = ∂f/∂y, and write ∂f/∂W and ∂f/∂b into ``slopes``."""

    @abstractmethod
    def tangent(self, xp: Any, kept: Any, own: Own, own_dot: Own, x_dot: Array | None) -> Array:
        """Return ẏ = R{y}."""

    @abstractmethod
    def tangent_backward(
        self, xp: Any, kept: Any, own: Own, dots: Tangents, deltas: tuple[Array, Array], slopes: Own
    ) -> tuple[Array, Array]:
        """Return ∂f/∂x and R{∂f/∂x} by δ and δ̇ = R{δ}; write R{∂f/∂W}, R{∂f/∂b}."""


class Fixed(Layer):
    """A linear layer without parameters, whose `backward` serves δ and δ̇ alike."""

    def tangent_backward(
        self, xp: Any, kept: Any, own: Own, dots: Tangents, deltas: tuple[Array, Array], slopes: Own
    ) -> tuple[Array, Array]:
        """Return the same of δ and δ̇ as `backward`."""
        delta, delta_dot = (self.backward(xp, kept, own, each, slopes) for each in deltas)
        return delta, delta_dot


def expect_image(shape: Shape) -> None:
    """Raise ValueError unless the features are an image's."""
    if len(shape) != 3:
        raise ValueError("expected images of shape (height, width, channels)")
