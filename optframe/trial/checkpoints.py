"""Where a run is measured, and the contours around the path of a small problem."""

from __future__ import annotations

from collections.abc import Iterator

from optframe.contracts.trial import Checkpoints

__all__ = ["marks"]

GROWTH = 1.15
"""The ratio of successive checkpoints where the number of steps is not known beforehand."""


def marks(checkpoints: Checkpoints, total: int | None, per_epoch: int | None) -> Iterator[int]:
    """Yield the steps after which a run is measured, increasing, and without end."""
    every = checkpoints.every_steps
    if checkpoints.every_epochs is not None and per_epoch is not None:
        every = max(1, round(checkpoints.every_epochs * per_epoch))
    if every is not None:
        step = every
        while total is None or step < total:
            yield step
            step += every
    elif total is not None:
        # Log-spaced, so many of them: where they would fall on one step, the next step, and those
        # that are left share out what is left.
        step = 0
        for left in range(min(checkpoints.count, total) - 1, 0, -1):
            step = max(step + 1, round(step * (total / max(step, 1)) ** (1 / (left + 1))))
            yield step
    else:
        step = 1
        while True:
            yield step
            step = max(step + 1, int(step * GROWTH))
    while True:
        yield total or 0
