"""What the data sets share whose images come in four IDX files: MNIST and its relatives."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from optframe import DataFile, Part
from optframe_problems.data_loading.idx_format import read_images, read_labels
from optframe_problems.data_loading.images import Images, of_images

__all__ = ["IdxImages"]


@dataclass(frozen=True)
class IdxImages(Images):
    """Images of 28 × 28 grey pixels in four files in IDX format, training and test ones."""

    shape: ClassVar[tuple[int, int, int]] = (28, 28, 1)

    @abstractmethod
    def files(self) -> tuple[DataFile, ...]:
        """Return the files: training images and labels, test images and labels."""

    def read(self) -> tuple[Part, Part]:
        """Read the four files."""
        paths = [file.fetch() for file in self.files()]
        train, test = (
            of_images(
                images,
                read_images(images, self.shape[:2]),
                read_labels(labels, len(self.labels)),
            )
            for images, labels in (paths[:2], paths[2:])
        )
        return train, test
