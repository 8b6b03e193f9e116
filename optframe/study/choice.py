"""A choice: one component of a study as it was made, with the grid or the spaces it is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optframe.contracts.space import Space
from optframe.contracts.trial import Component

__all__ = ["Choice", "Grid"]


@dataclass(frozen=True)
class Grid:
    """The names that the points of a table can be compared under."""

    label: str | None
    """The label that a person wrote."""
    shared: str
    """What the points have in common, in the short notation."""
    written: str
    """The whole table, lists included, in the short notation."""
    varied: tuple[str, ...]
    """The parameters that have several values."""
    budget: str
    """The table's own budget, as JSON."""


@dataclass(frozen=True)
class Choice:
    """One point of a component's grid: the component, the table it comes from, and the object."""

    component: Component
    table: Mapping[str, Any]
    made: Any
    where: str
    grid: Grid | None = None
    """The grid that it is a point of; None if its table has one point."""
    contender: str | None = None
    """What the points of a grid, or of a space, are called together; None for a single one."""
    spaces: Mapping[str, Space] = field(default_factory=dict)
    """What is tuned of it, by the names of fields; nothing in a study without a table [tune]."""
    ends: tuple[Choice, ...] = ()
    """What it is at the ends of these spaces."""

    def pairs_with(self, others: str, other: Choice) -> bool:
        """Whether the table's list of partners (``problems = [...]``) contains the other choice.

        A table without such a list is paired with all.
        """
        allowed = self.table.get(others)
        return allowed is None or bool(other.names & {*allowed})

    @property
    def names(self) -> set[str]:
        """The names of this choice in such lists: its name, its label, and its table's label."""
        name, label = self.component.name, self.component.label
        return {name, label, str(self.table.get("label", label))}
