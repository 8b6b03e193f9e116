"""The diabetes progression that comes with scikit-learn."""

from dataclasses import dataclass

from optframe import Dataset, Part
from optframe_problems.data_loading.scaling import standardized
from optframe_problems.data_loading.split import SplitLoader, shuffled

__all__ = ["Diabetes"]


@dataclass(frozen=True)
class Diabetes(SplitLoader):
    """442 patients with 10 measurements; the target is how far the disease got in a year.

    Each input is standardized by its mean and standard deviation over the training part.

    Parameters
    ----------
    test_fraction
        The fraction of the records in the test part, in [0, 1).
    validation_fraction
        The fraction of all records in the validation part, in [0, 1); the rest is for training.
    split
        The validation records: ``stratified``, drawn at random, or ``last``, the last ones of the
        file that are not in the test part. A number is the seed of ``stratified``.
    seed
        The seed of the draws, at least 0.

    References
    ----------
    B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, "Least angle regression", Annals of Statistics
    32 (2004).
    """

    def load(self) -> Dataset:
        """Read, split and standardize the records."""
        from sklearn.datasets import load_diabetes

        patients, progressions = load_diabetes(return_X_y=True)
        return standardized(shuffled("diabetes", Part(patients, progressions), self.division))
