"""From a figure component to an SVG element that can stand in a page among others."""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure as Canvas

from optframe import Figure, Frames

__all__ = ["render"]

_STYLE: dict[str, Any] = {
    "svg.hashsalt": "optframe",
    "axes.edgecolor": "0.35",
    "axes.axisbelow": True,
    "grid.color": "0.85",
    "legend.handlelength": 2.6,
}
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_WIDTH, _HEIGHT = 6.4, 3.9  # inches; text is readable where the page shows two side by side


def render(figure: Figure, frames: Frames, prefix: str) -> str:
    """Draw a figure and return its ``<svg>`` element, the same bytes for the same frames.

    Matplotlib numbers the ids of each drawing alike, so all get ``prefix``: in one page they would
    else refer to each other's. The drawing has no size of its own and fills what holds it.
    """
    with matplotlib.style.context(["default", _STYLE]):
        canvas = Canvas(figsize=(_WIDTH, _HEIGHT))
        figure.draw(canvas, frames)
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata=_NO_METADATA)
    element = written.getvalue().partition("<svg ")[2]
    element = re.sub(r'^([^>]*?) width="[^"]*" height="[^"]*"|^([^>]*)', r"\1\2", element, count=1)
    element = re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>{prefix}-", element)
    return f'<svg role="img" {element.strip()}'
