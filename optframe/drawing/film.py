"""Films: a figure's moments in one APNG, which every browser plays and every viewer opens."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optframe.drawing.figures import picture
from optframe.errors import UsageError

if TYPE_CHECKING:
    from optframe.contracts import Figure, Frames

__all__ = ["write_animation"]

DPI = 100
MOST_BYTES = 2_000_000
_COLORS = 256
_HELD = 1.0
"""Seconds for which the last moment stays, of at most a quarter of the film."""


def write_animation(
    figure: Figure, frames: Frames, path: Path | str, *, seconds: float = 8.0
) -> Path:
    """Write the moments of a figure that has some as an animated PNG, and return its path.

    The figure says what its moments are: a method ``animation(frames)`` yields a figure for each of
    them, all of one size. They last equally long, the last one a second more, all of them
    ``seconds``; then the film begins again. A viewer that plays no films shows the last moment. A
    film that would be larger than 2 MB is written with fewer pixels. The same frames give the same
    bytes.

    Raises
    ------
    UsageError
        Where the figure has no moments, there is nothing to draw, or the file is no ``.png``.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".apng"):
        raise UsageError(f"a film is an animated PNG; expected a file .png or .apng, got {path}")
    animation = getattr(figure, "animation", None)
    if animation is None:
        raise UsageError(f"{figure.title()}: this figure is no film")
    reason = figure.missing(frames)
    if reason is not None:
        raise UsageError(f"{figure.title()}: {reason}")
    dpi = float(DPI)
    while True:
        images = [_image(moment, frames, dpi) for moment in animation(frames)]
        film = _film(images, seconds)
        if len(film) <= MOST_BYTES:
            path.write_bytes(film)
            return path
        dpi *= min(0.9, 0.95 * (MOST_BYTES / len(film)) ** 0.5)


def _image(moment: Figure, frames: Frames, dpi: float) -> Any:
    """Draw a moment as a Pillow image."""
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
    """Write images as one APNG, in the colours of the last one, which has seen all there is."""
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
    """Return the colours that most of an image has, exactly: lines keep theirs."""
    from PIL import Image

    counted = image.getcolors(image.width * image.height)
    often = sorted(counted, key=lambda pair: (-pair[0], pair[1]))[:_COLORS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for _, color in often for channel in color])
    return palette
