"""A data set: records for training, validation and test, and the loader that reads them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.data_file import DataFile

__all__ = ["Dataset", "DatasetLoader", "Part"]


@dataclass(frozen=True)
class Part:
    """One part of a data set: n records with their inputs and targets.

    ``inputs`` has shape (n, d) and is an array or a SciPy CSR matrix. ``targets`` has shape (n,).
    ``groups`` has shape (n,) and holds the subject of each record (the person who was measured, for
    example); it is None if records have no subjects.
    """

    inputs: Any
    targets: NDArray[Any]
    groups: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test records, on the host.

    ``classes`` is the number of classes, or 0 for regression. ``labels`` are the names of the
    classes 0, 1, ... in the source, if it names them. ``shape`` is the shape of one record. For
    images it is (height, width, channels), and ``inputs`` has the pixels in this order. It is empty
    if a record is just d numbers.
    """

    name: str
    train: Part
    validation: Part
    test: Part
    classes: int
    labels: tuple[Any, ...] = ()
    shape: tuple[int, ...] = ()

    @cached_property
    def digest(self) -> str:
        """A hash of all records; it is part of the keys of trials that use the data set."""
        digest = blake2b(digest_size=16)
        for part in (self.train, self.validation, self.test):
            x = part.inputs
            arrays = (x.data, x.indices, x.indptr) if hasattr(x, "indptr") else (x,)
            for array in (*arrays, part.targets, part.groups):
                if array is not None:
                    array = np.ascontiguousarray(array)
                    digest.update(f"{array.dtype} {array.shape} ".encode())
                    digest.update(array.data)
        return digest.hexdigest()


class DatasetLoader(ABC):
    """Loads a data set; a frozen dataclass whose fields are options such as split and scaling."""

    @abstractmethod
    def load(self) -> Dataset:
        """Return the data set; the same options give the same records.

        Raises
        ------
        ValueError, OSError
            If the options are wrong or a file cannot be read.
        """

    def files(self) -> tuple[DataFile, ...]:
        """Return the files that `load` reads, for ``optframe data``; by default none."""
        return ()

    def verify(self) -> None:
        """Read all files to their end and raise if one is damaged; by default, call `load`."""
        self.load()
