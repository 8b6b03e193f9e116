"""The wines that come with scikit-learn."""

from dataclasses import dataclass

from optframe import Dataset, Part
from optframe_problems.data_loading.scaling import standardized
from optframe_problems.data_loading.split import SplitLoader, stratified

__all__ = ["Wine"]


@dataclass(frozen=True)
class Wine(SplitLoader):
    """178 wines with 13 chemical measurements, from three growers.

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
    S. Aeberhard, M. Forina, "Wine", UCI Machine Learning Repository (1992).
    """

    def load(self) -> Dataset:
        """Read, split and standardize the records."""
        from sklearn.datasets import load_wine

        wines, growers = load_wine(return_X_y=True)
        return standardized(stratified("wine", Part(wines, growers), self.division))
