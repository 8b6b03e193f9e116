"""Fonts for labels with characters that Matplotlib's own font lacks: Chinese, for example."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

__all__ = ["families", "tell_missing", "without_glyph_warnings"]

OWN = "DejaVu Sans"
"""The font that comes with Matplotlib."""

OTHERS = (
    *(f"Noto Sans CJK {place}" for place in ("SC", "JP", "TC", "KR")),
    *("Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "SimHei"),
    *("PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Arial Unicode MS"),
    *("Noto Sans", "Noto Sans Symbols", "Noto Emoji"),
)
"""Fonts with many more characters, of Linux, Windows and macOS; the first ones are preferred."""

SHOWN = 10
"""The number of missing characters that a message lists."""


def families(texts: Iterable[str]) -> list[str]:
    """Return the fonts that these texts need: Matplotlib's own, and others that are installed."""
    return _chosen(texts)[0]


def tell_missing(texts: Iterable[str]) -> None:
    """Print in one line on standard error which characters no installed font has, if any."""
    missing = sorted(_chosen(texts)[1])
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        print(
            f"optframe: figures show boxes in place of {' '.join(missing[:SHOWN])}{more}, which no "
            f"installed font has; install one that has them, such as {OTHERS[0]}",
            file=sys.stderr,
        )


@contextmanager
def without_glyph_warnings() -> Iterator[None]:
    """Leave out Matplotlib's warning for each missing character; `tell_missing` prints them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        yield


def _chosen(texts: Iterable[str]) -> tuple[list[str], set[str]]:
    """Return the fonts, and the characters that none of them has."""
    missing = {mark for text in texts if not text.isascii() for mark in text if not mark.isascii()}
    if not missing:
        return [OWN], missing
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    installed = {entry.name for entry in fontManager.ttflist}
    found = []
    for family in (OWN, *OTHERS):
        if missing and family in installed:
            font = get_font(findfont(FontProperties(family)))
            has = {mark for mark in missing if font.get_char_index(ord(mark))}
            if has or family == OWN:
                found.append(family)
            missing -= has
    return found, missing
