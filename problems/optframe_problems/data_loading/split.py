"""Splitting the records of a data set into training, validation and test parts."""

from dataclasses import dataclass
from math import floor
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Lt
from numpy.typing import NDArray

from optframe import Dataset, DatasetLoader, Part, UsageError

__all__ = ["Division", "Fraction", "Seed", "Split", "SplitLoader", "shuffled", "stratified"]

Fraction = Annotated[float, Ge(0), Lt(1)]
"""The type of a field that holds a fraction of the records."""

Seed = Annotated[int, Ge(0)]
"""The type of a field that holds the seed of a split."""

Split = Literal["stratified", "last"] | Seed
"""The type of a field that says which records are the validation part: see `Division`."""


@dataclass(frozen=True)
class Division:
    """How records are divided into parts.

    Parameters
    ----------
    test
        The fraction of the records in the test part, in [0, 1).
    validation
        The fraction of all records in the validation part, in [0, 1); the rest is for training.
    split
        ``stratified``: the validation records are drawn at random, with the same shares of the
        classes in all parts. ``last``: they are the last ones of the file that are not in the test
        part, as in Keras, and the training records keep the file's order. A number is the seed of
        ``stratified``. In both ways the test records are drawn at random with these shares.
    seed
        The seed of the draws, at least 0.

    Raises
    ------
    ValueError
        If no records would be left for training, or split and seed are two different seeds.

    References
    ----------
    Keras 3, ``Model.fit(validation_split=...)``: "the last samples in the x and y data provided,
    before shuffling"; ``train_validation_split`` rounds n (1 − fraction) down, as ``last`` does.
    """

    test: float = 0.0
    validation: float = 0.0
    split: Split = "stratified"
    seed: int = 0

    def __post_init__(self) -> None:
        test, validation = self.test, self.validation
        if not (0 <= test < 1 and 0 <= validation < 1 and test + validation < 1):
            raise ValueError(
                f"test_fraction = {test} and validation_fraction = {validation}: each must be at "
                f"least 0 and both together less than 1, the rest is for training"
            )
        if isinstance(self.split, str):
            if self.split not in ("stratified", "last"):
                raise ValueError(
                    f"split = {self.split!r}; expected 'stratified', 'last', or a seed"
                )
        elif self.seed not in (0, self.split):
            raise ValueError(
                f"split = {self.split} and seed = {self.seed} are two seeds of one split; give one"
            )

    @property
    def last(self) -> bool:
        """Whether the validation records are the last ones."""
        return self.split == "last"

    @property
    def random_state(self) -> int:
        """The seed of the draws, however it is given."""
        return self.seed if isinstance(self.split, str) else self.split

    def sizes(self, name: str, records: int) -> tuple[int, int]:
        """Return the numbers of test and of validation records.

        Raises
        ------
        UsageError
            If no record is left for training.
        """
        test, validation = round(self.test * records), round(self.validation * records)
        if self.last:
            validation = records - floor(records * (1 - self.validation))
        if test + validation >= records:
            raise UsageError(
                f"{name}: found {records} records, of which {test + validation} are for test and "
                "validation; expected at least one for training"
            )
        return test, validation


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
        The validation records: ``stratified``, drawn with the same shares of the classes in all
        parts, or ``last``, the last ones of the file that are not in the test part. A number is
        the seed of ``stratified``.
    seed
        The seed of the draws, at least 0.
    """

    test_fraction: Fraction = 0.2
    validation_fraction: Fraction = 0.1
    split: Split = "stratified"
    seed: Seed = 0

    def __post_init__(self) -> None:
        _ = self.division  # checks the parameters

    @property
    def division(self) -> Division:
        """How the records are divided."""
        return Division(self.test_fraction, self.validation_fraction, self.split, self.seed)


def stratified(
    name: str, records: Part, division: Division, labels: tuple[Any, ...] = ()
) -> Dataset:
    """Split classified records; parts that are drawn have all classes in equal shares.

    Parameters
    ----------
    name
        The data set's name.
    records
        All of them: inputs of shape (n, d), an array or CSR; targets, integers from 0, (n,).
    division
        The parts. One may be empty, but one that is drawn cannot be smaller than the number of
        classes.
    labels
        What the source calls the classes.

    Raises
    ------
    UsageError
        Where a part cannot hold all classes, or a class has too few records to be split.
    """
    from sklearn.model_selection import train_test_split

    targets = records.targets
    test, validation = division.sizes(name, len(targets))
    counts = np.bincount(targets)
    present = np.count_nonzero(counts)
    rest = np.arange(len(targets))
    parts = []
    for size in (test, 0 if division.last else validation):
        taken = rest[:0]
        if size:
            if min(size, len(rest) - size) < present:
                raise UsageError(
                    f"{name}: a part of {min(size, len(rest) - size)} records cannot hold "
                    f"{present} classes; expected parts of none or at least {present}, found test "
                    f"and validation fractions of {division.test} and {division.validation}"
                )
            left = np.bincount(targets[rest], minlength=len(counts))
            (rare,) = np.nonzero((left == 1) & (counts > 0))
            if len(rare):
                raise UsageError(
                    f"{name}: class {labels[rare[0]] if labels else rare[0]} has 1 record left to "
                    "split; expected at least 2"
                )
            rest, taken = train_test_split(
                rest, test_size=size, random_state=division.random_state, stratify=targets[rest]
            )
        parts.append(taken)
    tests, validates = parts
    if division.last:
        rest, validates = _last(rest, validation)
    return Dataset(name, *_parts(records, rest, validates, tests), len(counts), labels)


def shuffled(name: str, records: Part, division: Division) -> Dataset:
    """Split records for regression; parts that are drawn are drawn at random: see `stratified`."""
    test, validation = division.sizes(name, len(records))
    order = np.random.default_rng(division.random_state).permutation(len(records))
    tests, validates, rest = np.split(order, [test, test + validation])
    if division.last:
        rest, validates = _last(order[test:], validation)
    return Dataset(name, *_parts(records, rest, validates, tests), classes=0)


def _last(rows: NDArray[Any], size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the others and the last ``size`` of these rows, both in the file's order."""
    ordered = np.sort(rows)
    return ordered[: len(rows) - size], ordered[len(rows) - size :]


def _parts(records: Part, *parts: NDArray[Any]) -> tuple[Part, Part, Part]:
    """Return the parts of these rows: for training, validation and test."""
    train, validation, test = (
        Part(
            records.inputs[rows],
            records.targets[rows],
            None if records.groups is None else records.groups[rows],
        )
        for rows in parts
    )
    return train, validation, test
