"""All combinations of evenly spaced values."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Le

from optframe import Space, Tried, Tuner

__all__ = ["Grid"]


@dataclass(frozen=True)
class Grid(Tuner):
    """Grid: every combination of evenly spaced values of each field, the first field slowest.

    ::

        u_i = i / (n − 1)        i = 0, ..., n − 1; both ends of the range are among them
        u_i = (i + ½) / n        where a space has no ends (log-normal), and where n = 1

    A space of ``values`` gives all of them. Values that are equal when they are rounded, as of
    whole numbers in a short range, count once.

    Parameters
    ----------
    points
        n, values of each field, from 1 to 10,000.

    Raises
    ------
    ValueError
        If there are more combinations than trials.
    """

    points: Annotated[int, Ge(1), Le(10_000)] = 9

    deterministic = True

    def ask(
        self, space: Mapping[str, Space], history: Sequence[Tried], trials: int, seed: int
    ) -> list[dict[str, Any]]:
        """Return all combinations that were not proposed yet."""
        axes = [self._values(one) for one in space.values()]
        size = math.prod(map(len, axes))
        if size > trials:
            shape = " × ".join(str(len(axis)) for axis in axes)
            raise ValueError(
                f"grid: found {size} combinations ({shape}) of {', '.join(space)}, expected at "
                f"most as many as trials, {trials}; use trials = {size}, fewer points or fewer "
                "fields"
            )
        combinations = itertools.product(*axes)
        rest = itertools.islice(combinations, len(history), None)
        return [dict(zip(space, values, strict=True)) for values in rest]

    def _values(self, space: Space) -> list[Any]:
        """Return the values of one field, each once, in order."""
        if space.values is not None:
            return list(space.values)
        n = self.points
        with_ends = space.bounded and n > 1
        us = [i / (n - 1) if with_ends else (i + 0.5) / n for i in range(n)]
        return list(dict.fromkeys(space.at(u) for u in us))
