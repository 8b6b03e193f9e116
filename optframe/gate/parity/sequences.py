"""Starts and sequences of gradients that tell conventions apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEPS", "Sequences", "gradient_sequences"]

STEPS = 25

Sequences = dict[str, tuple[NDArray[Any], NDArray[Any]]]
"""By name: a start, shape (P,), and the gradients of the steps, shape (25, P)."""


def gradient_sequences(size: int) -> Sequences:
    """Return six starts and sequences, the same in every run.

    They show where δ stands (tiny gradients), what is done before the first gradient (zeros), how
    averages decay (sparse ones) and what a sign decides (alternating ones).
    """
    random = np.random.default_rng(21)
    normal = random.standard_normal((STEPS, size))
    steps = np.arange(STEPS)[:, None]
    few = normal * (random.random((STEPS, size)) < 0.2)
    near = random.uniform(0.9, 1.1, (STEPS, size))
    gradients = {
        "normal": normal,
        "sparse": few,
        "tiny": 1e-6 * normal,
        "huge": 1e6 * normal,
        "three zeros first": normal * (steps >= 3),
        "alternating signs": (-1.0) ** steps * abs(normal[:1]) * near,
    }
    start = 0.01 * random.standard_normal(size)
    scales = dict.fromkeys(gradients, 1.0) | {"tiny": 1e-6}
    return {name: (scales[name] * start, rows) for name, rows in gradients.items()}
