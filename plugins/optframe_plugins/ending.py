"""The end of a decay: a value, or a factor of the value at the start."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["check_end", "end_of"]


def check_end(schedule: Any) -> None:
    """Raise `ValueError` if both an end other than 0, the default, and a factor are given."""
    if schedule.factor is not None and (np.ndim(schedule.end) or schedule.end):
        raise ValueError("expected either end or factor, found both")


def end_of(schedule: Any) -> float:
    """Return the value at the end of a schedule."""
    factor: float | None = schedule.factor
    return schedule.end if factor is None else factor * schedule.start  # type: ignore[no-any-return]
