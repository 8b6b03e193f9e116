"""The picture of a path: contours, the optimizer's steps, and plain gradient descent's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import optframe
from optframe_sphinx.paths import Course
from optframe_sphinx.pictures import MAIN, OTHER, figure, save

__all__ = ["draw"]

Frame = tuple[tuple[float, float], tuple[float, float]]

_FRAME: Frame = ((-0.6, 1.8), (-0.5, 1.15))
_MARGIN = 0.06
_CONTOURS = 4.0 ** np.arange(-7, 5)
_WIDTH = 7.0  # inches


def draw(problem: optframe.Function, course: Course, beside: Course | None, path: Path) -> None:
    """Draw a course into a file, and another one beside it.

    Parameters
    ----------
    problem
        Two parameters, with a known minimizer.
    course, beside
        The runs, from the same start.
    path
        An SVG file.
    """
    courses: list[tuple[Course, str, str, Any]] = [(course, MAIN, "o", "-")]
    if beside is not None:
        courses.append((beside, OTHER, "s", (0, (4, 1.5))))
    frame = _frame([drawn.points for drawn, *_ in courses])
    (left, right), (bottom, top) = frame
    legend = 0.23 * (len(courses) + 2)
    canvas = figure(_WIDTH, 0.92 * _WIDTH * (top - bottom) / (right - left) + 0.45 + legend)
    axes: Any = canvas.add_subplot()
    _contours(axes, problem, frame)
    for drawn, color, mark, dashes in courses:
        axes.plot(
            *drawn.points.T,
            color=color,
            linestyle=dashes,
            linewidth=1.3,
            marker=mark,
            markersize=3.6,
            zorder=3 if drawn is course else 2,
            label=drawn.label,
        )
    points = {"markeredgecolor": "white", "color": "black", "linestyle": "none", "zorder": 4}
    axes.plot(*course.points[0], "D", markersize=8, label="start", **points)
    axes.plot(*np.asarray(problem.minimizer), "*", markersize=15, label="minimum", **points)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xlabel="θ₁", ylabel="θ₂")
    canvas.legend(loc="outside lower left", frameon=False, handlelength=3)
    save(canvas, path)


def _frame(paths: list[Any]) -> Frame:
    """Return the frame that all pictures share, wider where a path leaves it."""
    points = np.concatenate(paths)
    low, high = points.min(axis=0) - _MARGIN, points.max(axis=0) + _MARGIN
    (left, right), (bottom, top) = _FRAME
    return (
        (min(left, float(low[0])), max(right, float(high[0]))),
        (min(bottom, float(low[1])), max(top, float(high[1]))),
    )


def _contours(axes: Any, problem: optframe.Function, frame: Frame) -> None:
    x, y = (np.linspace(*side, 241) for side in frame)
    losses = problem.loss(np.stack(np.meshgrid(x, y), axis=-1))
    axes.contour(x, y, losses, levels=_CONTOURS, colors="0.72", linewidths=0.8)
