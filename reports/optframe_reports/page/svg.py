"""Draws a figure as an SVG element for a page with several of them."""

from __future__ import annotations

import re

from optframe import Figure, Frames
from optframe.drawing.figures import picture, written

__all__ = ["render"]


def render(figure: Figure, frames: Frames, prefix: str) -> str:
    """Draw a figure and return its ``<svg>`` element, the same bytes for the same frames.

    Matplotlib uses the same ids in each drawing. So they all get ``prefix``; otherwise drawings in
    one page would refer to each other's ids. The drawing has no size and fills its container.
    Coordinates are rounded to a hundredth of a point, which is not visible.
    """
    text = written(picture(figure, frames), "svg").decode()
    element = text.partition("<svg ")[2]
    element = re.sub(r'^([^>]*?) width="[^"]*" height="[^"]*"|^([^>]*)', r"\1\2", element, count=1)
    element = re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>{prefix}-", element)
    element = re.sub(r'\s(?:d|x|y)="[^"]*"', _rounded, element)
    return f'<svg role="img" {element.strip()}'


def _rounded(places: re.Match[str]) -> str:
    return re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", places[0])
