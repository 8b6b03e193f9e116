"""The breast cancer measurements that come with scikit-learn."""

from dataclasses import dataclass

from optframe import Dataset, Part
from optframe_problems.data_loading.scaling import standardized
from optframe_problems.data_loading.split import SplitLoader, stratified

__all__ = ["BreastCancer"]


@dataclass(frozen=True)
class BreastCancer(SplitLoader):
    """569 tumours with 30 measurements of their cells, malignant (0) or benign (1).

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
    W. N. Street, W. H. Wolberg, O. L. Mangasarian, "Nuclear feature extraction for breast tumor
    diagnosis", IS&T/SPIE Electronic Imaging (1993).
    """

    def load(self) -> Dataset:
        """Read, split and standardize the records."""
        from sklearn.datasets import load_breast_cancer

        cells, labels = load_breast_cancer(return_X_y=True)
        return standardized(stratified("breast-cancer", Part(cells, labels), self.division))
