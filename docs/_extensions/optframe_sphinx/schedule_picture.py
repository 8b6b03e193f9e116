"""The picture of a schedule: its value against the step."""

from __future__ import annotations

from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np

import optframe
from optframe.components.parameters import Parameter, mistakes_in, parameters
from optframe_sphinx.pictures import MAIN, figure, save

__all__ = ["STEPS", "draw", "example"]

STEPS = 100
"""The steps of the budget; the picture shows all of them, as ten epochs."""

_FIRST, _OTHERS, _COUNT = 1.0, (0.05, 0.95), 40

_CHOSEN = ("steps", "value", "end")
"""Fields of which some schedule requires one or another; these are in the picture."""


def example(registry: optframe.Registry, name: str) -> dict[str, Any]:
    """Return values for what a schedule requires, under which its picture shows something.

    A length is 40 steps. The first number is 1, and all other numbers 0.05 or 0.95,
    whichever leaves the mean value nearer to 1/2: a factor of 0.05 per step would be over at once.

    Raises
    ------
    UsageError
        Where the schedule does not accept them.
    """
    fields = parameters(registry.load("schedules", name)).values()
    chosen = [field for field in fields if field.name in _CHOSEN and field.default is None]
    required = [field for field in fields if field.required or field in chosen]

    def values(other: float) -> dict[str, Any]:
        numbers = chain([_FIRST], repeat(other))
        return {f.name: _COUNT if is_whole(f) else next(numbers) for f in required}

    def distance(given: dict[str, Any]) -> float:
        return float(abs(_values(registry.make("schedules", name, given)).mean() - _FIRST / 2))

    def accepted(given: dict[str, Any]) -> bool:
        return not mistakes_in(registry.load("schedules", name), given, name)

    found = [values(other) for other in _OTHERS]
    return min(filter(accepted, found) if any(map(accepted, found)) else found, key=distance)


def is_whole(field: Parameter) -> bool:
    """Whether a field takes whole numbers."""
    return field.expected.startswith("a whole number")


def draw(schedule: optframe.Schedule, path: Path) -> None:
    """Draw a schedule into a file."""
    values = _values(schedule)
    canvas = figure(6.2, 2.5)
    axes = canvas.add_subplot()
    axes.plot(values, color=MAIN, marker="o", markersize=2.5, linewidth=0.8)
    axes.set(xlabel="step k", ylabel="value", ylim=(0, 1.08 * values.max() or 1), xlim=(-1, STEPS))
    axes.grid(color="0.9")
    save(canvas, path)


def _values(schedule: optframe.Schedule) -> Any:
    return np.array([schedule(k, k / 10, k / STEPS) for k in range(STEPS)], float)
