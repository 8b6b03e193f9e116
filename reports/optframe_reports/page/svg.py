"""From a figure component to an SVG element that can stand in a page among others."""

from __future__ import annotations

import re

from optframe import Figure, Frames
from optframe.drawing import picture, written

__all__ = ["render"]


def render(figure: Figure, frames: Frames, prefix: str) -> str:
    """Draw a figure and return its ``<svg>`` element, the same bytes for the same frames.

    Matplotlib numbers the ids of each drawing alike, so all get ``prefix``: in one page they would
    else refer to each other's. The drawing has no size of its own and fills what holds it.
    """
    text = written(picture(figure, frames), "svg").decode()
    element = text.partition("<svg ")[2]
    element = re.sub(r'^([^>]*?) width="[^"]*" height="[^"]*"|^([^>]*)', r"\1\2", element, count=1)
    element = re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>{prefix}-", element)
    return f'<svg role="img" {element.strip()}'
