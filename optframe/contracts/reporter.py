"""A reporter: figures and tables put into a format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optframe.components.registry import Registry
    from optframe.contracts.record import Results

__all__ = ["Reporter"]


class Reporter(ABC):
    """A frozen dataclass of a report's choices that writes it."""

    @abstractmethod
    def write(self, results: Results, folder: Path, registry: Registry) -> Path:
        """Write the report into the folder and return the file that a person opens."""
