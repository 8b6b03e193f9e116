"""The checkpoints of a run: the numbers of steps after which it is measured."""

from __future__ import annotations

from collections.abc import Iterator

from optframe.contracts.trial import LAST_STEP, Checkpoints

__all__ = ["marks"]

GROWTH = 1.15
"""The ratio of successive checkpoints if the number of steps is not known in advance."""


def marks(checkpoints: Checkpoints, total: int | None, per_epoch: int | None) -> Iterator[int]:
    """Yield the steps after which a run is measured, in increasing order.

    ``total`` is the number of steps of the budget, and ``per_epoch`` that of an epoch; each is None
    if it is not known. The iterator never ends: after the last checkpoint it repeats ``total``.
    """
    every = checkpoints.every_steps
    if checkpoints.every_epochs is not None and per_epoch is not None:
        every = max(1, round(min(checkpoints.every_epochs * per_epoch, LAST_STEP)))
    if every is not None:
        step = every
        while total is None or step < total:
            yield step
            step += every
    elif total is not None:
        # `count` checkpoints, spaced logarithmically. If the next one would be the same step, it is
        # the following step instead, and the ratio is computed anew from there for those left.
        step = 0
        for left in range(min(checkpoints.count, total) - 1, 0, -1):
            step = max(step + 1, round(step * (total / max(step, 1)) ** (1 / (left + 1))))
            yield step
    else:
        step = 1
        while True:
            yield step
            step = max(step + 1, int(step * GROWTH))
    # A solver's run asks for the next checkpoint even after the last one.
    while True:
        yield total or 0
