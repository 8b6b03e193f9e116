"""`FunctionProblem`: a problem that is made of Python functions, for use in a script."""

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
    """A problem that is defined by Python functions.

    Parameters
    ----------
    loss, gradient, hessian
        Functions of θ with shape (P,) that return f(θ), ∇f(θ) (P,) and ∇²f(θ) (P, P). The Hessian
        is optional.
    theta0
        The start, shape (P,).
    known_minimum
        f*, if it is known.

    Raises
    ------
    UsageError
        If ``loss``, ``gradient`` or ``theta0`` is missing, or if one of the first three is not
        callable.

    Examples
    --------
    >>> import optframe
    >>> bowl = optframe.FunctionProblem(lambda x: x @ x / 2, lambda x: x, theta0=[4.0, -2.0])
    >>> optframe.minimize(bowl, "sgd:lr=0.5", steps=1).theta
    array([ 2., -1.])
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
        """f*, if it was given; else None."""
        return self.known_minimum

    def start(self, random: np.random.Generator) -> Any:
        """Return ``theta0``."""
        return np.array(self.theta0, dtype=float).reshape(-1)
