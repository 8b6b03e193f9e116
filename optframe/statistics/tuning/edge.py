"""Says whether the best setting is at the edge of its space, and which space to try."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optframe.contracts.space import Space, rounded
from optframe.statistics.grouped import Flags
from optframe.statistics.tuning.search import DEVIATIONS, Search

__all__ = ["at_edge", "beyond"]

OUTER = 0.1
"""The share of u at each end of a space that is its edge."""

_DECADE, _THIRD = 10.0, 10.0 ** (1 / 3)


def at_edge(search: Search) -> str | None:
    """Return a sentence if the winner is at the edge of a field's space, with the space to try.

    It is at the edge if its u is in the outer tenth at either end, and no setting whose u is in the
    inner 80 % is as good within two deviations over seeds. The winner's place alone would be at the
    edge of some field in 40 to 53 % of searches of four fields. Of a list of numbers, the edge is
    the least and the largest one.
    """
    rows = search.searched
    place = np.flatnonzero(rows["number"] == search.winner)
    if search.winner is None or not place.size:
        return None
    values = rows["value"].to_numpy(np.float64)
    best = float(values[place[0]])
    broken = rows["broken"].to_numpy(np.float64)
    good = values <= best + DEVIATIONS * search.seed_deviation
    good &= broken <= broken[place[0]]
    parts, tries = [], []
    for name, space in search.space.items():
        edges = _edges(search, name, space)
        if edges is None:
            continue
        low, high = edges
        upper, lower = bool(high[place[0]]), bool(low[place[0]])
        if not (upper or lower) or (good & ~low & ~high).any():
            continue
        further = beyond(space, upper)
        if further is None:
            continue
        value = search.value_of(name, search.winner)
        end = "upper" if upper else "lower"
        parts.append(f"{name} = {_text(value)}, at the {end} end of {_named(space)}")
        tries.append(f"{name} = {_table(further)}")
    if not parts:
        return None
    return (
        f"The best setting of {search.name} has {' and '.join(parts)}, and no setting farther "
        f"inside is as good within two deviations over seeds: try {', '.join(tries)}."
    )


def beyond(space: Space, upper: bool) -> Space | None:
    """Return the space that reaches one decade farther at one end, None if it cannot.

    ``one-minus-log`` reaches a third of a decade of 1 − v farther. ``linear`` reaches its own width
    farther; if it is within 0 and 1, so does its upper end as that of ``one-minus-log``. No end
    crosses 0. A list of numbers gets one more, in the ratio of the last two if all are positive,
    else at their distance; in the ratio of 1 − v if all are below 1 and the largest is at least ½.
    """
    if space.values is not None:
        return _longer(sorted(space.values), upper)
    if not space.bounded or space.low is None or space.high is None:
        return None
    low, high = float(space.low), float(space.high)
    if space.scale == "log":
        moved = high * _DECADE if upper else low / _DECADE
    elif upper and (space.scale == "one-minus-log" or (low >= 0 and high <= 1)):
        moved = 1 - rounded((1 - high) / _THIRD, 2)
    elif space.scale == "one-minus-log":
        moved = max(1 - (1 - low) * _THIRD, min(low, 0.0))
    elif upper:
        moved = high if high == 0 else 2 * high - low
    else:
        moved = max(2 * low - high, 0.0) if low >= 0 else 2 * low - high
    moved = rounded(moved, 15 if upper and high < 1 else 3)
    if space.whole:
        moved = float(math.ceil(moved) if upper else math.floor(moved))
    if moved == (high if upper else low) or (space.scale == "log" and moved <= 0):
        return None
    return replace(space, high=moved) if upper else replace(space, low=moved)


def _longer(values: Sequence[Any], upper: bool) -> Space | None:
    """Return a list of numbers with one more at an end."""
    ends = values[-2:] if upper else values[1::-1]
    if len(ends) < 2:
        return None
    inner, outer = ends
    if upper and 0.5 <= outer < 1:
        more = 1 - rounded((1 - outer) ** 2 / (1 - inner), 2)
    elif values[0] > 0:
        more = outer * outer / inner
    else:
        more = 2 * outer - inner
    more = rounded(more)
    if all(isinstance(value, int) for value in values):
        more = round(more)
    if more in values or (more < 0 <= values[0]):
        return None
    return Space(values=(*values, more) if upper else (more, *values))


def _edges(search: Search, name: str, space: Space) -> tuple[Flags, Flags] | None:
    """Return which settings of `Search.searched` are at the lower, and the upper end of a field."""
    if space.values is not None:
        if not all(map(_is_number, space.values)) or len(set(space.values)) < 3:
            return None
        given = [search.value_of(name, int(n)) for n in search.searched["number"]]
        values = np.array([v if _is_number(v) else math.nan for v in given], dtype=np.float64)
        return values <= min(space.values), values >= max(space.values)
    if not space.bounded:
        return None
    u = search.u(name)
    return u < OUTER, u > 1 - OUTER


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return f"{value:g}" if _is_number(value) else str(value)


def _table(space: Space) -> str:
    """Return a space as a study file writes it."""
    if space.values is not None:
        return f"[{', '.join(map(_text, space.values))}]"
    parts = [f"low = {_text(space.low)}", f"high = {_text(space.high)}"]
    parts += [f'scale = "{space.scale}"']
    parts += [f"step = {_text(space.step)}"] if space.step is not None else []
    parts += [f'times = "{space.times}"'] if space.times else []
    return "{ " + ", ".join(parts) + " }"


def _named(space: Space) -> str:
    """Return a space as a sentence names it: ``1e-05..0.1 (log)``, ``[16, 64]``."""
    if space.values is not None:
        return _table(space)
    ends, _, more = str(space).partition(", ")
    return f"{ends} ({more})"
