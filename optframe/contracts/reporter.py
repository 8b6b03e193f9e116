"""A reporter: writes figures and tables in a format such as HTML."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

__all__ = ["Reporter"]


class Reporter(ABC):
    """Writes reports; a frozen dataclass whose fields are the report's options."""

    @abstractmethod
    def write(self, results: Any, folder: Path, registry: Any) -> Path:
        """Write a report into the folder and return the path of its main file.

        ``results`` is an `optframe.Results`, and ``registry`` is the `optframe.Registry` in use.
        """
