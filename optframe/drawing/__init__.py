"""Draws figures on axes, into files, and as animations."""

from optframe.drawing.figures import FORMATS, draw, frames_of, picture, prepared, written

__all__ = ["FORMATS", "draw", "frames_of", "picture", "prepared", "written"]
