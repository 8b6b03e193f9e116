"""The gradient of a loss from its values: by complex steps, or by central differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe.components.derivation import half_square, on_device, on_host
from optframe.contracts import Array
from optframe.errors import PluginError

__all__ = ["ASKS", "METHODS", "at_complex_point", "by_complex_steps", "by_differences"]

SHORT = {"float64": 2.0**-66, "float32": 2.0**-30}
"""Complex steps where |θᵢ| ≥ 1: their squares are less than the spacing of numbers."""

SMALLEST = 2.0**-300
"""The least |θᵢ| that complex steps are scaled by: products of shorter ones would underflow."""


def by_complex_steps(problem: Any, theta: Array) -> Array:
    """Return the gradient, shape (P,): ∂f/∂θᵢ = im f(θ + i·h·eᵢ) / h, with errors of rounding only.

    h is a power of two, about 1e-20·min(1, |θᵢ|) in double precision.
    """
    host = _floats(problem, theta)
    single = host.dtype == np.float32
    smallest = 2.0**-60 if single else SMALLEST
    sizes = np.clip(np.abs(host.astype(float)), smallest, 1.0)
    steps = SHORT[str(host.dtype)] * 2.0 ** np.floor(np.log2(np.where(host == 0, 1.0, sizes)))
    slopes = []
    for i, h in enumerate(steps.tolist()):
        step = np.zeros(host.shape)
        step[i] = h
        slopes.append(at_complex_point(problem, host, step).imag / h)
    return on_device(problem, np.array(slopes, host.dtype), str(host.dtype))


def at_complex_point(problem: Any, theta: Any, step: Any) -> complex:
    """Return f(θ + i·step), a complex number.

    Raises
    ------
    PluginError
        If the loss is something else.
    """
    single = theta.dtype == np.float32
    kind = "complex64" if single else "complex128"
    point = on_device(problem, (theta + 1j * step).astype(kind), kind)
    word, loss = _unguarded(problem)
    value = loss(point)
    value = on_host(problem, value) if hasattr(value, "dtype") else np.asarray(value)
    if value.shape != () or value.dtype.kind != "c":
        found = "a real number" if value.shape == () else f"{value.dtype} {value.shape}"
        raise PluginError(
            f"FunctionProblem.{word} returned {found} for a complex θ; expected a complex number: "
            f"abs, float(), .real, norms and conjugates lose the imaginary part, in which complex "
            f'steps find the slope; write it without them, or use gradient="differences"'
        )
    return complex(value)


def _unguarded(problem: Any) -> tuple[str, Callable[[Any], Any]]:
    """Return the loss that the problem was given, without the guard, which wants real numbers."""
    given = problem.given
    if "loss" in given:
        return "loss", given["loss"]
    residuals = SimpleNamespace(residuals=given["residuals"], xp=problem.xp)
    return "residuals", lambda theta: half_square(residuals, theta)


def by_differences(problem: Any, theta: Array) -> Array:
    """Return the gradient, shape (P,): ∂f/∂θᵢ = (f(θ + h·eᵢ) − f(θ − h·eᵢ)) / 2h.

    h = ε^⅓·max(1, |θᵢ|) balances the error of the formula, h²/6·∂³f/∂θᵢ³, with that of rounding,
    ε·|f|/h; ε is the spacing of numbers in θ's precision. The formula is exact for a quadratic,
    where h = max(1, |θᵢ|).
    """
    host = _floats(problem, theta)
    share = 1.0 if problem.quadratic else float(np.finfo(host.dtype).eps) ** (1 / 3)
    steps = share * np.maximum(1.0, np.abs(host.astype(float)))
    slopes = []
    for i, h in enumerate(steps.tolist()):
        above, below = host.copy(), host.copy()
        above[i] += h
        below[i] -= h
        width = float(above[i]) - float(below[i])  # 2h as it was rounded
        losses = [problem.loss(on_device(problem, x, str(host.dtype))) for x in (above, below)]
        slopes.append((float(losses[0]) - float(losses[1])) / width)
    return on_device(problem, np.array(slopes, host.dtype), str(host.dtype))


def _floats(problem: Any, theta: Array) -> NDArray[Any]:
    """Return θ on the host, in single or double precision."""
    host = on_host(problem, theta)
    if host.dtype.kind == "c":
        raise TypeError("a gradient by complex steps or differences takes a real θ")
    return host if host.dtype == np.float32 else host.astype(float)


METHODS: Mapping[str, Callable[[Any, Array], Array]] = {
    "complex-step": by_complex_steps,
    "differences": by_differences,
}

ASKS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "complex-step": {"loss": (0, 1)},
    "differences": {"loss": (0, 2)},
}
"""The losses of a gradient: P with complex numbers, or 2P."""
