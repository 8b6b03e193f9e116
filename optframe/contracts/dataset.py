"""A data set: what was measured, in the parts that learning needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

__all__ = ["Dataset", "DatasetLoader", "Part"]


@dataclass(frozen=True)
class Part:
    """Records: ``inputs`` of shape (n, d), ``targets`` of shape (n,)."""

    inputs: NDArray[Any]
    targets: NDArray[Any]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test records, on the host; ``classes`` is 0 for regression."""

    name: str
    train: Part
    validation: Part
    test: Part
    classes: int


class DatasetLoader(ABC):
    """A frozen dataclass of a data set's choices (split, scaling) that loads it."""

    @abstractmethod
    def load(self) -> Dataset:
        """Read the records; the same choices give the same data set."""
