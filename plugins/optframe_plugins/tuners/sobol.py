"""Points that fill the space evenly."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe import Space, Tried, Tuner

__all__ = ["Sobol"]

FIELDS = 32
"""The columns of the sequence. There are always so many: with another number of columns, SciPy's
first column is another one for the same seed."""

ROWS = 2**20
"""The longest sequence, of 256 MiB."""


@dataclass(frozen=True)
class Sobol(Tuner):
    """Sobol: the points of a scrambled Sobol sequence, which fill the space more evenly than draws.

    ::

        setting_i[field j] = v(u_ij),   u the sequence in 32 dimensions, j the field's place

    The sequence is made with a power of two of rows, and its first rows are used. So the first 25
    settings of 50 are the 25 of a shorter search.

    Raises
    ------
    ValueError
        If there are more than 32 fields, or more than 2²⁰ trials.

    References
    ----------
    Sobol, I. M. (1967), On the distribution of points in a cube and the approximate evaluation of
    integrals, USSR Computational Mathematics and Mathematical Physics 7. Owen, A. B. (1998),
    Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 14.
    """

    def ask(
        self, space: Mapping[str, Space], history: Sequence[Tried], trials: int, seed: int
    ) -> list[dict[str, Any]]:
        """Return all settings that were not proposed yet."""
        if len(space) > FIELDS:
            raise ValueError(
                f"sobol: found {len(space)} fields, expected at most {FIELDS}; use the tuner "
                "random, or fix some of the fields"
            )
        if trials > ROWS:
            raise ValueError(
                f"sobol: found {trials} trials, expected at most {ROWS}; use the tuner random"
            )
        if trials <= len(history):
            return []
        rows = points(trials, seed)[len(history) : trials]
        return [
            {name: one.at(float(u)) for (name, one), u in zip(space.items(), row, strict=False)}
            for row in rows
        ]


def points(trials: int, seed: int) -> np.ndarray:
    """Return at least so many rows of the sequence, shape (2ᵐ, 32)."""
    from scipy.stats import qmc

    # SciPy 1.15 renamed the argument.
    word = "rng" if "rng" in inspect.signature(qmc.Sobol).parameters else "seed"
    sequence = qmc.Sobol(FIELDS, scramble=True, **{word: np.random.default_rng(seed)})
    rows: np.ndarray = sequence.random_base2((trials - 1).bit_length())
    return rows
