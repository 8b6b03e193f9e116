"""A data set: what was measured, in the parts that learning needs."""

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
    """Records: ``inputs`` of shape (n, d), an array or SciPy's CSR; ``targets`` of shape (n,).

    ``groups``, of shape (n,), says of which subject each record is, where they have subjects.
    """

    inputs: Any
    targets: NDArray[Any]
    groups: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test records, on the host; ``classes`` is 0 for regression.

    ``labels`` are what the source calls the classes 0, 1, ..., where it has names of its own.
    ``shape`` is that of one record, (height, width, channels) for images, whose inputs are the
    pixels in this order; empty where a record is just d numbers.
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
        """A hash of all records, which enters the keys of the trials that see them."""
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
    """A frozen dataclass of a data set's choices (split, scaling) that loads it."""

    @abstractmethod
    def load(self) -> Dataset:
        """Read the records; the same choices give the same data set."""

    def files(self) -> tuple[DataFile, ...]:
        """Return the files that are read, for ``optframe data``; by default there are none."""
        return ()

    def verify(self) -> None:
        """Read all files to their end and raise where one is damaged; by default, load."""
        self.load()
