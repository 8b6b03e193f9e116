"""Data sets in LIBSVM's text format."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from optframe import DataFile, Dataset, DatasetLoader, UsageError
from optframe_problems.data_loading.files import named
from optframe_problems.data_loading.libsvm_records import load_libsvm
from optframe_problems.data_loading.split import Division, Fraction, Seed, Split

__all__ = ["Libsvm"]

FOLDER = "libsvm"
ENDINGS = ("", ".bz2", ".gz", ".xz")


@dataclass(frozen=True)
class Libsvm(DatasetLoader):
    """Records in a file of LIBSVM's format; the inputs are sparse.

    Parameters
    ----------
    path
        The file, by its path or in the folder OPTFRAME_DATA; ``.bz2``, ``.gz`` or ``.xz`` may
        follow its name; or an address to download it from, such as
        ``"https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary/w8a"``.
    test
        The file or address with the test records, by default none.
    target
        ``class``: whole numbers, whose sorted values become the classes 0, 1, ...; ``number``: for
        regression; ``auto``: classes where all are whole numbers.
    test_fraction
        The fraction of the file's records in the test part if there is no test file, in [0, 1).
    validation_fraction
        The fraction of the file's records in the validation part, in [0, 1); the rest is for
        training.
    split
        The validation records: ``stratified``, drawn with the same shares of the classes in all
        parts, or ``last``, the last ones of the file that are not in the test part. A number is
        the seed of ``stratified``.
    seed
        The seed of the draws, at least 0.
    sha256
        The checksum of the file, 64 hexadecimal digits; empty where it is not known.
    test_sha256
        The same of the test file.
    """

    path: str = ""
    test: str = ""
    target: Literal["auto", "class", "number"] = "auto"
    test_fraction: Fraction = 0.0
    validation_fraction: Fraction = 0.0
    split: Split = "stratified"
    seed: Seed = 0
    sha256: str = ""
    test_sha256: str = ""

    def __post_init__(self) -> None:
        _ = self.division  # checks the parameters
        if self.test and self.test_fraction:
            raise ValueError(
                f"test_fraction = {self.test_fraction} beside test = {self.test!r}; give one"
            )
        for name in ("sha256", "test_sha256"):
            digits = getattr(self, name)
            if digits and (len(digits) != 64 or set(digits) - set("0123456789abcdef")):
                raise ValueError(f"{name} = {digits!r}; expected 64 digits 0 to 9 and a to f")

    @property
    def division(self) -> Division:
        """How the records of the file are divided."""
        return Division(self.test_fraction, self.validation_fraction, self.split, self.seed)

    def files(self) -> tuple[DataFile, ...]:
        """Return the files that are named."""
        named = ((self.path, self.sha256), (self.test, self.test_sha256))
        return tuple(_file(path, sha256) for path, sha256 in named if path)

    def load(self) -> Dataset:
        """Read and split the records."""
        if not self.path:
            raise UsageError("libsvm: path is missing; write libsvm:path=FILE")
        return load_libsvm(self.path, self.files(), self.division, self.target)


def _file(path: str, sha256: str) -> DataFile:
    """Return a file by its path or address, as it is or compressed."""
    if "://" in path:
        # Another address is another file, though it may end with the same name.
        place = "" if sha256 else f"/{blake2b(path.encode(), digest_size=8).hexdigest()}"
        return DataFile(Path(urlsplit(path).path).name, FOLDER + place, (path,), sha256)
    return named(path, FOLDER, sha256, ENDINGS)
