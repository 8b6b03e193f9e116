"""What a registry holds: its plugins, the broken ones, and an entry for each component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Broken", "Entry", "Plugin"]


@dataclass(frozen=True)
class Plugin:
    """A plugin that is in use: its name, its origin (distribution or file), and its version."""

    name: str
    origin: str
    version: str


@dataclass(frozen=True)
class Broken:
    """A plugin that was left out, with the reason in one line and the whole traceback."""

    name: str
    origin: str
    reason: str
    traceback: str
    named: bool = False
    """Whether a person named it (``-P``), and so expects that it is used."""


@dataclass(frozen=True)
class Entry:
    """One registered component; ``target`` is a class, a ``"module:Class"`` or a study's path.

    The entry of an import path has this path as its ``target``, too.
    """

    kind: str
    name: str
    owner: str
    target: Any

    @property
    def module(self) -> str:
        """The module that defines the component."""
        if isinstance(self.target, str):
            return self.target.partition(":")[0]
        return str(self.target.__module__)

    @property
    def by_path(self) -> bool:
        """Whether its name is an import path: no registered name has a dot or a colon."""
        return "." in self.name or ":" in self.name
