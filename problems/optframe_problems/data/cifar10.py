"""Small photographs: CIFAR-10."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import DataFile, Part
from optframe_problems.data_loading.cifar_format import SIDE, read_archive, read_records
from optframe_problems.data_loading.files import named
from optframe_problems.data_loading.images import Images, Scale

__all__ = ["Cifar10"]

ARCHIVE = DataFile(
    "cifar-10-binary.tar.gz",
    "cifar10",
    (
        "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    ),
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    170052171,
)
FOLDER = "cifar-10-batches-bin"
BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
BATCH_SIZE = 30730000


@dataclass(frozen=True)
class Cifar10(Images):
    """50,000 training and 10,000 test photographs of 32 × 32 coloured pixels, in ten classes.

    Whitened inputs are what Kingma and Ba (2015, section 6.3) trained their network on, as
    Goodfellow et al. (2013) before them.

    Parameters
    ----------
    validation_fraction
        The fraction of the training records that are used for validation instead, in [0, 1).
    split
        Which records these are: ``stratified``, drawn with the same shares of the classes in both
        parts, or ``last``, the last ones of the file. A number is the seed of ``stratified``.
    seed
        The seed of the draw, at least 0.
    scale
        ``unit``: pixels / 255; ``standard``: (pixel − mean) / standard deviation, both of a colour
        over all training pixels; ``whiten``: contrast-normalized and whitened.
    epsilon
        What whitening adds to each variance, > 0.
    train
        A file with training records in the binary format, as it is or in the folder OPTFRAME_DATA,
        to be used instead of all training records.
    test
        The file with the test records beside it, by default none.

    References
    ----------
    A. Krizhevsky, "Learning multiple layers of features from tiny images", Technical report,
    University of Toronto (2009).
    """

    scale: Scale = "whiten"
    train: str = ""
    test: str = ""

    name = "cifar10"
    shape: ClassVar[tuple[int, int, int]] = (SIDE, SIDE, 3)
    labels: ClassVar[tuple[str, ...]] = (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    )

    def __post_init__(self) -> None:
        _ = self.division  # checks the parameters
        if self.test and not self.train:
            raise ValueError(f"test = {self.test!r} without train; give both, or neither")

    def files(self) -> tuple[DataFile, ...]:
        """Return the archive, or, where only they exist, its six files, training files first.

        If ``train`` names a file, return that file and the test file.
        """
        if self.train:
            return tuple(named(path, "cifar10") for path in (self.train, self.test) if path)
        batches = [
            DataFile(name, f"cifar10{folder}", size=BATCH_SIZE)
            for folder in ("", f"/{FOLDER}")
            for name in (*BATCHES, "test_batch.bin")
        ]
        if ARCHIVE.find() is None:
            for six in (batches[:6], batches[6:]):
                if all(batch.find() for batch in six):
                    return tuple(six)
        return (ARCHIVE,)

    def read(self) -> tuple[Part, Part]:
        """Read the files; without a test file the test part is empty."""
        files = self.files()
        paths = [file.fetch() for file in files]
        if files == (ARCHIVE,):
            names = [f"{FOLDER}/{name}" for name in (*BATCHES, "test_batch.bin")]
            contents = read_archive(paths[0], names)
        else:
            contents = {str(path): path.read_bytes() for path in paths}
        places = list(contents)
        training = places[:1] if self.train else places[:5]
        train = read_records({place: contents[place] for place in training})
        rest = places[len(training) :]
        if not rest:
            return train, Part(train.inputs[:0], train.targets[:0])
        return train, read_records({place: contents[place] for place in rest})
