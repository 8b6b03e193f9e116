"""Handwritten digits: MNIST."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import DataFile
from optframe_problems.data_loading.idx_images import IdxImages

__all__ = ["Mnist"]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


@dataclass(frozen=True)
class Mnist(IdxImages):
    """60,000 training and 10,000 test digits of 28 × 28 grey pixels, in ten classes.

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
        training pixels (0.1307 and 0.3081 of 1); ``whiten``: contrast-normalized and whitened.
    epsilon
        What whitening adds to each variance, > 0.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (1998).
    """

    name = "mnist"
    labels: ClassVar[tuple[int, ...]] = tuple(range(10))

    def files(self) -> tuple[DataFile, ...]:
        """Return the four files."""
        return (
            _file(
                "train-images-idx3-ubyte",
                9912422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            _file(
                "train-labels-idx1-ubyte",
                28881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            _file(
                "t10k-images-idx3-ubyte",
                1648877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            _file(
                "t10k-labels-idx1-ubyte",
                4542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        )


def _file(name: str, size: int, packed: str, unpacked: str) -> DataFile:
    urls = tuple(f"{mirror}{name}.gz" for mirror in MIRRORS)
    return DataFile(f"{name}.gz", "mnist", urls, packed, size, ((name, unpacked),))
