"""Makes an optimizer that another component holds, with the wrappers around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from optframe.components.kinds import KINDS
from optframe.components.notation import parse
from optframe.errors import UsageError

__all__ = ["AROUND", "MOST_WRAPPERS", "Make", "make_inner", "table_of_text", "tables_around"]

Make = Callable[[str, str, Mapping[str, Any], str], Any]
"""Makes a component from kind, name, parameters and place, as `Registry.make` does."""

MOST_WRAPPERS = 50
"""The most wrappers or transforms around one component: each one calls the next."""

MOST_INSIDE = 16
"""The most tables inside each other of an optimizer in a field."""

AROUND = {"optimizers": ("wrappers", "optimizer"), "problems": ("transforms", "problem")}
"""For each kind that can be wrapped: the kind of its wrappers, and their field for the inner."""


def make_inner(table: Mapping[str, Any], where: str, make: Make) -> Any:
    """Make an optimizer from its whole table: its name, its parameters and its wrappers."""
    name = table.get("name")
    if not isinstance(name, str):
        raise UsageError(f"{where}: expected an optimizer, {{ name = ... }}, found {table!r}")
    given = {key: value for key, value in table.items() if key not in ("name", "wrap")}
    made = make("optimizers", name, given, where)
    around, field = AROUND["optimizers"]
    for name, given in tables_around("optimizers", table.get("wrap", []), where):
        made = make(around, name, {**given, field: made}, f"{where}: wrap {name}")
    return made


def tables_around(kind: str, wrappers: Any, where: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the name and the parameters of each wrapper or transform; the first is innermost.

    Raises
    ------
    UsageError
        If this is no list of tables, it is too long, or a table has what is wrapped, too.
    """
    around, field = AROUND[kind]
    if not isinstance(wrappers, list) or not all(isinstance(w, Mapping) for w in wrappers):
        raise UsageError(f"{where}: wrap: expected a list of tables, found {wrappers!r}")
    if len(wrappers) > MOST_WRAPPERS:
        raise UsageError(
            f"{where}: wrap: found {len(wrappers)} {around}, expected at most {MOST_WRAPPERS}"
        )
    tables = []
    for table in wrappers:
        name = str(table.get("name"))
        given = {k: v for k, v in table.items() if k != "name"}
        if field in given:
            raise UsageError(
                f"{where}: wrap {name}: found {field} = {given[field]!r}; leave it out, since a "
                f"{KINDS[around].singular} is put around the {KINDS[kind].singular} of its table"
            )
        tables.append((name, given))
    return tables


def table_of_text(given: str | Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return the table of an optimizer in a field; a text is in the short notation.

    Raises
    ------
    UsageError
        If the text is not in the notation, or tables are too deep inside each other.
    """
    try:
        table = parse(given) if isinstance(given, str) else given
    except UsageError as error:
        raise UsageError(*(f"{where}: {mistake}" for mistake in error.mistakes)) from error
    if _depth(table) > MOST_INSIDE:
        raise UsageError(f"{where}: found tables more than {MOST_INSIDE} deep; expected fewer")
    return table


def _depth(value: Any, above: int = 0) -> int:
    """Return how many tables are inside each other, at most one more than `MOST_INSIDE`."""
    if isinstance(value, Mapping):
        above += 1
        value = [*value.values()]
    if not isinstance(value, (list, tuple)) or above > MOST_INSIDE:
        return above
    return max((_depth(item, above) for item in value), default=above)
