"""The records of a problem, as NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import UsageError
from optframe.errors import described
from optframe_problems.data_loading import parts

__all__ = ["Records", "all_parts"]

Records = tuple[NDArray[Any], ...]
"""The inputs, of which there may be several, and the targets; n records along the first axis."""


def all_parts(data: Any, validation: Any, test: Any) -> dict[str, Records]:
    """Return the records of the parts that there are (`optframe_problems.data_loading.parts`).

    Raises
    ------
    UsageError
        If data is missing, empty, of different lengths, not numeric, or not finite.
    """
    return parts.all_parts("JaxProblem", data, validation, test, _read)


def _read(data: Any, who: str) -> Records:
    """Return the arrays of one part."""
    if not isinstance(data, (tuple, list)) or not data or not hasattr(data[0], "shape"):
        raise UsageError(
            f"{who} is of type {type(data).__name__}; expected a tuple of arrays, such as "
            "(inputs, targets), with a row for each record"
        )
    records = tuple(_array(part, f"{who}, number {n}") for n, part in enumerate(data, 1))
    parts.check_rows(records, who, _first_not_finite)
    return records


def _first_not_finite(part: NDArray[Any]) -> Any:
    if part.dtype.kind != "f" or np.isfinite(part).all():
        return None
    return np.argwhere(~np.isfinite(part))[0].tolist()


def _array(values: Any, who: str) -> NDArray[Any]:
    """Return an array on the host, which shares memory where it can."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"{who} is of type {type(values).__name__} and holds no numbers; expected an array "
            f"({described(error)})"
        ) from error
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{who} is an array of {array.dtype}; expected numbers")
    if not array.ndim:
        raise UsageError(f"{who} is a single number; expected an array with a row per record")
    return np.ascontiguousarray(array)
