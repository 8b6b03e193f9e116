"""Images of clothes of the size of MNIST's digits: Fashion-MNIST."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import DataFile
from optframe_problems.data_loading.idx_images import IdxImages

__all__ = ["FashionMnist"]

MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)


@dataclass(frozen=True)
class FashionMnist(IdxImages):
    """60,000 training and 10,000 test clothes of 28 × 28 grey pixels, in ten classes.

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
        ``unit``: pixels / 255; ``standard``: (pixel − mean) / standard deviation, both over all
        training pixels; ``whiten``: contrast-normalized and whitened.
    epsilon
        What whitening adds to each variance, > 0.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms" (2017), arXiv:1708.07747.
    """

    name = "fashion-mnist"
    labels: ClassVar[tuple[str, ...]] = (
        *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    )

    def files(self) -> tuple[DataFile, ...]:
        """Return the four files."""
        return (
            _file(
                "train-images-idx3-ubyte.gz",
                26421880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            _file(
                "train-labels-idx1-ubyte.gz",
                29515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            _file(
                "t10k-images-idx3-ubyte.gz",
                4422102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            _file(
                "t10k-labels-idx1-ubyte.gz",
                5148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        )


def _file(name: str, size: int, sha256: str) -> DataFile:
    """Return a file that OPTFRAME_DATA may hold unpacked, though nobody publishes its checksum."""
    urls = tuple(f"{mirror}{name}" for mirror in MIRRORS)
    return DataFile(name, "fashion-mnist", urls, sha256, size, ((name.removesuffix(".gz"), ""),))
