"""Makes the same registry in another process, from the plugins' names, without pickled code."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from operator import attrgetter

from optframe.components.importing import TYPED, Imports
from optframe.components.kinds import KINDS
from optframe.components.loading import load_plugins
from optframe.components.registry import Entry, Registry
from optframe.errors import OptframeError, PluginError

__all__ = ["Recipe", "by_name"]


@dataclass(frozen=True)
class Recipe:
    """The names of a registry's plugins, and the hashes of their code.

    ``paths`` and ``without`` are those of `load_plugins`. ``classes`` (kind, name, module:Class)
    are components that were given as objects in Python and can be imported. ``codes`` are those of
    `Registry.codes`, and ``imports`` is `Registry.imports`. ``by_path`` (kind, name, code) are
    the components that were named by import paths.
    """

    paths: tuple[str, ...]
    without: tuple[str, ...]
    classes: tuple[tuple[str, str, str], ...]
    codes: tuple[tuple[str, str], ...]
    imports: Imports = TYPED
    by_path: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def of(cls, registry: Registry) -> Recipe:
        """Return the recipe of a registry."""
        given = [e for kind in KINDS for e in registry.entries(kind) if e.owner == "this process"]
        references = [(entry.kind, entry.name, by_name(entry)) for entry in given]
        return cls(
            tuple(registry.paths),
            tuple(registry.without),
            tuple((kind, name, where) for kind, name, where in references if where),
            tuple(registry.codes().items()),
            registry.imports,
            tuple((k, name, registry.code(k, name)) for k, name in registry.by_path.loaded),
        )

    def make(self) -> Registry:
        """Load the same plugins here; raise `PluginError` if one is missing or different."""
        registry = load_plugins(self.paths, self.without)
        broken = {plugin.name: plugin.reason for plugin in registry.broken}
        here = registry.codes()
        for name, there in self.codes:
            if name not in here:
                reason = f": {broken[name]}" if name in broken else ""
                raise PluginError(
                    f"plugin {name!r} of the study cannot be loaded in this process{reason}; "
                    "install it here, too"
                )
            if here[name] != there:
                raise PluginError(
                    f"plugin {name!r}: found {here[name]} in this process, expected {there} as the "
                    "study was planned with; install the same here, or run the study again"
                )
        for kind, name, where in self.classes:
            module, _, path = where.partition(":")
            try:
                given = attrgetter(path)(importlib.import_module(module))
            except (Exception, SystemExit) as error:
                raise PluginError(
                    f"{where} of the study cannot be imported in this process: {error}"
                ) from error
            registry.add(kind, name, given)
        registry.imports = self.imports
        for kind, name, there in self.by_path:
            try:
                code = registry.code(kind, name)
            except OptframeError as error:
                raise PluginError(
                    f"{name} of the study cannot be imported in this process: {error}"
                ) from error
            if code != there:
                raise PluginError(
                    f"{name}: found {code} in this process, expected {there} as the study was "
                    "planned with; install the same here, or run the study again"
                )
        return registry


def by_name(entry: Entry) -> str | None:
    """Return the ``module:Class`` by which another process can import a component, or None."""
    target = entry.target
    if isinstance(target, str):
        return target
    if not isinstance(target, type) or target.__module__ == "__main__":
        return None
    module = sys.modules.get(target.__module__)
    name = str(target.__qualname__)
    found = getattr(module, name, None)  # None for a class that is defined inside a function
    try:
        findable = importlib.util.find_spec(target.__module__) is not None
    except (ImportError, ValueError):
        findable = False
    return f"{target.__module__}:{name}" if found is target and findable else None
