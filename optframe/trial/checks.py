"""Checks of a component's contract during a run, and the message for what is broken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.contracts.columns import RESERVED
from optframe.errors import PluginError

if TYPE_CHECKING:
    from optframe.contracts import Problem

__all__ = ["check_metrics", "check_minimizer", "check_start", "check_step", "check_theta"]


def check_start(problem: Problem, start: Any) -> None:
    """Raise if a problem's start is not an array of real numbers of shape (P,)."""
    if start.dtype.kind not in "fiu":
        raise PluginError(
            f"{type(problem).__name__}.start returned {start.dtype} {start.shape}; expected real "
            f"numbers of shape ({problem.size},)"
        )
    if start.shape != (problem.size,):
        raise PluginError(
            f"{type(problem).__name__}.start returned the shape {start.shape}; expected "
            f"({problem.size},), as its size is {problem.size}"
        )


def check_metrics(problem: Problem, values: Mapping[str, Any]) -> None:
    """Raise if the metrics do not contain a loss, or if one has the name of a column."""
    who, taken = type(problem).__name__, sorted(RESERVED.intersection(values))
    if "loss" not in values:
        raise PluginError(
            f"{who}.metrics returned {', '.join(values)}; expected a metric named 'loss', too"
        )
    if taken:
        raise PluginError(
            f"{who}.metrics returned {', '.join(taken)}, the name of a column; rename the metric"
        )


def check_step(optimizer: Any, returned: Any, shape: Any, dtype: Any) -> None:
    """Raise if a step has not returned (θ, state)."""
    if not (isinstance(returned, tuple) and len(returned) == 2):
        values = f"{len(returned)} values" if isinstance(returned, tuple) else None
        found = values or f"a {type(returned).__name__}"
        raise PluginError(
            f"{type(optimizer).__name__}.step returned {found}; expected (theta, state)"
        )
    check_theta(optimizer, returned[0], shape, dtype)


def check_minimizer(problem: Problem) -> None:
    """Raise if the minimizer is known and is no array of real numbers of shape (..., P)."""
    if problem.minimizer is None:
        return
    found = np.asarray(problem.minimizer)
    if found.dtype.kind not in "fiu" or found.shape[-1:] != (problem.size,):
        raise PluginError(
            f"{type(problem).__name__}.minimizer is {found.dtype} {found.shape}; expected real "
            f"numbers of shape ({problem.size},)"
        )


def check_theta(
    optimizer: Any, theta: Any, shape: Any, dtype: Any, did: str = "step returned"
) -> None:
    """Raise if θ does not have the shape and the precision of the start."""
    found = (getattr(theta, "shape", ""), getattr(theta, "dtype", type(theta).__name__))
    if found != (shape, dtype):
        raise PluginError(
            f"{type(optimizer).__name__}.{did} θ as {found[1]} {found[0]}; expected {dtype} {shape}"
        )
