"""Finds classes that plugins register for use from Python (`optframe_classes`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from optframe.components.importing import TYPED
from optframe.components.loading import load_plugins
from optframe.errors import PluginError, described

__all__ = ["public_class", "public_names"]


def public_class(name: str) -> Any:
    """Return the class that an installed plugin registers under this name; None if there is none.

    Raises
    ------
    PluginError
        If two plugins register it, or the class cannot be imported.
    """
    target = _registered().get(name)
    if not isinstance(target, str):
        return target
    module, _, attribute = target.partition(":")
    try:
        return getattr(TYPED.module(module), attribute)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"optframe.{name}: {target} could not be imported: {described(error)}"
        ) from error


def public_names() -> list[str]:
    """Return the names of all these classes, sorted."""
    return sorted(_registered())


@cache
def _registered() -> Mapping[str, Any]:
    """Return the targets by name, of the plugins that are installed."""
    found: dict[str, Any] = {}
    for mapping in load_plugins().hook.optframe_classes():
        if not isinstance(mapping, Mapping):
            raise PluginError(
                f"hook optframe_classes returned a {type(mapping).__name__}; expected a mapping "
                "from name to class"
            )
        for name, target in mapping.items():
            reference = isinstance(target, type) or (isinstance(target, str) and ":" in target)
            if not (isinstance(name, str) and name.isidentifier() and name[0].isupper()):
                raise PluginError(
                    f"hook optframe_classes: found the name {name!r}, expected that of a class, "
                    "such as 'MyProblem'"
                )
            if not reference:
                raise PluginError(
                    f"hook optframe_classes: {name!r}: found {target!r}, expected a class or "
                    '"module:Class"'
                )
            if name in found:
                raise PluginError(f"two plugins register the class {name!r}; rename one of them")
            found[name] = target
    return found
