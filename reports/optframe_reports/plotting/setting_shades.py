"""Places the values of settings between the best and the worst, and gives them colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BROKEN", "colors_of_places", "places"]

Floats = NDArray[np.float64]

BROKEN = "0.8"
"""The colour of settings that broke down."""


def places(values: Floats) -> Floats:
    """Return each value's place from 0, the best, to 1, the worst; NaN where it is infinite.

    It is that of the logarithm where all finite values are positive.
    """
    known = np.isfinite(values)
    found = np.full(values.shape, np.nan)
    if not known.any():
        return found
    kept = values[known]
    kept = np.log(kept) if kept.min() > 0 else kept
    span = float(kept.max() - kept.min())
    found[known] = (kept - kept.min()) / span if span > 0 else 0.0
    return found


def colors_of_places(shares: Floats) -> list[Any]:
    """Return the colour of each place: dark is the best, light the worst, grey broke down."""
    from matplotlib import colormaps

    plasma = colormaps["plasma"]
    return [BROKEN if np.isnan(share) else plasma(0.92 * float(share)) for share in shares]
