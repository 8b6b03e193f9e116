"""The base class of functions of two parameters, given by formulas in x and y."""

from abc import abstractmethod
from typing import Any

from optframe import Array, Function

__all__ = ["Planar"]


class Planar(Function):
    """A function of θ = (x, y); a subclass gives its loss and its five derivatives.

    ``_slopes`` are f_x and f_y, ``_curvatures`` are f_xx, f_xy and f_yy, each of the shape of x.
    In a lone run x and y are plain numbers, which is several times as fast as arrays of one.
    """

    copies = False
    size = 2

    @abstractmethod
    def _value(self, x: Array, y: Array) -> Array:
        """Return f, shape (...)."""

    @abstractmethod
    def _slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return f_x and f_y, each of shape (...)."""

    @abstractmethod
    def _curvatures(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        """Return f_xx, f_xy and f_yy, each of shape (...)."""

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        at_x, at_y = _places(theta)
        return self._value(theta[at_x], theta[at_y])

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., 2)."""
        at_x, at_y = _places(theta)
        gradient = self.xp.empty_like(theta)
        gradient[at_x], gradient[at_y] = self._slopes(theta[at_x], theta[at_y])
        return gradient

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        return self._slopes(theta[..., 0], theta[..., 1])[i]

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., 2, 2)."""
        stack = self.xp.stack
        xx, xy, yy = self._curvatures(theta[..., 0], theta[..., 1])
        return stack([stack([xx, xy], axis=-1), stack([xy, yy], axis=-1)], axis=-2)

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., 2)."""
        xx, xy, yy = self._curvatures(theta[..., 0], theta[..., 1])
        along_x, along_y = v[..., 0], v[..., 1]
        return self.xp.stack([xx * along_x + xy * along_y, xy * along_x + yy * along_y], axis=-1)


def _places(theta: Array) -> tuple[Any, Any]:
    """Return the indices of x and y; those of a lone run give numbers."""
    return (0, 1) if theta.ndim == 1 else ((..., 0), (..., 1))
