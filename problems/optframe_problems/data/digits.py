"""The handwritten digits that come with scikit-learn."""

from dataclasses import dataclass, replace

from optframe import Dataset, Part
from optframe_problems.data_loading.split import SplitLoader, stratified

__all__ = ["Digits"]


@dataclass(frozen=True)
class Digits(SplitLoader):
    """1,797 real digits of 8 × 8 pixels, in ten classes.

    The 64 inputs are the pixels, 0 to 16, divided by 16; the target is the digit.

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

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository (1998): its test set.
    """

    def load(self) -> Dataset:
        """Read, scale and split the records."""
        from sklearn.datasets import load_digits

        pixels, digits = load_digits(return_X_y=True)
        dataset = stratified("digits", Part(pixels / 16, digits), self.division)
        return replace(dataset, shape=(8, 8, 1))
