"""Expands the grids of a study's components, makes each point once, and collects mistakes."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from optframe.components.building import wrap
from optframe.components.contract_check import reserved
from optframe.components.description import given_parameters, resolved
from optframe.components.inner import AROUND
from optframe.components.kinds import KINDS
from optframe.components.notation import format_value, parse, write
from optframe.components.parameters import is_sequence, mistakes_in, parameters, takes_further
from optframe.components.registry import Registry
from optframe.components.spaces import spaces_held
from optframe.contracts import (
    Optimizer,
    Problem,
    Sampler,
    Schedule,
    Search,
    Solver,
    Transform,
    Wrapper,
)
from optframe.contracts.trial import MOST_TRIALS, STARTS, Budget, Component, canonical
from optframe.errors import UsageError, encodable
from optframe.study.choice import Choice, Grid

__all__ = ["CONTRACTS", "Choices", "Make"]

CONTRACTS: dict[str, tuple[type, ...]] = {
    "optimizers": (Optimizer, Solver),
    "problems": (Problem,),
    "samplers": (Sampler,),
}
"""What the objects of a study's lists are."""


Make = Callable[[str, Mapping[str, Any], dict[str, Any], str], Choice]
"""Makes the choice of a kind from a table without lists, its parameters, and its place."""

Tuned = Callable[[Make, str, Mapping[str, Any], str], Choice | None]
"""Returns the choice of a table of a kind of which something is tuned, else None."""


class Choices:
    """Expands the components of a study and collects their mistakes."""

    def __init__(self, registry: Registry, prefix: str, tuned: Tuned | None = None) -> None:
        self.registry = registry
        self.prefix = prefix
        self._tuned = tuned
        self.mistakes: list[str] = []
        self.names: dict[str, set[str]] = {}

    def of(self, kind: str, items: Any) -> list[Choice]:
        """Return every grid point of these items: names, tables or objects of one kind."""
        tables: list[list[Choice]] = []
        self.names[kind] = set()
        for item in (items,) if isinstance(items, (str, Mapping)) else tuple(items):
            try:
                table = table_of(item, kind, self.registry)
                self.names[kind].add(str(table.get("name")))
                tables.append(self._expand(kind, table))
            except UsageError as error:
                self.mistakes += [
                    m if m.startswith(self.prefix) else self.prefix + m for m in error.mistakes
                ]
        return _named(tables)

    def _expand(self, kind: str, table: Mapping[str, Any]) -> list[Choice]:
        """Expand the grids of one table; each point is made once, which finds its mistakes."""
        singular = kind.removesuffix("s")
        name = table.get("name")
        if not isinstance(name, str):
            found = "is missing" if name is None else f"is {name!r}"
            raise UsageError(f"{self.prefix}[[{singular}]]: name {found}; expected a string")
        where = f"{self.prefix}[[{singular}]] {name}"
        component = self.registry.load(kind, name, f"{self.prefix}[[{singular}]]")
        given = {k: _data(v, self.registry) for k, v in table.items() if k not in reserved(kind)}
        own = {**table, **given}
        tuned = self._tuned(self.make, kind, own, where) if self._tuned else None
        if tuned is not None:
            wrong = self._mistakes(table, kind, where)
            self.mistakes += wrong
            return [] if wrong else [tuned]
        known = parameters(component) if isinstance(component, type) else {}
        takes_any = isinstance(component, type) and takes_further(component)
        axes: list[list[tuple[str, Any]]] = []
        for key, value in given.items():
            takes_lists = key in known and is_sequence(known[key].annotation)
            unclear = known[key].unknown if key in known else takes_any
            listed = isinstance(value, list) and (key in known or takes_any)
            # A field that takes a list has one value here, unless the value is a list of lists.
            if listed and (takes_lists or unclear):
                listed = bool(value) and all(isinstance(item, list) for item in value)
                if unclear and not listed:
                    raise UsageError(
                        f"{where}: {key}: found a list, and {name} does not say whether it takes "
                        f"one; write {key}=[[...]] for a grid of lists, or a table for each value"
                    )
            if listed and not value:
                raise UsageError(f"{where}: {key} is an empty list; expected at least one value")
            axes.append([(key, item) for item in (value if listed else [value])])
        points = math.prod(len(axis) for axis in axes)
        if points > MOST_TRIALS:
            lengths = " × ".join(f"{len(axis):,}" for axis in axes if len(axis) > 1)
            raise UsageError(
                f"{where}: found a grid of {points:,} points ({lengths}), expected at most "
                f"{MOST_TRIALS:,}"
            )
        choices: list[Choice] = []
        wrong = self._mistakes(table, kind, where)
        mistakes: list[str] = []
        for point in itertools.product(*axes):
            try:
                choices.append(self.make(kind, table, dict(point), where))
            except UsageError as error:
                mistakes += error.mistakes
        # Points share parameters, and would repeat the same mistake.
        self.mistakes += dict.fromkeys([*wrong, *mistakes])
        if wrong or not choices:
            return []
        grid = _grid_of(table, axes)  # its wrappers were made, so that it can be written
        return [dataclasses.replace(choice, grid=grid) for choice in choices]

    def _mistakes(self, table: Mapping[str, Any], kind: str, where: str) -> list[str]:
        """Return the mistakes in the keys that every table accepts, such as ``label``."""
        mistakes: list[str] = []
        for key in ("optimizers", "problems"):
            value = table.get(key)
            strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
            if value is not None and not strings:
                mistakes.append(f"{where}: {key}: expected a list of names, found {value!r}")
        if "wrap" in table and kind not in AROUND:
            mistakes.append(
                f"{where}: wrap is not supported here; expected in an [[optimizer]] or [[problem]]"
            )
        if "start" in table and (kind != "problems" or table["start"] not in STARTS):
            expected = f"one of {', '.join(map(repr, STARTS))}, in a [[problem]]"
            mistakes.append(f"{where}: start: expected {expected}, found {table['start']!r}")
        if not isinstance(table.get("label", ""), str):
            mistakes.append(f"{where}: label: expected a string, found {table['label']!r}")
        if isinstance(table.get("budget"), Mapping):
            mistakes += mistakes_in(Budget, table["budget"], f"{where}: budget")
        return mistakes

    def make(
        self, kind: str, table: Mapping[str, Any], given: dict[str, Any], where: str
    ) -> Choice:
        """Return one point of a table; raise `UsageError` if it cannot be made."""
        name = table["name"]
        specified = self.registry.specified(kind, name, given, where)
        made = self.registry.finished(kind, specified, where)
        component = self.registry.load(kind, name)
        ready_made = not isinstance(component, type)
        values = {} if ready_made else resolved(self.registry, specified, given)
        shown: dict[str, Any] = {"name": name, **given}
        for key in () if ready_made else _optimizers_in(component):
            if isinstance(given.get(key), Mapping):
                shown[key] = write(given[key])
        if isinstance(made, Problem):
            shown |= made.shown
        if table.get("wrap") and kind in AROUND:
            made, values["wrap"] = wrap(self.registry, kind, made, table["wrap"], where)
            shown["wrap"] = table["wrap"]
        label = write(shown)
        if isinstance(table.get("label"), str):
            lists = [(v, table.get(k)) for k, v in given.items()]
            # A field that takes a list has its own list here, and is no grid.
            grids = [(v, g) for v, g in lists if isinstance(g, list) and v != g]
            label = " ".join([table["label"], *(_in_grid(v, grid) for v, grid in grids)])
        return Choice(Component(name, canonical(values), encodable(label)), table, made, where)


def _optimizers_in(component: Any) -> list[str]:
    """Return the parameters of a component that hold an optimizer."""
    return [name for name, field in parameters(component).items() if field.optimizer]


def _grid_of(table: Mapping[str, Any], axes: Iterable[Sequence[tuple[str, Any]]]) -> Grid | None:
    """Return the grid of a table; None if each of its parameters has one value."""
    fixed, lists = {"name": table["name"]}, {"name": table["name"]}
    varied = []
    for axis in axes:
        key, value = axis[0]
        if len(axis) == 1:
            fixed[key] = lists[key] = value
        else:
            varied.append(key)
            lists[key] = [item for _, item in axis]
    if not varied:
        return None
    around = {"wrap": table["wrap"]} if table.get("wrap") else {}
    label, budget = table.get("label"), canonical({"": table.get("budget")})
    shared, written = (encodable(write({**one, **around})) for one in (fixed, lists))
    own = encodable(label) if isinstance(label, str) else None
    return Grid(own, shared, written, tuple(sorted(varied)), budget)


def _named(tables: Sequence[Sequence[Choice]]) -> list[Choice]:
    """Return the points of all tables, those of grids with the name that they are compared under.

    A label that a person wrote is the name. Else it is what the points share, if nothing else in
    the study has that name but grids without a label over the same parameters and with the same
    budget, which are one contender then. Else it is the whole table, lists included.
    """
    points = [choice for table in tables for choice in table]
    users: dict[str, set[Any]] = {}
    for point in points:
        grid = point.grid
        if grid is None:
            users.setdefault(point.component.label, set()).add(None)
        elif grid.label is not None:
            users.setdefault(grid.label, set()).add(None)
        else:
            users.setdefault(grid.shared, set()).add((grid.varied, grid.budget))
    named = []
    for point in points:
        grid, name = point.grid, None
        if grid is not None and grid.label is not None:
            name = grid.label
        elif grid is not None:
            name = grid.shared if len(users[grid.shared]) == 1 else grid.written
        named.append(dataclasses.replace(point, contender=name))
    return named


def _in_grid(value: Any, grid: list[Any]) -> str:
    """Write a value of a grid; of a table (a schedule, for example) only the keys that differ."""
    if not isinstance(value, Mapping):
        return f"{value:g}" if isinstance(value, float) else str(value)
    others = [other for other in grid if isinstance(other, Mapping)]
    own = [k for k, v in value.items() if any(other.get(k) != v for other in others)]
    return " ".join(
        _in_grid(value[k], [other.get(k) for other in others])
        if isinstance(value[k], Mapping)
        else format_value(value[k])
        for k in own or value
    )


def table_of(item: Any, kind: str, registry: Registry) -> Mapping[str, Any]:
    """Return a component as a table; it is given in the short notation, as a table or an object."""
    if isinstance(item, str):
        return parse(item)
    if isinstance(item, Mapping):
        return item
    component = item if isinstance(item, type) else type(item)
    if not issubclass(component, CONTRACTS[kind]):
        names = " or ".join(contract.__name__ for contract in CONTRACTS[kind])
        raise UsageError(
            f"{kind}: found a {component.__name__}; expected a name, a table, or an object of "
            f"type {names}"
        )
    if not isinstance(item, type):
        table = _as_table(item, kind, registry)
        if table is None and (spaces := ", ".join(spaces_held(item))):
            raise UsageError(
                f"{component.__name__}: found a space for {spaces}, and another parameter that is "
                "not plain data; expected numbers, texts, lists or tables"
            )
        # An object that cannot be written as a table is registered under a name.
        title = str(getattr(item, "title", component.__name__))
        return table or {"name": registry.add(kind, title.lower(), item)}
    name = registry.name_of(kind, component)
    return {"name": name or registry.add(kind, component.__name__.lower(), item)}


def _as_table(item: Any, kind: str, registry: Registry) -> dict[str, Any] | None:
    """Return the table of an object made in Python; None if it has parameters beyond plain data."""
    given = given_parameters(item) if dataclasses.is_dataclass(item) else None
    held: Any = None
    if isinstance(item, (Wrapper, Transform)):
        held = item.optimizer if isinstance(item, Wrapper) else item.problem
    inner = {} if held is None else _as_table(held, kind, registry)
    own = kind if held is None else AROUND[kind][0]
    if given is None or inner is None or given.keys() & reserved(own):
        return None
    name = registry.name_of(own, type(item))
    table = {
        "name": name or registry.add(own, type(item).__name__.lower(), type(item)),
        **{key: _data(value, registry) for key, value in given.items()},
    }
    return {**inner, "wrap": [*inner.get("wrap", ()), table]} if inner else table


def _data(value: Any, registry: Registry) -> Any:
    """Return a schedule, search or optimizer made in Python as its table, all else as it is."""
    if isinstance(value, Optimizer):
        return table_of(value, "optimizers", registry)
    if isinstance(value, list):
        return [_data(item, registry) for item in value]
    if not isinstance(value, (Schedule, Search)):
        return value
    kind, key = ("searches", "name") if isinstance(value, Search) else ("schedules", "schedule")
    name = registry.name_of(kind, type(value)) or registry.add(
        kind, type(value).__name__.lower(), type(value)
    )
    given = given_parameters(value)
    if given is None:
        singular = KINDS[kind].singular
        raise UsageError(
            f"{singular} {name}: found parameters that are not plain data; expected numbers, "
            "strings, lists or tables"
        )
    return {key: name, **{field: _data(inner, registry) for field, inner in given.items()}}
