"""Makes the contenders of a study that tunes: their spaces, and the component of each setting."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from optframe.components.contract_check import reserved
from optframe.components.inner import MOST_INSIDE
from optframe.components.notation import format_value, write
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.components.spaces import is_space, undeclared
from optframe.components.tuned import declared_in, spaces_in, with_setting
from optframe.contracts.space import Space
from optframe.contracts.trial import canonical
from optframe.errors import UsageError, encodable, nearest
from optframe.study.choice import Choice, Grid
from optframe.study.grids import Make
from optframe.study.tune import TuneSettings, combined, search_of

__all__ = ["Tunables", "at_setting"]

RATES = ("lr", "learning_rate")
"""The names of a learning rate."""

GONE = object()
"""Stands for a value that is left out."""


class Tunables:
    """Finds what is tuned of each contender of a study.

    ``settings`` is the table [tune]; without one, a space is a mistake.
    """

    def __init__(self, registry: Registry, settings: TuneSettings | None, prefix: str) -> None:
        self._registry = registry
        self._settings = settings
        self._prefix = prefix
        self._known: set[str] = set()

    def __call__(
        self, make: Make, kind: str, table: Mapping[str, Any], where: str
    ) -> Choice | None:
        """Return the choice of a table of which something is tuned; else None.

        Raises
        ------
        UsageError
            If a space is wrong, or what is to be tuned has none.
        """
        if "tune" in table and (self._settings is None or kind == "samplers"):
            expected = "in an [[optimizer]] or [[problem]] of a study with a table [tune]"
            raise UsageError(f"{where}: tune: found {table['tune']!r}, expected {expected}")
        if self._settings is None:
            found = _spaces(table)
            if found:
                raise UsageError(
                    f"{where}: {', '.join(found)}: found a space, which only a study with a table "
                    "[tune] searches; add [tune] (--tune N), or give a value or a list of values"
                )
            return None
        if kind == "problems":
            found = [name for name, value in table.items() if is_space(value)]
            if found:
                raise UsageError(
                    f"{where}: {', '.join(found)}: found a space, but problems are not tuned; give "
                    "a value, or a list of values for several problems"
                )
            return None
        try:
            spaces = spaces_in(self._registry, kind, table, where)
        except UsageError as error:
            lines = (m if m.startswith(where) else f"{where}: {m}" for m in error.mistakes)
            raise UsageError(*lines) from error
        if not spaces and kind == "optimizers":
            spaces = self._usual(table, where)
        return of_table(make, kind, table, spaces, where) if spaces else None

    def _usual(self, table: Mapping[str, Any], where: str) -> dict[str, Space]:
        """Return the spaces of what is tuned where a table gives none."""
        assert self._settings is not None
        own = {f"{where}: tune": ("optimizers", table["tune"])} if "tune" in table else {}
        settings = combined(self._settings, own, [])
        protocol = search_of(settings, self._registry, f"{self._prefix}[tune]").protocol
        name = str(table["name"])
        component = self._registry.load("optimizers", name, where)
        known = parameters(component) if isinstance(component, type) else {}
        if protocol is not None:
            ours = reserved("optimizers") - {"wrap"}
            fixed = {key: value for key, value in table.items() if key not in ours}
            found = protocol.space(name, fixed, tuple(known))
            if found is not None:
                return dict(found)
        usual: dict[str, Space] = declared_in(self._registry, "optimizers", table, where)
        if settings.fields == "all":
            return usual
        asked = (settings.fields,) if isinstance(settings.fields, str) else settings.fields
        names = RATES if settings.fields == "lr" else asked
        self._known |= {*known, *usual}
        bare = [field for field in names if field in known and field not in {*table, *usual}]
        if bare:
            raise UsageError(*(undeclared(where, field) for field in bare))
        return {field: space for field, space in usual.items() if field in names}

    def unknown(self) -> list[str]:
        """Return a line for each name in ``fields`` that no optimizer has."""
        if self._settings is None or self._settings.fields in ("lr", "all") or not self._known:
            return []
        asked = self._settings.fields
        return [
            f"{self._prefix}[tune] fields: no optimizer has the field {name!r}; "
            f"{nearest(name, self._known)}"
            for name in ((asked,) if isinstance(asked, str) else asked)
            if name not in self._known
        ]


def _spaces(table: Mapping[str, Any], depth: int = 0) -> list[str]:
    """Return the names of the fields whose values are spaces, those of tables inside included."""
    found: list[str] = []
    for name, value in table.items():
        inside = value if isinstance(value, (list, tuple)) else [value]
        tables = [one for one in inside if isinstance(one, Mapping)]
        if is_space(value):
            found.append(name)
        elif depth < MOST_INSIDE:
            found += [f"{name}: {key}" for one in tables for key in _spaces(one, depth + 1)]
    return found


def of_table(
    make: Make, kind: str, table: Mapping[str, Any], spaces: Mapping[str, Space], where: str
) -> Choice:
    """Return the choice of a contender that is tuned.

    It is made at the middle of its spaces and at each of their ends.

    Raises
    ------
    UsageError
        With the mistakes that this finds.
    """
    middle = {name: space.at(0.5) for name, space in spaces.items()}
    settings = [middle]
    settings += [{**middle, name: end} for name, space in spaces.items() for end in space.ends]
    mistakes: list[str] = []
    ends: dict[str, Choice] = {}
    for setting in settings:
        try:
            one = _made(make, kind, table, spaces, setting, where)
            ends.setdefault(one.component.parameters, one)
        except UsageError as error:
            mistakes += error.mistakes
    if mistakes:
        raise UsageError(*dict.fromkeys(mistakes))
    first, *_ = made = tuple(ends.values())
    return dataclasses.replace(
        first,
        table=table,
        spaces=spaces,
        ends=made,
        grid=_grid_of(kind, table, spaces),
    )


def at_setting(make: Make, kind: str, choice: Choice, setting: Mapping[str, Any]) -> Choice:
    """Return the choice of a contender with the values that a tuner proposed.

    Raises
    ------
    UsageError
        If the component refuses them together.
    """
    one = _made(make, kind, choice.table, choice.spaces, setting, choice.where)
    label = one.component.label
    if kind == "samplers":
        label = choice.contender or label  # what it is compared as
    component = dataclasses.replace(one.component, label=label)
    return dataclasses.replace(
        one, component=component, table=choice.table, contender=choice.contender
    )


def _made(
    make: Make,
    kind: str,
    table: Mapping[str, Any],
    spaces: Mapping[str, Space],
    setting: Mapping[str, Any],
    where: str,
) -> Choice:
    """Make the component of a setting; its label is one that no other setting has."""
    own = {name: setting[name] for name in spaces}
    plain = with_setting(table, own, spaces, kind)
    label = plain.pop("label", None)
    given = {key: value for key, value in plain.items() if key not in reserved(kind)}
    made = make(kind, plain, given, where)
    if isinstance(label, str):
        name = encodable(" ".join([label, *map(format_value, own.values())]))
        made = dataclasses.replace(made, component=dataclasses.replace(made.component, label=name))
    return made


def _grid_of(kind: str, table: Mapping[str, Any], spaces: Mapping[str, Space]) -> Grid:
    """Return the names that a contender's settings can be compared under."""
    plain = {key: v for key, v in table.items() if key in ("name", "wrap") or _is_own(kind, key)}
    tables = {name: space.table for name, space in spaces.items()}
    written = encodable(write(with_setting(plain, tables, {}, kind)))
    gone = with_setting(plain, dict.fromkeys(spaces, GONE), {}, kind)
    label = table.get("label")
    return Grid(
        encodable(label) if isinstance(label, str) else None,
        encodable(write(_without(gone))),
        written,
        (*spaces, written),  # so that two contenders with other spaces are never one
        canonical({"": table.get("budget")}),
    )


def _is_own(kind: str, key: str) -> bool:
    return key not in reserved(kind)


def _without(value: Any) -> Any:
    """Return a value without what is gone from its tables."""
    if isinstance(value, Mapping):
        return {key: _without(inner) for key, inner in value.items() if inner is not GONE}
    return [_without(inner) for inner in value] if isinstance(value, list) else value
