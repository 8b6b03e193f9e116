"""The base class of data sets of images: their split, and how pixels become inputs."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Gt
from numpy.typing import NDArray

from optframe import Dataset, DatasetLoader, Part, UnavailableError
from optframe_problems.data_loading.scaling import mapped
from optframe_problems.data_loading.split import Division, Fraction, Seed, Split, stratified
from optframe_problems.data_loading.whitening import whitened

__all__ = ["Images", "Scale", "of_images"]

Scale = Literal["unit", "standard", "whiten"]


@dataclass(frozen=True)
class Images(DatasetLoader):
    """Images of one shape, in ten classes, with a test part of their own.

    A subclass gives their files and how to read them, and repeats these parameters in
    its docstring. The inputs are float32.

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
        over all training pixels; ``whiten``: see `whitened`.
    epsilon
        What whitening adds to each variance, > 0.
    """

    validation_fraction: Fraction = 0.1
    split: Split = "stratified"
    seed: Seed = 0
    scale: Scale = "unit"
    epsilon: Annotated[float, Gt(0)] = 0.1

    shape: ClassVar[tuple[int, int, int]]
    """Height, width and channels."""

    labels: ClassVar[tuple[Any, ...]]
    """The names of the ten classes."""

    def __post_init__(self) -> None:
        _ = self.division  # checks the parameters

    @property
    def division(self) -> Division:
        """How the training records are divided into training and validation part."""
        return Division(0.0, self.validation_fraction, self.split, self.seed)

    @property
    @abstractmethod
    def name(self) -> str:
        """The data set's name."""

    @abstractmethod
    def read(self) -> tuple[Part, Part]:
        """Return the training and test records, as pixels 0 to 255 in the order of the shape."""

    def load(self) -> Dataset:
        """Read, split and scale the records."""
        train, test = self.read()
        dataset = stratified(self.name, train, self.division, self.labels)
        whole = replace(dataset, test=test, classes=len(self.labels), shape=self.shape)
        if self.scale == "whiten":
            return whitened(whole, self.epsilon)
        return _unit(whole) if self.scale == "unit" else _standardized(whole)

    def verify(self) -> None:
        """Read all files to their end."""
        self.read()


def of_images(path: object, images: NDArray[Any], labels: NDArray[Any]) -> Part:
    """Join images and their labels, which come in two files, the images at ``path``.

    Raises
    ------
    UnavailableError
        Where the numbers of images and labels differ.
    """
    if len(images) != len(labels):
        raise UnavailableError(
            f"{path}: found {len(images):,} images, but {len(labels):,} labels in their file"
        )
    return Part(images, labels)


def _unit(dataset: Dataset) -> Dataset:
    return mapped(dataset, lambda pixels: pixels / np.float32(255))


def _standardized(dataset: Dataset) -> Dataset:
    """Return it with (x − mean) / deviation by colour, of all training pixels.

    Both are computed from how often each value occurs, so exactly. A colour without deviation is
    only shifted.
    """
    channels = dataset.shape[2]
    train = dataset.train.inputs.reshape(-1, channels)
    counts = np.stack([np.bincount(train[:, i], minlength=256) for i in range(channels)])
    values = np.arange(256)
    mean = counts @ values / len(train)
    variance = (counts * (values - mean[:, None]) ** 2).sum(axis=1) / len(train)
    deviation = np.where(variance > 0, np.sqrt(variance), 1.0)

    def change(pixels: NDArray[Any]) -> NDArray[Any]:
        # One of 256 inputs for each pixel and colour.
        table = ((values[:, None] - mean) / deviation).astype(np.float32)
        images = pixels.reshape(len(pixels), dataset.shape[0] * dataset.shape[1], channels)
        return np.stack([table[images[..., i], i] for i in range(channels)], axis=-1).reshape(
            pixels.shape
        )

    return mapped(dataset, change)
