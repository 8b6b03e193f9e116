"""Checks of the arguments of `FunctionProblem`, and the message for each that is wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any

import numpy as np

from optframe.components.numerical_gradient import METHODS
from optframe.contracts import Layout
from optframe.contracts.columns import RESERVED
from optframe.errors import UsageError, nearest, one_line

__all__ = ["WORDS", "check_functions", "check_start", "check_values", "refuse_missing"]

WORDS = {
    **dict.fromkeys(("loss", "gradient", "loss_and_gradient", "hessian"), "θ"),
    "hvp": "θ and v",
    **dict.fromkeys(("partial", "coordinate_minimum"), "θ and i"),
    **dict.fromkeys(("residuals", "jacobian", "per_sample", "project"), "θ"),
    "prox": "θ and t",
}
"""The words that functions answer, and what they are functions of."""


def _wrong(name: str, value: Any, expected: str) -> UsageError:
    return UsageError(f"FunctionProblem: {name} is {one_line(repr(value))}; expected {expected}")


def check_functions(own: Mapping[str, Any]) -> None:
    """Raise `UsageError` if a word's argument is no function, nor a name of an approximation."""
    for word, arguments in WORDS.items():
        value = own[word]
        if word == "gradient" and isinstance(value, str):
            if value not in METHODS:
                hint = nearest(value, METHODS)
                raise UsageError(f"FunctionProblem: gradient is {value!r}; {hint}")
            if own["loss"] is None and own["residuals"] is None:
                raise UsageError(f"FunctionProblem: gradient={value!r} needs loss= or residuals=")
        elif value is not None and not callable(value):
            raise _wrong(word, value, f"a function of {arguments}")


def refuse_missing(known: Collection[str]) -> None:
    """Raise `UsageError` if there is no loss, or no gradient."""
    if "loss" not in known:
        raise UsageError(
            "FunctionProblem: found no loss; expected loss=, loss_and_gradient= or residuals="
        )
    if "gradient" not in known:
        raise UsageError(
            "FunctionProblem: found no gradient; expected gradient=, loss_and_gradient=, or "
            "residuals= and jacobian=; an approximation has to be asked for by name, "
            'gradient="complex-step" or gradient="differences"'
        )


def check_start(theta0: Any, draw: Any) -> int:
    """Return P; raise `UsageError` unless there is one start, of real numbers."""
    if draw is not None and not callable(draw):
        raise _wrong("start", draw, "a function of a random generator; a point is theta0=")
    if (theta0 is None) == (draw is None):
        found = "no start" if draw is None else "theta0 and start"
        raise UsageError(f"FunctionProblem: found {found}; expected theta0=, or start=")
    start = theta0 if draw is None else draw(np.random.default_rng(0))
    if not _is_real(start):
        raise _wrong("theta0" if draw is None else "what start returns", start, "real numbers")
    return int(np.size(start))


def check_values(own: dict[str, Any], size: int, minimum: str) -> None:
    """Raise `UsageError` where what is no function is wrong; make a list of blocks a layout.

    ``minimum`` is the argument's name.
    """
    least, minimizer, metrics = own["minimum"], own["minimizer"], own["metrics"]
    if least is not None and not (_is_real(least) and np.ndim(least) == 0 and isfinite(least)):
        raise _wrong(minimum, least, "a number")
    if minimizer is not None and not (_is_real(minimizer) and np.shape(minimizer) == (size,)):
        raise _wrong("minimizer", minimizer, f"real numbers of shape ({size},)")
    if not isinstance(own["quadratic"], bool):
        raise _wrong("quadratic", own["quadratic"], "True or False")
    if metrics is not None:
        named = isinstance(metrics, Mapping) and all(isinstance(name, str) for name in metrics)
        if not (named and all(map(callable, metrics.values()))):
            raise _wrong("metrics", metrics, 'functions of θ by name, as in {"distance": distance}')
        for name in sorted({"loss", *RESERVED} & metrics.keys()):
            raise UsageError(
                f"FunctionProblem: metrics has {name!r}, the name of a column; rename it"
            )
        own["metrics"] = dict(metrics)
    if own["layout"] is not None:
        given = own["layout"]
        own["layout"] = layout = given if isinstance(given, Layout) else Layout(given)
        if layout.size != size:
            raise UsageError(
                f"FunctionProblem: layout has blocks of {layout.size} numbers in all; expected "
                f"{size}, as the start has"
            )


def _is_real(values: Any) -> bool:
    """Whether they are an array of real numbers, and at least one."""
    try:
        array = np.array(values)
    except ValueError:  # lists of different lengths
        return False
    return array.dtype.kind in "fiu" and array.size > 0
