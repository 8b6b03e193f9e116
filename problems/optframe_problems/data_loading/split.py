"""Splitting the records of a data set into training, validation and test parts."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Lt
from numpy.typing import NDArray

from optframe import Dataset, DatasetLoader, Part, UsageError

__all__ = ["Fraction", "SplitLoader", "check_fractions", "shuffled", "stratified"]

Fraction = Annotated[float, Ge(0), Lt(1)]
"""The type of a field that holds a fraction of the records."""


@dataclass(frozen=True)
class SplitLoader(DatasetLoader):
    """A data set whose records come in one piece, and are split here.

    A subclass reads the records, and repeats these parameters in its docstring.

    Parameters
    ----------
    test_fraction
        The fraction of the records in the test part, in [0, 1).
    validation_fraction
        The fraction of all records in the validation part, in [0, 1); the rest is for training.
    split
        The seed of the split, at least 0.
    """

    test_fraction: Fraction = 0.2
    validation_fraction: Fraction = 0.1
    split: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        check_fractions(self.test_fraction, self.validation_fraction)

    @property
    def fractions(self) -> tuple[float, float]:
        """The fractions in the test and in the validation part."""
        return self.test_fraction, self.validation_fraction


def check_fractions(test: float, validation: float) -> None:
    """Raise ValueError where no records would be left for training."""
    if not (0 <= test < 1 and 0 <= validation < 1 and test + validation < 1):
        raise ValueError(
            f"test_fraction = {test} and validation_fraction = {validation}: each must be at "
            f"least 0 and both together less than 1, the rest is for training"
        )


def stratified(
    name: str,
    records: Part,
    fractions: tuple[float, float],
    seed: int,
    labels: tuple[Any, ...] = (),
) -> Dataset:
    """Split classified records so that each part has all classes in equal shares.

    Parameters
    ----------
    name
        The data set's name.
    records
        All of them: inputs of shape (n, d), an array or CSR; targets, integers from 0, (n,).
    fractions
        The fractions of all records in the test and in the validation part, rounded to whole
        records. A part may be empty, but not smaller than the number of classes.
    seed
        Another seed gives another split, at least 0.
    labels
        What the source calls the classes.

    Raises
    ------
    UsageError
        Where a part cannot hold all classes, or a class has too few records to be split.
    """
    from sklearn.model_selection import train_test_split

    targets = records.targets
    _check_sizes(name, len(targets), fractions)
    counts = np.bincount(targets)
    present = np.count_nonzero(counts)
    rest = np.arange(len(targets))
    parts = []
    for fraction in fractions:
        size = round(fraction * len(targets))
        taken = rest[:0]
        if size:
            if min(size, len(rest) - size) < present:
                raise UsageError(
                    f"{name}: a part of {min(size, len(rest) - size)} records cannot hold "
                    f"{present} classes; expected parts of none or at least {present}, found test "
                    f"and validation fractions of {fractions[0]} and {fractions[1]}"
                )
            left = np.bincount(targets[rest], minlength=len(counts))
            (rare,) = np.nonzero((left == 1) & (counts > 0))
            if len(rare):
                raise UsageError(
                    f"{name}: class {labels[rare[0]] if labels else rare[0]} has 1 record left to "
                    "split; expected at least 2"
                )
            rest, taken = train_test_split(
                rest, test_size=size, random_state=seed, stratify=targets[rest]
            )
        parts.append(taken)
    test, validation = parts
    train, validates, tests = (_part(records, rows) for rows in (rest, validation, test))
    return Dataset(name, train, validates, tests, len(counts), labels)


def shuffled(name: str, records: Part, fractions: tuple[float, float], seed: int) -> Dataset:
    """Split records for regression at random: see `stratified`, whose arguments these are."""
    _check_sizes(name, len(records), fractions)
    order = np.random.default_rng(seed).permutation(len(records))
    sizes = [round(fraction * len(records)) for fraction in fractions]
    test, validation, rest = np.split(order, np.cumsum(sizes))
    train, validates, tests = (_part(records, rows) for rows in (rest, validation, test))
    return Dataset(name, train, validates, tests, classes=0)


def _check_sizes(name: str, records: int, fractions: tuple[float, float]) -> None:
    """Raise UsageError where no record is left for training."""
    taken = sum(round(fraction * records) for fraction in fractions)
    if taken >= records:
        raise UsageError(
            f"{name}: found {records} records, of which {taken} are for test and validation; "
            "expected at least one for training"
        )


def _part(records: Part, rows: NDArray[Any]) -> Part:
    groups = None if records.groups is None else records.groups[rows]
    return Part(records.inputs[rows], records.targets[rows], groups)
