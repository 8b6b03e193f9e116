"""Packs and unpacks the compressed numbers of curves and landscapes, which may be a stranger's.

Nothing is allocated before it is known how much is justified by what the store holds.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.record import Landscape
from optframe.store.values import FLOOR, inflated, justified, names_in, wrong

__all__ = ["check_steps", "curve_in", "landscape_in", "numbers_of", "packed_landscape"]

AXES = 2
"""The largest number of parameters that have a landscape."""


def curve_in(key: str, columns: int, rows: int, data: object) -> NDArray[np.float64]:
    """Return the numbers of a curve, shape (columns, checkpoints), from its row's values.

    Raises
    ------
    ValueError
        If the data are not so many numbers; the message names table, row and column.
    """
    stored = len(data) if isinstance(data, bytes) else 0
    size, most = 8 * columns * rows, justified(stored)
    if size > most:
        raise wrong("curves", key, "rows", rows, f"at most {most // 8 // max(columns, 1)}")
    try:
        found = inflated(data, size)
    except ValueError as error:
        raise wrong("curves", key, "data", data, str(error)) from error
    if len(found) != size:
        expected = f"{columns} columns of {rows} checkpoints, {size} bytes"
        raise wrong("curves", key, "data", f"{len(found)} bytes", expected)
    return np.frombuffer(found, "<f8").reshape(columns, rows)


def numbers_of(row: Mapping[str, Any]) -> tuple[list[str], NDArray[np.float64]]:
    """Return a curve's columns and numbers, shape (columns, checkpoints), from its row.

    Raises
    ------
    ValueError
        If they are damaged; the message names table, row and column.
    """
    names = names_in(row["columns"])
    values = curve_in(row["key"], len(names), row["rows"], row["data"])
    check_steps(values[names.index("step")], np.array([row["rows"]]), [row["key"]])
    return names, values


def check_steps(steps: NDArray[np.float64], lengths: NDArray[np.int64], keys: Any) -> None:
    """Raise `ValueError` if a step of a curve is negative, too large, or below the one before.

    ``steps`` are those of several curves, one after another, with these lengths and keys.
    """
    with np.errstate(invalid="ignore"):
        fits = (steps >= 0) & (steps < 2**53)
    ends = np.cumsum(lengths)
    within = np.ones(len(steps), bool)
    within[(ends - lengths)[lengths > 0]] = False  # a curve may begin below the end of another
    fits[1:] &= (steps[1:] >= steps[:-1]) | ~within[1:]
    if not fits.all():
        place = int(np.argmin(fits))
        key = keys[int(np.searchsorted(ends, place, side="right"))]
        raise wrong(
            "curves",
            key,
            "data",
            float(steps[place]),
            "steps, of which none is below 0 or the one before",
        )


def landscape_in(key: str, blob: bytes) -> Landscape:
    """Return a landscape from its row's value: shapes in JSON, a line end, then the numbers.

    Raises
    ------
    ValueError
        If it is none; the message names table, row and column.
    """
    expected = "a grid for one or two parameters"
    try:
        head, _, data = inflated(blob, FLOOR).partition(b"\n")
        shapes = json.loads(head)
        sides = [shape[0] for shape in shapes[:-1]]
        fits = 1 <= len(sides) <= AXES and all(type(side) is int and side > 0 for side in sides)
        fits = fits and shapes == [*([side] for side in sides), sides]
        if not fits or 8 * (sum(sides) + prod(sides)) != len(data):
            raise ValueError("shapes that the numbers do not have")
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise wrong("curves", key, "landscape", blob, f"{expected} ({error})") from error
    numbers = np.frombuffer(data, "<f8")
    ends = np.cumsum(sides)
    axes = tuple(numbers[end - side : end] for side, end in zip(sides, ends, strict=True))
    return Landscape(axes, numbers[ends[-1] :].reshape(sides))


def packed_landscape(grid: Landscape | None) -> bytes | None:
    """Return a landscape as a store holds it; see `landscape_in`."""
    if grid is None:
        return None
    arrays = [np.ascontiguousarray(a, "<f8") for a in (*grid.axes, grid.loss)]
    head = json.dumps([list(array.shape) for array in arrays]).encode()
    return zlib.compress(head + b"\n" + b"".join(array.tobytes() for array in arrays), 1)
