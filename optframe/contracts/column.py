"""One column of a trial's row or of its curve, as `optframe.contracts.columns` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter, methodcaller
from typing import Any, Literal

__all__ = ["Column", "Filling", "When"]

When = Literal["planned", "ended"]


@dataclass(frozen=True)
class Column:
    """A column: its name, its type and constraints in SQL, what it means, and where it is from."""

    name: str
    sql: str
    meaning: str
    unit: str = ""
    of: str | Callable[[Any], Any] | None = ""
    """The attribute that fills it, by default that of its name, or a function of what has it.

    None where the store itself fills it.
    """
    when: When = "ended"
    """When it is filled: of the trial that is planned, or of the record of one that has ended."""
    curve: str | None = None
    """Its name in curves, which have it at each checkpoint; a trial has the last value."""
    profiled: bool = False
    """Whether curves have it only in a study that is profiled."""
    repeats: bool = False
    """Whether another run of the same trial must leave the same value."""
    identity: bool = False
    """Whether frames have it in each row of the trial's curve."""
    replanned: bool = False
    """Whether a later plan of the same trial may change it."""
    identifier: bool = False
    """Whether it is an integer that frames keep as one, although it can be missing."""
    values: tuple[str, ...] = ()
    """The values that it can have; empty if there is no list of them."""
    signed: bool = False
    """Whether a number in it can be negative."""
    shown: bool = True
    """Whether frames have it."""
    since: int = 1
    """The store's first format that has it."""
    before: str = "NULL"
    """What it is in the formats before, in SQL."""

    @property
    def type(self) -> str:
        """Its type in SQL."""
        return self.sql.split()[0]

    @property
    def required(self) -> bool:
        """Whether each row has a value."""
        return "NOT NULL" in self.sql or "PRIMARY KEY" in self.sql

    @property
    def is_float(self) -> bool:
        """Whether it is a float in frames: a number that can be missing, which is NaN then."""
        is_optional = self.type in ("INTEGER", "REAL") and not self.required
        return is_optional and not self.identifier

    @cached_property
    def value(self) -> Callable[[Any], Any]:
        """The function that returns what fills it, of a trial or of a record."""
        if callable(self.of):
            return self.of
        if self.curve and not self.of:
            return methodcaller("last", self.curve)
        return attrgetter(self.of or self.name)


class Filling:
    """Fills the columns of rows; what fills each one is worked out once."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._values: dict[When, dict[str, Callable[[Any], Any]]] = {"planned": {}, "ended": {}}
        for column in columns:
            if column.of is not None:
                self._values[column.when][column.name] = column.value

    def __call__(self, when: When, source: object) -> dict[str, Any]:
        """Return the values by the names of the columns that are filled then."""
        return {name: value(source) for name, value in self._values[when].items()}
