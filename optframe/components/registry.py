"""The registry: which plugins there are, what they register, and what is wrong with them."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import re
import sys
import traceback
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pluggy

from optframe.components import hookspecs
from optframe.components.fitness import flaw_of, unfit
from optframe.components.hookspecs import API_VERSION
from optframe.components.kinds import KINDS
from optframe.errors import PluginError, UsageError, nearest, one_line
from optframe.version import __version__

__all__ = ["Broken", "Entry", "Plugin", "Registry"]


@dataclass(frozen=True)
class Plugin:
    """A plugin that is in use: its name, where it came from, and its version."""

    name: str
    origin: str
    version: str


@dataclass(frozen=True)
class Broken:
    """A plugin that was left out: the reason in one line, and the whole traceback."""

    name: str
    origin: str
    reason: str
    traceback: str


@dataclass(frozen=True)
class Entry:
    """One registered component: a class, a ``"module:Class"``, or a study's path."""

    kind: str
    name: str
    owner: str
    target: Any

    @property
    def module(self) -> str:
        """The module that defines it."""
        if isinstance(self.target, str):
            return self.target.partition(":")[0]
        return str(self.target.__module__)


class Registry:
    """What the loaded plugins register, by kind and name."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self.manager = manager
        self.plugins: list[Plugin] = []
        self.broken: list[Broken] = []
        self.paths: list[str] = []
        self.without: list[str] = []
        self.token = uuid.uuid4().hex
        self._entries: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}

    @property
    def hook(self) -> Any:
        """The events: ``registry.hook.optframe_trial_finished(trial=..., record=...)``."""
        return self.manager.hook

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind, sorted."""
        return sorted(self._entries[kind])

    def entries(self, kind: str) -> list[Entry]:
        """Return what is registered of a kind, sorted by name."""
        return [self._entries[kind][name] for name in self.names(kind)]

    def entry(self, kind: str, name: str, where: str = "") -> Entry:
        """Return one entry.

        Raises
        ------
        UsageError
            Where there is none of this name; it says which name is nearest.
        """
        entries = self._entries[kind]
        prefix = f"{where}: " if where else ""
        if ":" in name and name not in entries:  # module:Class, named by the user
            module, _, attribute = name.partition(":")
            if module in entries:
                raise UsageError(
                    f"{prefix}{name}: found {attribute!r} where parameter=value was expected"
                )
            entries[name] = Entry(kind, name, module, name)
        if name not in entries:
            raise UsageError(
                f"{prefix}unknown {KINDS[kind].singular} {name!r}; {nearest(name, entries)}"
            )
        return entries[name]

    def load(self, kind: str, name: str, where: str = "") -> Any:
        """Return a component's class, importing it now if it was registered by name.

        Raises
        ------
        PluginError
            Where the import fails, or what comes is not what the kind's contract says.
        """
        entry = self.entry(kind, name, where)
        target = entry.target
        who = f"plugin {entry.owner!r}: {KINDS[kind].singular} {name!r}"
        if isinstance(target, str):
            module, _, attribute = target.partition(":")
            try:
                target = getattr(importlib.import_module(module), attribute)
            except (Exception, SystemExit) as error:
                raise PluginError(
                    f"{who} ({entry.target}) could not be imported: {type(error).__name__}: {error}"
                ) from error
        flaw = flaw_of(kind, target)
        if flaw is not None:
            raise PluginError(f"{who}: {flaw}")
        return target

    def make(
        self, kind: str, name: str, given: Mapping[str, Any] | None = None, where: str = ""
    ) -> Any:
        """Make a component from plain parameters, the schedules and searches in it by their tables.

        Raises
        ------
        UsageError
            With one line per mistake.
        """
        from optframe.components.parameters import build

        component = self.load(kind, name, where)
        if not isinstance(component, type):
            if given:
                raise UsageError(f"{where or name}: a ready-made object takes no parameters")
            return component
        return build(component, given or {}, where or name, self.make)

    def code(self, kind: str, name: str) -> str:
        """Return a hash of the plugin code that a component runs.

        That is the package, or the file where there is none, of its class and of its bases; what
        a single file imports from files beside it is not seen.
        """
        entry = self.entry(kind, name)
        here = f"object {id(entry.target)} of {self.token}"
        if entry.owner == "this process" and not isinstance(entry.target, type):
            return here
        target = self.load(kind, name)
        component = target if isinstance(target, type) else type(target)
        own = {entry.module, *(base.__module__ for base in component.__mro__)}
        found = _hash_of(sorted(own))
        # Typed into a session: nobody can say that it is the same again.
        return here if found is None else found

    def codes(self) -> dict[str, str]:
        """Return what tells the code that trials run from another, by the plugin's name.

        It is the version (for a file the hash of what was loaded) and a hash of what is there now;
        of optframe itself the version. Plugins of which trials run nothing are left out.
        """
        kinds = [kind for kind in KINDS if kind not in ("figures", "reporters", "studies")]
        owners = {entry.owner for kind in kinds for entry in self.entries(kind)}
        found = {"optframe": __version__}
        for plugin in self.plugins:
            if plugin.name in owners:
                loaded = self.manager.get_plugin(plugin.name)
                now = _hash_of([getattr(loaded, "__name__", type(loaded).__module__)]) or ""
                found[plugin.name] = f"{plugin.version} {now[:12]}".strip()
        return found

    def add(self, kind: str, name: str, target: Any) -> str:
        """Register an object or class of this process under a free name, which is returned."""
        free, number = name, 2
        while self._entries[kind].get(free, None) is not None:
            if self._entries[kind][free].target is target:
                return free
            free, number = f"{name}-{number}", number + 1
        self._entries[kind][free] = Entry(kind, free, "this process", target)
        return free

    def name_of(self, kind: str, component: type) -> str | None:
        """Return the name under which a class is registered, or None."""
        reference = f"{component.__module__}:{component.__qualname__}"
        for entry in self.entries(kind):
            if entry.target is component or entry.target == reference:
                return entry.name
        return None

    def watch(self, observer: object) -> None:
        """Let an object's hookimpls see the events of a study."""
        self.manager.register(observer)

    def admit(self, plugin: Any, name: str, origin: str, version: str) -> None:
        """Register a plugin, or leave it out whole and keep the reason in ``broken``."""
        if self.manager.is_registered(plugin):
            return  # it is installed, and was named again
        try:
            entries = self._collect(plugin, name)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            if self.manager.is_registered(plugin):
                self.manager.unregister(plugin)
            self.leave_out(name, origin, error)
            return
        for entry in entries:
            self._entries[entry.kind][entry.name] = entry
        self.plugins.append(Plugin(name, origin, version))

    def leave_out(self, name: str, origin: str, error: BaseException) -> None:
        """Keep the reason why a plugin is not in use."""
        reason = one_line(error) or type(error).__name__
        if not isinstance(error, (PluginError, pluggy.PluginValidationError)):
            reason = f"{type(error).__name__}: {reason}"
        trace = "".join(traceback.format_exception(error))
        self.broken.append(Broken(name, origin, reason, trace))

    def _collect(self, plugin: Any, name: str) -> list[Entry]:
        declared = getattr(plugin, "optframe_api", None)
        if declared != API_VERSION:
            found = "declares no optframe_api" if declared is None else f"is for API {declared!r}"
            raise PluginError(
                f"it {found}; expected the line `optframe_api = {API_VERSION}` in the plugin"
            )
        self.manager.register(plugin, name=name)
        self._refuse_wrong_hooks(plugin)
        entries: list[Entry] = []
        for kind in KINDS:
            hook = getattr(self.manager.hook, f"optframe_{kind}")
            others = [p for p in self.manager.get_plugins() if p is not plugin]
            for mapping in self.manager.subset_hook_caller(hook.name, others)():
                entries += self._entries_of(kind, mapping, name)
        return entries

    def _refuse_wrong_hooks(self, plugin: Any) -> None:
        known = {name for name in vars(hookspecs) if name.startswith("optframe_")}
        marked = {caller.name for caller in self.manager.get_hookcallers(plugin) or ()}
        for name in sorted(marked - known):
            raise PluginError(f"unknown hook {name!r}; {nearest(name, known)}")
        for name in sorted(known - marked):
            if callable(getattr(plugin, name, None)):
                raise PluginError(f"{name} is not marked as a hook; write @hookimpl above it")

    def _entries_of(self, kind: str, mapping: Any, owner: str) -> Iterable[Entry]:
        if not isinstance(mapping, Mapping):
            raise PluginError(
                f"hook optframe_{kind} returned a {type(mapping).__name__}; expected a mapping "
                "from name to class"
            )
        for name, target in mapping.items():
            if not (isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9-]*", name)):
                raise PluginError(
                    f"hook optframe_{kind}: bad name {name!r}; expected lower case with hyphens"
                )
            flaw = unfit(kind, target)
            if flaw is not None:
                raise PluginError(f"hook optframe_{kind}: {name!r}: {flaw}")
            taken = self._entries[kind].get(name)
            if taken is not None:
                raise PluginError(
                    f"{KINDS[kind].singular} {name!r} is registered by plugin {taken.owner!r} "
                    f"already, and again by {owner!r}; rename one"
                )
            yield Entry(kind, name, owner, str(target) if kind == "studies" else target)


def _hash_of(modules: Iterable[str]) -> str | None:
    """Return a hash of the packages of modules, or of their files; None where one has no file."""
    files: dict[Path, None] = {}
    for module in modules:
        top = module.partition(".")[0]
        if top in ("optframe", "builtins", "abc", "typing"):
            continue
        origins = [getattr(sys.modules.get(name), "__file__", None) for name in (top, module)]
        origin = next((file for file in origins if file), None)
        if origin is None:
            return None
        path = Path(origin)
        package = path.name == "__init__.py"
        files.update(dict.fromkeys(sorted(path.parent.rglob("*.py")) if package else [path]))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
