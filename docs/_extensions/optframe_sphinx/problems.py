"""What is known of a function with its default arguments: size, start, minimum."""

from __future__ import annotations

import numpy as np

import optframe
from optframe_sphinx.pictures import plain

__all__ = ["facts"]


def facts(registry: optframe.Registry, name: str) -> str:
    """Return a field list of what is known, for a deterministic function that has defaults."""
    if not issubclass(registry.load("problems", name), optframe.Function):
        return ""
    try:
        problem: optframe.Function = registry.make("problems", name)
    except optframe.UsageError:
        return ""
    start = np.asarray(problem.start(np.random.default_rng(0)), float)
    loss = float(problem.loss(problem.asarray(start)))
    drawn = " (drawn)" if problem.draws_start else ""
    known = {
        "parameters": str(problem.size),
        "start": f"{_point(start)}{drawn}, where the loss is {_number(loss)}",
        "minimum": "not known" if problem.minimum is None else _number(problem.minimum),
    }
    if problem.minimizer is not None:
        known["minimum"] += f", at {_point(np.asarray(problem.minimizer, float))}"
    lines = [f":{key}: {value}" for key, value in known.items()]
    return ".. rubric:: With default arguments\n\n" + "\n".join(lines)


def _point(theta: np.ndarray) -> str:
    if theta.size > 1 and np.all(theta == theta[0]):
        return (
            f"θ = ({_number(theta[0])}, …, {_number(theta[0])})"
            if theta.size > 3
            else ("θ = (" + ", ".join(_number(value) for value in theta) + ")")
        )
    values = [_number(value) for value in theta[:6]]
    return "θ = (" + ", ".join(values) + (", …)" if theta.size > 6 else ")")


def _number(value: float) -> str:
    return f"{value:.6g}" if value == 0 or 1e-4 <= abs(value) < 1e7 else plain(value)
