"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge, Lt

from optframe import Dataset, DatasetLoader, Part
from optframe_problems.data_loading.split import check_fractions, stratified

__all__ = ["Digits"]


@dataclass(frozen=True)
class Digits(DatasetLoader):
    """1,797 real digits of 8 × 8 pixels, in ten classes.

    The 64 inputs are the pixels, 0 to 16, divided by 16; the target is the digit.

    Parameters
    ----------
    test_fraction
        The fraction of the records in the test part, in [0, 1).
    validation_fraction
        The fraction of all records in the validation part, in [0, 1); the rest is for training.
    split
        The seed of the split, which keeps the shares of the classes, at least 0.

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository (1998): its test set.
    """

    test_fraction: Annotated[float, Ge(0), Lt(1)] = 0.2
    validation_fraction: Annotated[float, Ge(0), Lt(1)] = 0.1
    split: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        check_fractions(self.test_fraction, self.validation_fraction)

    def load(self) -> Dataset:
        """Read, scale and split the records."""
        from sklearn.datasets import load_digits

        pixels, digits = load_digits(return_X_y=True)
        fractions = (self.test_fraction, self.validation_fraction)
        dataset = stratified("digits", Part(pixels / 16, digits), fractions, self.split)
        return replace(dataset, shape=(8, 8, 1))
