"""`FunctionProblem`: a problem that is made of Python functions, for use in a script."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
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
        Functions of θ with shape (P,) that return f(θ), a real number, ∇f(θ) (P,) and ∇²f(θ)
        (P, P), arrays of θ's precision. The Hessian is optional. They get copies of θ, and their
        answers are copied, so that they may keep and change both.
    theta0
        The start, shape (P,).
    known_minimum
        f*, if it is known.

    Raises
    ------
    UsageError
        If ``loss``, ``gradient`` or ``theta0`` is missing, if a function is not callable, or if
        ``theta0`` or ``known_minimum`` is not numeric.
    PluginError
        In a run, if a function returns another shape, precision or type.

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
        try:
            start = np.array(self.theta0)
        except ValueError:  # lists of different lengths
            start = np.array(None)
        if start.dtype.kind not in "fiu" or not start.size:
            raise UsageError(f"FunctionProblem: theta0 is {self.theta0!r}; expected real numbers")
        object.__setattr__(self, "theta0", copy.copy(self.theta0))  # the caller may change its own
        known = self.known_minimum
        if known is not None and (isinstance(known, bool) or not isinstance(known, Real)):
            raise UsageError(f"FunctionProblem: known_minimum is {known!r}; expected a number")

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
