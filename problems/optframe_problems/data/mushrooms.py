"""Mushrooms, edible or poisonous."""

from dataclasses import dataclass

from optframe import DataFile, Dataset
from optframe_problems.data_loading.libsvm_records import SITE, load_libsvm
from optframe_problems.data_loading.split import Fraction, SplitLoader

__all__ = ["Mushrooms"]


@dataclass(frozen=True)
class Mushrooms(SplitLoader):
    """8,124 mushrooms with 112 sparse features of 0 and 1, poisonous (0) or edible (1).

    By default all records are training records.

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
    "Mushroom", UCI Machine Learning Repository (1987); the features are LIBSVM's.
    """

    test_fraction: Fraction = 0.0
    validation_fraction: Fraction = 0.0

    def files(self) -> tuple[DataFile, ...]:
        """Return the file."""
        return (
            DataFile(
                "mushrooms",
                "libsvm",
                (f"{SITE}binary/mushrooms",),
                "f39a4eb628dc61a7d43760815b061c9e497aa728ce1ad8bde57a09ef6043b538",
                879712,
            ),
        )

    def load(self) -> Dataset:
        """Read and split the records."""
        return load_libsvm("mushrooms", self.files(), self.division)
