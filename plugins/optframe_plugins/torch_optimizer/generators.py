"""The global generators that a class may draw from: those of torch, NumPy and Python."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

__all__ = ["drawn_from", "kept", "seed"]


def _states() -> dict[str, Any]:
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": repr(np.random.get_state()),
        "python": random.getstate(),
    }


@contextlib.contextmanager
def drawn_from() -> Iterator[set[str]]:
    """Yield a set; after the block it has the names of the generators that were drawn from."""
    before, names = _states(), set[str]()
    yield names
    after = _states()
    names |= {name for name in after if after[name] != before[name]}


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Restore the generators after the block."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])


def seed(names: frozenset[str], device: Any, generator: np.random.Generator) -> None:
    """Seed these generators, that of the device for torch, by a draw from a generator."""
    number = int(generator.integers(2**63))
    if "torch" in names:
        # `torch.manual_seed` takes 50 times as long.
        torch.default_generator.manual_seed(number)
        if device.type == "cuda":
            torch.cuda.default_generators[device.index].manual_seed(number)
    if "numpy" in names:
        np.random.seed(number % 2**32)
    if "python" in names:
        random.seed(number)
