"""What all pictures share: their style, their colours, and how they are written."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from optframe.drawing.palette import color_of_each

__all__ = ["MAIN", "OTHER", "figure", "plain", "save"]

MAIN, OTHER = color_of_each(["main", "other"]).values()

_STYLE: dict[str, Any] = {
    "svg.hashsalt": "optframe",  # the same ids, and so the same bytes, in every build
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans", "Verdana", "sans-serif"],
    "axes.edgecolor": "0.35",
    "axes.axisbelow": True,
}
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}


def figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches."""
    with matplotlib.style.context(["default", _STYLE]):
        return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.08))


def save(drawn: Figure, path: Path) -> None:
    """Write a figure as SVG, on white, so that it can be read in a dark page too."""
    with matplotlib.style.context(["default", _STYLE]):
        drawn.savefig(path, format="svg", metadata=_NO_METADATA)


def plain(value: float) -> str:
    """Write a number to two digits: 0.0013, 1.3·10⁻⁷."""
    if value == 0 or not math.isfinite(value) or 1e-4 <= abs(value) < 1e5:
        return f"{value:.2g}"
    digits, _, exponent = f"{value:.1e}".partition("e")
    return f"{digits}·10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
