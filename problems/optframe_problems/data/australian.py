"""Australian credit approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Lt

from optframe import Dataset, DatasetLoader
from optframe_problems.data.libsvm import load_libsvm
from optframe_problems.data.scaling import dense, standardized
from optframe_problems.data.split import check_fractions

__all__ = ["Australian"]


@dataclass(frozen=True)
class Australian(DatasetLoader):
    """690 credit applications with 14 features, refused (0) or approved (1).

    Each input is standardized by its mean and standard deviation over the training part.

    Parameters
    ----------
    test_fraction
        The share of the records that tests, in [0, 1).
    validation_fraction
        The share of all records that validates, in [0, 1); the rest trains.
    split
        The seed of the split, which keeps the shares of the classes, at least 0.

    References
    ----------
    R. Quinlan, "Statlog (Australian credit approval)", UCI Machine Learning Repository (1987).
    """

    test_fraction: Annotated[float, Ge(0), Lt(1)] = 0.2
    validation_fraction: Annotated[float, Ge(0), Lt(1)] = 0.1
    split: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        check_fractions(self.test_fraction, self.validation_fraction)

    def load(self) -> Dataset:
        """Read, split and standardize the records."""
        fractions = (self.test_fraction, self.validation_fraction)
        sparse = load_libsvm("australian", "australian", fractions=fractions, seed=self.split)
        return standardized(dense(sparse))
