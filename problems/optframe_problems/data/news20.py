"""Word counts of newsgroup articles."""

from dataclasses import dataclass

from optframe import DataFile, Dataset
from optframe_problems.data_loading.libsvm_records import SITE, load_libsvm
from optframe_problems.data_loading.split import Fraction, SplitLoader

__all__ = ["News20"]


@dataclass(frozen=True)
class News20(SplitLoader):
    """15,935 articles with the counts of 62,061 words, sparse, from 20 newsgroups.

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
    K. Lang, "NewsWeeder: learning to filter netnews", International Conference on Machine Learning
    (1995); the training part of LIBSVM's multiclass version.
    """

    test_fraction: Fraction = 0.0
    validation_fraction: Fraction = 0.0

    def files(self) -> tuple[DataFile, ...]:
        """Return the file."""
        return (
            DataFile(
                "news20.bz2",
                "libsvm",
                (f"{SITE}multiclass/news20.bz2",),
                "8c79851f6f5fdc5540a0d04a5ab728353c42d26b84e73f93bda301c06c15ffe9",
                2376572,
                (("news20", "1d6eb77c42e1c78e86f36af834268de933da3607f38e3703aef15f7a9f11e506"),),
            ),
        )

    def load(self) -> Dataset:
        """Read and split the records."""
        return load_libsvm("news20", self.files(), self.division)
