"""Draws the page's figures, each with its numbers and the command that draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from optframe import Frames, Registry
from optframe.errors import one_line
from optframe_reports.page.svg import render

__all__ = ["Drawing", "draw_all"]

_FIRST = (
    "convergence",
    "generalization",
    "trajectory",
    "time-to-target",
    "ert",
    "distribution",
    "sensitivity",
    "tuning-curve",
    "tuning-landscape",
    "batch-size",
    "timing",
    "time-split",
)
_OF_ONE = ("advantage",)
"""Figures over all problems that also show a study of one problem."""

_MOST = 60
"""The most figures on a page; with more problems, only each one's first figure, then only tables.
"""

_MOST_ROWS = 400
"""The most rows of a figure's numbers on the page."""


@dataclass(frozen=True)
class Drawing:
    """A figure on the page: its SVG, or a line with the reason why there is none.

    If scripts run, it is ``replaced`` by a chart.
    """

    title: str
    svg: str = ""
    missing: str = ""
    error: str = ""
    data: str = ""
    command: str = ""
    replaced: bool = False


def draw_all(
    frames: Frames, problems: Mapping[str, Frames], registry: Registry, store: Path
) -> tuple[list[Drawing], list[list[Drawing]]]:
    """Draw the figures over all problems, and the figures of each problem."""
    names = registry.names("figures")
    ordered = [*(n for n in _FIRST if n in names), *(n for n in names if n not in _FIRST)]
    made: dict[str, Any] = {}
    for name in ordered:
        try:
            made[name] = registry.make("figures", name, {})
        except Exception as error:
            made[name] = error
    ordered = [n for n in ordered if not getattr(made[n], "on_request", False)]
    if not len(frames.tunings):
        ordered = [n for n in ordered if not getattr(made[n], "of_tuning", False)]
    across = [n for n in ordered if getattr(made[n], "across", False)]
    single = [n for n in ordered if n not in across]
    if len(problems) == 1:
        single = [*(n for n in _OF_ONE if n in across), *single]
    folder = quote(store.parent.name)

    def drawn(names: list[str], part: Frames, prefix: str, option: str = "") -> list[Drawing]:
        return [
            _drawing(n, made[n], part, f"{prefix}{i}", f"optframe draw {n} {folder}{option}")
            for i, n in enumerate(names, start=1)
        ]

    of_problems: list[list[Drawing]] = []
    left = _MOST
    for index, (problem, own) in enumerate(problems.items(), start=1):
        few = len(single) if left >= len(single) * (len(problems) - index + 1) else 1
        chosen = single[: few if left > 0 else 0]
        of_problems.append(drawn(chosen, own, f"p{index}f", f" -p {quote(problem)}"))
        left -= sum(bool(drawing.svg) for drawing in of_problems[-1])
    return drawn(across if len(problems) > 1 else [], frames, "a"), of_problems


def _drawing(name: str, figure: Any, frames: Frames, prefix: str, command: str) -> Drawing:
    title = name
    try:
        if isinstance(figure, Exception):
            raise figure
        title = figure.title()
        missing = figure.missing(frames)
        if missing is not None:
            return Drawing(title, missing=missing)
        numbers = figure.data(frames)
        text = numbers.head(_MOST_ROWS).to_csv(index=False, float_format="%.6g")
        if len(numbers) > _MOST_ROWS:
            text += f"... and {len(numbers) - _MOST_ROWS} more rows: {command} --out numbers.csv\n"
        svg = render(figure, frames, prefix)
        return Drawing(title, svg=svg, data=text, command=command, replaced=name == "convergence")
    except Exception as error:
        message = one_line(error)
        return Drawing(title, error=f"figure {name!r} raised {type(error).__name__}: {message}")
