"""Lists all relabellings of runs, or draws some, in a way that depends on names alone."""

from __future__ import annotations

import hashlib
import itertools
import math
from functools import lru_cache

import numpy as np

from optframe.statistics.medians import Floats

__all__ = ["DRAWS", "drawn_deals", "every_deal", "every_swap", "generator"]

DRAWS = 9_999
"""How many relabellings are drawn where there are too many; the observed one is added."""


def every_swap(blocks: int) -> Floats:
    """Return all ways to swap blocks: rows of 0 and 1."""
    numbers = np.arange(2**blocks)[:, None]
    return np.asarray((numbers >> np.arange(blocks)) & 1, dtype=np.float64)


def every_deal(n: int, m: int) -> Floats:
    """Return all ways to deal n of n + m runs to the first contender: rows of 0 and 1."""
    hands = np.zeros((math.comb(n + m, n), n + m))
    for row, places in zip(hands, itertools.combinations(range(n + m), n), strict=True):
        row[list(places)] = 1.0
    return hands


@lru_cache(maxsize=64)
def drawn_deals(name: str, batch: int, n: int, m: int) -> Floats:
    """Return `DRAWS` drawn ways to deal n of n + m runs to the first contender."""
    keys = generator(name, batch, n, m).random((DRAWS, n + m))
    return np.asarray(np.argsort(np.argsort(keys, axis=1), axis=1) < n, dtype=np.float64)


def generator(*names: object) -> np.random.Generator:
    """Return a generator that depends on names, and not on the order of rows."""
    digest = hashlib.sha256("\0".join(map(str, names)).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
