"""The parts of the data that a user gives: training, validation and test records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Part, UsageError
from optframe_problems.data_loading.split import Division, shuffled, stratified

__all__ = ["PARTS", "all_parts", "check_rows"]

PARTS = {"train": "", "validation": "validation_", "test": "test_"}
"""The parts of the data, with what stands before the names of their metrics."""

Records = tuple[Any, ...]
"""The inputs, of which there may be several, and the targets; n records along the first axis."""


def all_parts(
    who: str, data: Any, validation: Any, test: Any, read: Callable[[Any, str], Records]
) -> dict[str, Records]:
    """Return the records of the parts ``train``, ``validation`` and ``test`` that there are.

    ``validation`` and ``test`` are data as ``data`` is, or a share of the records in [0, 1) that is
    split off from ``data``. Classes have the same shares in all parts. ``read(data, name)`` returns
    the records of one part, as arrays on the host; ``who`` begins the messages.

    Raises
    ------
    UsageError
        If parts have records of different shapes, or the shares leave nothing for training.
    """
    train = read(data, f"{who}: data")
    given: dict[str, Records] = {}
    shares = {"validation": 0.0, "test": 0.0}
    for name, part in (("validation", validation), ("test", test)):
        if isinstance(part, (int, float)) and not isinstance(part, bool):
            shares[name] = float(part)
        elif part is not None:
            given[name] = read(part, f"{who}: {name}")
            _check_alike(train, given[name], f"{who}: {name}")
    if not any(shares.values()):
        return {"train": train, **given}
    rows = _split(who, np.asarray(train[-1]), **shares)
    own = {name: tuple(part[row] for part in train) for name, row in rows.items() if len(row)}
    return {**own, **given}


def check_rows(
    records: Records, who: str, first_not_finite: Callable[[Any], Sequence[int] | None]
) -> None:
    """Raise if arrays have no or different numbers of rows, or numbers that are not finite.

    ``first_not_finite`` returns the index of an array's first number that is not, or None.
    """
    sizes = [len(part) for part in records]
    if len(set(sizes)) > 1:
        raise UsageError(
            f"{who} has {' and '.join(str(size) for size in sizes)} records; expected as many "
            "targets as inputs"
        )
    if not sizes[0]:
        raise UsageError(f"{who} is empty; expected at least one record")
    for number, part in enumerate(records, 1):
        place = first_not_finite(part)
        if place is not None:
            what = "targets" if number == len(records) and number > 1 else "inputs"
            raise UsageError(
                f"{who}: the {what} hold {float(part[tuple(place)])} at {place} (record first, "
                "from 0); expected finite numbers"
            )


def _check_alike(train: Records, other: Records, who: str) -> None:
    """Raise if a part's records have other shapes than the training records."""
    ours, others = ([tuple(part.shape[1:]) for part in records] for records in (train, other))
    if ours != others:
        raise UsageError(f"{who} has records of shapes {others}; expected {ours}, as in data")


def _split(
    who: str, targets: NDArray[Any], validation: float, test: float
) -> dict[str, NDArray[Any]]:
    """Return the rows of each part, by class where the targets are classes."""
    try:
        division = Division(test=test, validation=validation)
    except ValueError:
        raise UsageError(
            f"{who}: validation = {validation:g} and test = {test:g}; expected shares of at "
            "least 0 that leave some records for training"
        ) from None
    classes = targets.ndim == 1 and targets.dtype.kind in "iu" and targets.min() >= 0
    indices = np.arange(len(targets))[:, None]
    part = Part(indices, targets.astype(np.int64) if classes else np.zeros(len(targets)))
    made = (stratified if classes else shuffled)(f"{who}: data", part, division)
    return {name: getattr(made, name).inputs[:, 0] for name in PARTS}
