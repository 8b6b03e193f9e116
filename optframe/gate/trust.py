"""What running a trial of a store would import, read and fetch because the store names it.

Components that installed plugins, or those of ``-P``, register are not the store's. What it names
beside them takes its reader's trust: modules, files, addresses.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from optframe.components.import_paths import is_path
from optframe.components.notation import parse
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts.trial import Trial
from optframe.errors import OptframeError, visible

__all__ = ["asked_of"]

_NAMES = ("name", "schedule")
"""The keys of tables under which the name of a component is."""

_IMPORTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+([:+].*)?\Z", re.DOTALL)
"""The short notation of a component that an import path names."""

_PLACE = re.compile(r"[/\\~]")
"""What a path or an address has, and no other parameter of a component of ours."""


def asked_of(trial: Trial, registry: Registry) -> list[str]:
    """Return what a trial needs of its reader's trust, a phrase for each thing; empty if nothing.

    A data set's parameter that can be any text is taken for a file or an address.
    """
    found: dict[str, None] = {}
    for part in (trial.optimizer, trial.problem, trial.sampler):
        for phrase in _of(registry, {"name": part.name, **part.values}):
            found[str(visible(phrase))] = None
    for phrase in _of(registry, {"name": trial.backend}):
        found[str(visible(phrase))] = None
    return [*found]


def _of(registry: Registry, value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _of(registry, _inside(registry, value, name) or inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _of(registry, inner, key)
    elif isinstance(value, str):
        data = _data(registry, value)
        if data is not None:
            yield from data
        elif key in _NAMES and (":" in value or is_path(value)):
            yield f"import {value}"
        elif key not in _NAMES and _IMPORTED.match(value):
            yield f"import {value}"  # as a component inside another one
        elif _PLACE.search(value):
            yield f"open {value!r}"


def _inside(registry: Registry, table: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return the table of an optimizer that a field has in the short notation; else None."""
    text = table[name]
    if not isinstance(text, str):
        return None
    for kind in ("optimizers", "wrappers"):
        if table.get("name") in registry.names(kind):
            with contextlib.suppress(OptframeError):
                component = registry.load(kind, table["name"])
                fields = parameters(component) if isinstance(component, type) else {}
                if name in fields and fields[name].optimizer:
                    return parse(text)
    return None


def _data(registry: Registry, text: str) -> list[str] | None:
    """Return the files and addresses in the notation of a data set; None if it is none."""
    try:
        table = parse(text)
        name = str(table.pop("name"))
        if name not in registry.names("datasets"):
            return None
        fields = parameters(registry.load("datasets", name))
    except OptframeError:
        return None
    return [
        f"open {given!r}"
        for field, given in table.items()
        if given and (field not in fields or fields[field].annotation is str)
    ]
