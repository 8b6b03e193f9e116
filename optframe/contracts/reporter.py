"""A reporter: figures and tables put into a format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

__all__ = ["Reporter"]


class Reporter(ABC):
    """A frozen dataclass of a report's choices that writes it."""

    @abstractmethod
    def write(self, results: Any, folder: Path, registry: Any) -> Path:
        """Write the report into the folder and return the file that a person opens.

        ``results`` is an `optframe.Results`, and ``registry`` the `optframe.Registry` in use.
        """
