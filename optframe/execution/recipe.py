"""How a registry is made again in another process, from names and never from pickled code."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from operator import attrgetter

from optframe.components.kinds import KINDS
from optframe.components.loading import load_plugins
from optframe.components.registry import Entry, Registry
from optframe.errors import PluginError

__all__ = ["Recipe", "by_name"]


@dataclass(frozen=True)
class Recipe:
    """The plugins of a registry by name, and what their code was.

    ``paths`` and ``without`` are those of `load_plugins`; ``classes`` (kind, name, module:Class)
    were given as objects in Python and can be imported; ``codes`` are those of `Registry.codes`.
    """

    paths: tuple[str, ...]
    without: tuple[str, ...]
    classes: tuple[tuple[str, str, str], ...]
    codes: tuple[tuple[str, str], ...]

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
        )

    def make(self) -> Registry:
        """Load the same plugins here.

        Raises
        ------
        PluginError
            Where one is missing here, or its code is another.
        """
        registry = load_plugins(self.paths, self.without)
        broken = {plugin.name: plugin.reason for plugin in registry.broken}
        here = registry.codes()
        for name, there in self.codes:
            if name not in here:
                reason = f": {broken[name]}" if name in broken else ""
                raise PluginError(f"plugin {name!r} of the study cannot be loaded here{reason}")
            if here[name] != there:
                raise PluginError(
                    f"plugin {name!r} is not the one that the study was planned with: it is "
                    f"{here[name]} here and was {there}; run the study again"
                )
        for kind, name, where in self.classes:
            module, _, path = where.partition(":")
            try:
                given = attrgetter(path)(importlib.import_module(module))
            except (Exception, SystemExit) as error:
                raise PluginError(
                    f"{where} of the study cannot be imported here: {error}"
                ) from error
            registry.add(kind, name, given)
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
    found = getattr(module, name, None)  # a class inside of a function is not there
    try:
        findable = importlib.util.find_spec(target.__module__) is not None
    except (ImportError, ValueError):
        findable = False
    return f"{target.__module__}:{name}" if found is target and findable else None
