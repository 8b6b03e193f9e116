"""The iris flowers that come with scikit-learn."""

from dataclasses import dataclass

from optframe import Dataset, Part
from optframe_problems.data_loading.scaling import standardized
from optframe_problems.data_loading.split import SplitLoader, stratified

__all__ = ["Iris"]


@dataclass(frozen=True)
class Iris(SplitLoader):
    """150 flowers with 4 measurements, in three species.

    Each input is standardized by its mean and standard deviation over the training part.

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
    R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7
    (1936).
    """

    def load(self) -> Dataset:
        """Read, split and standardize the records."""
        from sklearn.datasets import load_iris

        flowers, species = load_iris(return_X_y=True)
        return standardized(stratified("iris", Part(flowers, species), self.division))
