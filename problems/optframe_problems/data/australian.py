"""Australian credit approval."""

from dataclasses import dataclass

from optframe import DataFile, Dataset, UnavailableError
from optframe_problems.data_loading.libsvm_records import SITE, load_libsvm
from optframe_problems.data_loading.scaling import dense, standardized
from optframe_problems.data_loading.split import Division, SplitLoader, stratified

__all__ = ["Australian"]

RECORDS = "793d3e986a3ae1772fd6893e31c3c8f8"
"""The digest of all records."""


@dataclass(frozen=True)
class Australian(SplitLoader):
    """690 credit applications with 14 features, refused (0) or approved (1).

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
    R. Quinlan, "Statlog (Australian credit approval)", UCI Machine Learning Repository (1987).
    """

    def files(self) -> tuple[DataFile, ...]:
        """Return the file; copies of it differ in their white space, so its records are checked."""
        return (DataFile("australian", "libsvm", (f"{SITE}binary/australian",)),)

    def load(self) -> Dataset:
        """Read, split and standardize the records."""
        whole = dense(load_libsvm("australian", self.files(), Division()))
        if whole.digest != RECORDS:
            raise UnavailableError(
                f"{self.files()[0].find()}: these are not the 690 records of 'australian'; get it "
                "again, or move it away"
            )
        parts = stratified("australian", whole.train, self.division, whole.labels)
        return standardized(parts)
