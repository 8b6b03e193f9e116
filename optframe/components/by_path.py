"""Loads the components that import paths name, each once, and identifies their code."""

from __future__ import annotations

import sys
import typing
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from optframe.components.adapting import (
    Adapters,
    Call,
    called,
    class_of,
    is_function,
    kind_of,
    refusal,
)
from optframe.components.code import hash_of, identity_of, version_of
from optframe.components.contract_check import reserved
from optframe.components.entries import Entry
from optframe.components.import_paths import found_at, imported, is_path
from optframe.components.importing import Imports
from optframe.components.inner import Make
from optframe.components.kinds import KINDS
from optframe.components.parameters import build
from optframe.components.signatures import component_class, path_of
from optframe.contracts import Transform, Wrapper
from optframe.errors import OptframeError, PluginError, UsageError

__all__ = ["ByPath"]


class _Registry(Protocol):
    """What is needed of a registry, which has a `ByPath`."""

    imports: Imports
    paths: list[str]

    @property
    def make(self) -> Make: ...

    def entries(self, kind: str) -> list[Entry]: ...

    def load(self, kind: str, name: str) -> Any: ...

    def code(self, kind: str, name: str) -> str: ...


class ByPath:
    """The components of a registry that are named by import paths."""

    def __init__(self, registry: _Registry) -> None:
        self.registry = registry
        self._loaded: dict[tuple[str, str], Any] = {}

    @property
    def loaded(self) -> list[tuple[str, str]]:
        """The kinds and names of what was loaded so far."""
        return sorted(self._loaded)

    def adapters(self) -> Adapters:
        """Return the adapters that plugins register; their libraries are not imported."""
        adapters = Adapters()
        for entry in self.registry.entries("adapters"):
            try:
                adapters.named[entry.name] = self.registry.load("adapters", entry.name)()
            except PluginError as error:
                adapters.broken.append(str(error))
        return adapters

    def found(self, name: str) -> Any:
        """Return what an import path, a ``module:Class`` or a module's name names.

        Raises
        ------
        UsageError
            If the path names nothing.
        PluginError
            If a ``module:Class`` names nothing.
        """
        if not self.registry.imports.any:
            raise UsageError(f"{name} is not imported, since a store names it")
        adapters = self.adapters()
        adapters.prepare(name)
        if ":" in name:
            return imported(name, self.registry.imports, repr(name))
        return found_at(name, self.registry.imports, adapters.extras)

    def is_object(self, path: str) -> bool:
        """Whether an import path names something else than a module."""
        if not is_path(path):
            return False
        try:
            return not isinstance(self.found(path), ModuleType)
        except UsageError:
            return False

    def load(self, entry: Entry, where: str = "") -> Any:
        """Return the class or object that the entry of an import path or ``module:Class`` names.

        Raises
        ------
        UsageError
            If the path names nothing, or no component of this kind.
        PluginError
            If a ``module:Class`` does, or an adapter raises.
        """
        kind, name = entry.kind, entry.name
        try:
            loaded = self._loaded.get((kind, name))
            if loaded is None:
                loaded = class_of(kind, name, self.found(name), self.adapters())
            self._check_call(name, loaded)
        except OptframeError as error:
            if not is_path(name):
                raise PluginError(f"{KINDS[kind].singular} {error}") from error
            if not isinstance(error, UsageError):
                raise
            prefix = f"{where}: " if where else ""
            raise UsageError(*(f"{prefix}{line}" for line in error.mistakes)) from error
        self._loaded[kind, name] = loaded
        return loaded

    def _check_call(self, name: str, loaded: Any) -> None:
        """Raise `UsageError` if a study file names a function that it must not call.

        A stranger's study could else call any function of any library with arguments of its own.
        """
        paths, of_study = self.registry.paths, bool(self.registry.imports.not_from)
        if not (of_study and isinstance(loaded, type) and issubclass(loaded, Call)):
            return
        function = loaded.target.func if isinstance(loaded.target, partial) else loaded.target
        file = getattr(sys.modules.get(function.__module__), "__file__", None)
        named = [Path(path).parent for path in paths if path.endswith(".py")]
        if file is not None and Path(file).resolve().parent in named:
            return
        if any(f"{function.__module__}.".startswith(f"{path}.") for path in paths):
            return
        try:
            returned = typing.get_type_hints(function).get("return")
        except Exception:  # an annotation for type checkers alone
            returned = None
        if kind_of(returned) is None:
            raise UsageError(
                f"{name} is a function, which a study file does not call; name its file with -P, "
                "or annotate it with what it returns, such as `-> optframe.Problem`"
            )

    def code(self, entry: Entry) -> str | None:
        """Return a text that identifies the code of what is named; None if it is in no file.

        It is also None for a ``module:Class`` of ours, whose files are hashed.
        """
        loaded = self.load(entry)
        component = loaded if isinstance(loaded, type) else type(loaded)
        path = path_of(component)
        if path is None and not is_path(entry.name):
            return None
        place = _module_of(entry.name)
        if path is None:
            return identity_of({place, *(base.__module__ for base in component.__mro__)})
        made: Any = component
        own = identity_of({place, getattr(made.target, "__module__", None) or place})
        if own is None or issubclass(component, Call):
            return own
        around = hash_of(base.__module__ for base in component.__mro__[1:])
        recognized = self.adapters().recognized(made.target)
        adapter = recognized[2] if recognized else None
        names = (*adapter.modules, *adapter.computes_with(made.target)) if adapter else ()
        heads = {name.partition(".")[0] for name in names}
        libraries = [version_of(head) or "" for head in sorted(heads) if head in sys.modules]
        return " ".join(dict.fromkeys([*own.split(" "), *libraries, around or ""])).strip()

    def modules_of_result(self, kind: str, name: str, made: Any) -> frozenset[str]:
        """Return the modules of what a function returned, of the wrappers and what is inside.

        They are none where the name is not a function's: then `code` covers all.
        """
        if not (is_path(name) or ":" in name):
            return frozenset()
        called = self.registry.load(kind, name)
        if not (isinstance(called, type) and issubclass(called, Call)):
            return frozenset()
        modules = {base.__module__ for base in type(made).__mro__}
        while isinstance(made, (Wrapper, Transform)):
            made = made.optimizer if isinstance(made, Wrapper) else made.problem
            modules |= {base.__module__ for base in type(made).__mro__}
        return frozenset(modules)

    def versions(self) -> dict[str, str]:
        """Return the versions of the distributions that decide what loaded components do."""
        codes = [self.registry.code(*one).split(" ") for one in self.loaded]
        pairs = [part.split("==") for code in codes for part in code if "==" in part]
        return dict(sorted((name, version) for name, version in pairs))

    def kinds(self, name: str, given: Mapping[str, Any]) -> list[str]:
        """Return the kind of what a name names; of a function, that of what it returns.

        The list is empty if the name is neither an import path nor a ``module:Class``.

        Raises
        ------
        UsageError
            If the path names nothing, or no component.
        PluginError
            If a ``module:Class`` names nothing.
        """
        if not (is_path(name) or ":" in name):
            return []
        found = self.found(name)
        kind = self.kind(found)
        if kind is None and is_function(found):
            call = build(self.call(name, found), given, name, self.registry.make)
            with self.registry.imports.searched():
                found = called(call, name)
            kind = None if isinstance(found, type) else kind_of(found)
        if kind is None:
            raise self.refused(name, found)
        return [kind]

    def refused(self, name: str, found: Any) -> UsageError:
        """Return the error that says that a name names no component."""
        expected = "a component: a class or object of optframe's"
        return refusal(name, found, expected, self.adapters())

    def kind(self, found: Any) -> str | None:
        """Return the kind of component that an object is for; None for a function of ours."""
        ours = kind_of(found)
        recognized = self.adapters().recognized(found) if ours is None else None
        return recognized[0] if recognized else ours

    def call(self, path: str, found: Any) -> type[Any]:
        """Return the class of a function's calls, whatever kind of component it returns."""
        return component_class(found, path, Call, frozenset(), reserved("problems"))

    def origin(self, name: str) -> str:
        """Return where a component comes from: a distribution and its version, or a file."""
        module = _module_of(name)
        file = getattr(sys.modules.get(module), "__file__", None)
        return (version_of(module) or file or module).replace("==", " ")


def _module_of(name: str) -> str:
    """Return the module of an import path that is imported: the longest part that is one."""
    module = name.partition(":")[0]
    while module not in sys.modules and "." in module:
        module = module.rpartition(".")[0]
    return module
