"""Writes an animation of a figure as an APNG, which browsers play and image viewers open."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optframe.drawing.figures import picture
from optframe.errors import UsageError
from optframe.given_files import expanded

if TYPE_CHECKING:
    from optframe.contracts import Figure, Frames

__all__ = ["write_animation"]

DPI = 100
MOST_BYTES = 2_000_000
_COLORS = 256
_HELD = 1.0
"""Additional seconds for the last image, at most a quarter of the animation."""


def write_animation(
    figure: Figure, frames: Frames, path: Path | str, *, seconds: float = 8.0
) -> Path:
    """Write an animation of a figure as an animated PNG, and return its path.

    The figure must have a method ``animation(frames)``, which yields a figure for each image, all
    of the same size. A figure that is yielded several times is drawn once. Each image lasts equally
    long, the last one a second more, and all of them together ``seconds``. Then the animation
    begins again. A viewer that does not support animations shows the last image. A file larger than
    2 MB is written again with fewer pixels. The same frames give the same bytes.

    Raises
    ------
    UsageError
        If the figure has no animation, there is nothing to draw, or the file is not a ``.png``.
    """
    path = expanded(path)
    if path.suffix.lower() not in (".png", ".apng"):
        raise UsageError(f"{path}: found {path.suffix!r}, expected .png or .apng for an animation")
    animation = getattr(figure, "animation", None)
    if animation is None:
        raise UsageError(f"{figure.title()}: it has no animation; write a .svg, .pdf or .png")
    reason = figure.missing(frames)
    if reason is not None:
        raise UsageError(f"{figure.title()}: {reason}")
    dpi = float(DPI)
    while True:
        moments = list(animation(frames))
        drawn = {id(moment): moment for moment in moments}
        images = {name: _image(moment, frames, dpi) for name, moment in drawn.items()}
        film = _film([images[id(moment)] for moment in moments], seconds)
        if len(film) <= MOST_BYTES:
            path.write_bytes(film)
            return path
        dpi *= min(0.9, 0.95 * (MOST_BYTES / len(film)) ** 0.5)


def _image(moment: Figure, frames: Frames, dpi: float) -> Any:
    """Draw one image of the animation as a Pillow image."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    with matplotlib.style.context("default"):
        canvas = picture(moment, frames)
        canvas.dpi = dpi
        agg: Any = FigureCanvasAgg(canvas)
        agg.draw()
        size = agg.get_width_height()
        return Image.frombuffer("RGBA", size, agg.buffer_rgba()).convert("RGB")


def _film(images: list[Any], seconds: float) -> bytes:
    """Return images as one APNG, in the colours of the last one, which shows everything."""
    palette = _palette(images[-1])
    few = [image.quantize(palette=palette, dither=0) for image in images]
    held = min(_HELD, seconds / 4)
    each = 1000 * (seconds - held) / len(few)
    ends = [round(each * (i + 1)) for i in range(len(few))]
    durations = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    durations[-1] += round(1000 * held)
    stream = io.BytesIO()
    few[-1].save(
        stream,
        format="PNG",
        save_all=True,
        append_images=few,
        default_image=True,
        duration=durations,
        loop=0,
        optimize=False,
    )
    return stream.getvalue()


def _palette(image: Any) -> Any:
    """Return the most frequent colours of an image without rounding, so that lines keep theirs."""
    from PIL import Image

    counted = image.getcolors(image.width * image.height)
    often = sorted(counted, key=lambda pair: (-pair[0], pair[1]))[:_COLORS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for _, color in often for channel in color])
    return palette
