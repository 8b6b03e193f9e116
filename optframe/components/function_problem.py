"""`FunctionProblem`: a problem made of Python functions, for use from a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optframe.contracts import Array, Function
from optframe.errors import UsageError

__all__ = ["FunctionProblem"]


def _missing(theta: Array) -> Any:
    raise NotImplementedError


@dataclass(frozen=True)
class FunctionProblem(Function):
    """Minimize a function that you have.

    Parameters
    ----------
    loss, gradient, hessian
        Functions of θ with shape (P,) that return f(θ), ∇f(θ) (P,) and ∇²f(θ) (P, P); the
        Hessian is optional.
    theta0
        The start, shape (P,).
    known_minimum
        f*, where it is known.
    """

    vectorized: ClassVar[bool] = False

    loss: Callable[[Array], Any] = _missing  # type: ignore[assignment]
    gradient: Callable[[Array], Array] = _missing  # type: ignore[assignment]
    theta0: Any = None
    hessian: Callable[[Array], Array] | None = None
    known_minimum: float | None = None

    def __post_init__(self) -> None:
        if self.loss is _missing or self.gradient is _missing or self.theta0 is None:
            raise UsageError("FunctionProblem: expected loss=, gradient= and theta0=")
        for name in ("loss", "gradient", "hessian"):
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise UsageError(f"FunctionProblem: {name} is {value!r}; expected a function of θ")

    @property
    def size(self) -> int:
        """P, the length of ``theta0``."""
        return int(np.size(self.theta0))

    @property
    def minimum(self) -> float | None:
        """f*, where it was given."""
        return self.known_minimum

    def start(self, random: np.random.Generator) -> Any:
        """Return ``theta0``."""
        return np.array(self.theta0, dtype=float).reshape(-1)
