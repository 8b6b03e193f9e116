"""Adult: whether a person earns more than 50,000 dollars a year."""

from dataclasses import dataclass

from optframe import DataFile, Dataset, DatasetLoader
from optframe_problems.data_loading.libsvm_records import SITE, load_libsvm
from optframe_problems.data_loading.split import Division, Fraction, Seed, Split

__all__ = ["A9a"]


@dataclass(frozen=True)
class A9a(DatasetLoader):
    """32,561 people with 123 sparse features of 0 and 1, income ≤ 50,000 (0) or more (1).

    The 16,281 test records are in a file of their own, ``a9a.t``. By default none of the others are
    for validation.

    Parameters
    ----------
    validation_fraction
        The fraction of the training records that are used for validation instead, in [0, 1).
    split
        Which records these are: ``stratified``, drawn with the same shares of the classes in both
        parts, or ``last``, the last ones of the file. A number is the seed of ``stratified``.
    seed
        The seed of the draw, at least 0.

    References
    ----------
    J. C. Platt, "Fast training of support vector machines using sequential minimal optimization",
    in Advances in Kernel Methods (1998), from B. Becker and R. Kohavi's Adult, UCI Machine
    Learning Repository (1996).
    """

    validation_fraction: Fraction = 0.0
    split: Split = "stratified"
    seed: Seed = 0

    def __post_init__(self) -> None:
        _ = self.division  # checks the parameters

    @property
    def division(self) -> Division:
        """How the records of the first file are divided."""
        return Division(0.0, self.validation_fraction, self.split, self.seed)

    def files(self) -> tuple[DataFile, ...]:
        """Return the files, that of the test part last."""
        return (
            DataFile(
                "a9a",
                "libsvm",
                (f"{SITE}binary/a9a",),
                "f5d5ffd8d865ff41328e7ee043e4b020816914ff6843ff15b98905ddbedce906",
                2329875,
            ),
            DataFile(
                "a9a.t",
                "libsvm",
                (f"{SITE}binary/a9a.t",),
                "1f448a153f0320399a7e40836eb207655b0bde0f21fc941cc472193daa9f5de9",
                1164628,
            ),
        )

    def load(self) -> Dataset:
        """Read both files."""
        return load_libsvm("a9a", self.files(), self.division)
