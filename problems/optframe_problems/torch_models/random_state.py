"""Seeds the generators that a module may draw from, and restores them."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

__all__ = ["drawing_from", "generators", "others"]


def generators(device: torch.device) -> list[Any]:
    """Return torch's own generators that a module on this device may draw from."""
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        torch.cuda.init()
        return [torch.default_generator, torch.cuda.default_generators[index]]
    return [torch.default_generator]


def others() -> tuple[Any, Any]:
    """Return the states of the global generators of Python and NumPy."""
    return random.getstate(), np.random.get_state(legacy=False)


@contextlib.contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Seed the global generators of torch, NumPy and Python in the block; restore them after it."""
    of_python, of_numpy = others()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)
