"""The records of a problem, as NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Part, UsageError
from optframe.errors import described
from optframe_problems.data_loading.split import Division, shuffled, stratified

__all__ = ["PARTS", "Records", "all_parts"]

PARTS = {"train": "", "validation": "validation_", "test": "test_"}
"""The parts of the data, with what stands before the names of their metrics."""

Records = tuple[NDArray[Any], ...]
"""The inputs, of which there may be several, and the targets; n records along the first axis."""


def all_parts(data: Any, validation: Any, test: Any) -> dict[str, Records]:
    """Return the records of the parts ``train``, ``validation`` and ``test`` that there are.

    ``validation`` and ``test`` are data as ``data`` is, or a share of the records in [0, 1) that is
    split off from ``data``. Classes have the same shares in all parts.

    Raises
    ------
    UsageError
        If data is missing, empty, of different lengths, not numeric, or not finite.
    """
    parts = {"train": _read(data, "data")}
    shares = {"validation": 0.0, "test": 0.0}
    for name, given in (("validation", validation), ("test", test)):
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            shares[name] = float(given)
        elif given is not None:
            parts[name] = _read(given, name)
            _check_alike(parts["train"], parts[name], name)
    if any(shares.values()):
        parts = {
            **_split(parts["train"], **shares),
            **{n: r for n, r in parts.items() if n != "train"},
        }
    return parts


def _read(data: Any, name: str) -> Records:
    """Return the arrays of one part."""
    who = f"JaxProblem: {name}"
    if not isinstance(data, (tuple, list)) or not data or not hasattr(data[0], "shape"):
        raise UsageError(
            f"{who} is of type {type(data).__name__}; expected a tuple of arrays, such as "
            "(inputs, targets), with a row for each record"
        )
    records = tuple(_array(part, f"{who}, number {n}") for n, part in enumerate(data, 1))
    sizes = [len(part) for part in records]
    if len(set(sizes)) > 1:
        raise UsageError(
            f"{who} has {' and '.join(str(size) for size in sizes)} records; expected as many "
            "targets as inputs"
        )
    if not sizes[0]:
        raise UsageError(f"{who} is empty; expected at least one record")
    for number, part in enumerate(records, 1):
        if part.dtype.kind == "f" and not np.isfinite(part).all():
            place = np.argwhere(~np.isfinite(part))[0].tolist()
            what = "targets" if number == len(records) and number > 1 else "inputs"
            raise UsageError(
                f"{who}: the {what} hold {float(part[tuple(place)])} at {place} (record first, "
                "from 0); expected finite numbers"
            )
    return records


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


def _check_alike(train: Records, other: Records, name: str) -> None:
    """Raise if a part's records have other shapes than the training records."""
    ours, others = ([part.shape[1:] for part in records] for records in (train, other))
    if ours != others:
        raise UsageError(
            f"JaxProblem: {name} has records of shapes {others}; expected {ours}, as in data"
        )


def _split(records: Records, validation: float, test: float) -> dict[str, Records]:
    """Split the records, by class where the last array holds classes."""
    try:
        division = Division(test=test, validation=validation)
    except ValueError:
        raise UsageError(
            f"JaxProblem: validation = {validation:g} and test = {test:g}; expected shares of at "
            "least 0 that leave some records for training"
        ) from None
    targets = records[-1]
    classes = targets.ndim == 1 and targets.dtype.kind in "iu" and targets.min() >= 0
    indices = np.arange(len(targets))[:, None]
    part = Part(indices, targets.astype(np.int64) if classes else np.zeros(len(targets)))
    made = (stratified if classes else shuffled)("JaxProblem: data", part, division)
    rows = {name: getattr(made, name).inputs[:, 0] for name in PARTS}
    return {name: tuple(p[row] for p in records) for name, row in rows.items() if len(row)}
