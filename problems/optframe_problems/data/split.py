"""Splitting the records of a data set into training, validation and test parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optframe import Dataset, Part, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_fractions", "shuffled", "stratified"]


def check_fractions(test: float, validation: float) -> None:
    """Raise ValueError where nothing would be left to train on."""
    if not (0 <= test < 1 and 0 <= validation < 1 and test + validation < 1):
        raise ValueError(
            f"test_fraction = {test} and validation_fraction = {validation}: each must be at "
            f"least 0 and both together less than 1, the rest is for training"
        )


def stratified(
    name: str,
    inputs: Any,
    targets: NDArray[Any],
    fractions: tuple[float, float],
    seed: int,
    labels: tuple[Any, ...] = (),
) -> Dataset:
    """Split classified records so that each part has all classes in equal shares.

    Parameters
    ----------
    name
        The data set's name.
    inputs, targets
        All records, of shape (n, d), an array or CSR, and their labels, integers from 0, (n,).
    fractions
        The shares of all records that go to the test and to the validation part, rounded to whole
        records. A part may be empty, but not smaller than the number of classes.
    seed
        Another seed gives another split, at least 0.
    labels
        What the source calls the classes.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    classes = int(targets.max()) + 1
    rest = np.arange(len(targets))
    parts = []
    for fraction in fractions:
        size = round(fraction * len(targets))
        if 0 < size < classes:
            raise UsageError(
                f"{name}: a part of {size} records cannot hold {classes} classes; expected a "
                f"fraction of 0 or at least {classes / len(targets):.2g}, found {fraction}"
            )
        taken = rest[:0]
        if size:
            rest, taken = train_test_split(
                rest, test_size=size, random_state=seed, stratify=targets[rest]
            )
        parts.append(taken)
    test, validation = parts
    train, validates, tests = (_part(inputs, targets, rows) for rows in (rest, validation, test))
    return Dataset(name, train, validates, tests, classes, labels)


def shuffled(
    name: str,
    inputs: Any,
    targets: NDArray[Any],
    fractions: tuple[float, float],
    seed: int,
) -> Dataset:
    """Split records for regression at random: see `stratified`, whose arguments these are."""
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(targets))
    sizes = [round(fraction * len(targets)) for fraction in fractions]
    test, validation, rest = np.split(order, np.cumsum(sizes))
    train, validates, tests = (_part(inputs, targets, rows) for rows in (rest, validation, test))
    return Dataset(name, train, validates, tests, classes=0)


def _part(inputs: Any, targets: NDArray[Any], rows: NDArray[Any]) -> Part:
    return Part(inputs[rows], targets[rows])
