"""The registry: the loaded plugins, the components that they register, and the broken plugins."""

from __future__ import annotations

import contextlib
import re
import traceback
import uuid
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pluggy

from optframe.components import hookspecs
from optframe.components.code import hash_of
from optframe.components.contract_check import flaw_of, unfit
from optframe.components.entries import Broken, Entry, Plugin
from optframe.components.hookspecs import API_VERSION
from optframe.components.import_paths import imported, is_path
from optframe.components.importing import TYPED, Imports
from optframe.components.kinds import KINDS
from optframe.errors import PluginError, UsageError, nearest, one_line
from optframe.version import __version__

if TYPE_CHECKING:
    from optframe.components.by_path import ByPath

__all__ = ["Broken", "Entry", "Plugin", "Registry"]


class Registry:
    """The components of the loaded plugins, by kind and name.

    `load_plugins` returns one. ``plugins`` lists the plugins in use, and ``broken`` those that were
    left out.

    Examples
    --------
    >>> import optframe
    >>> optframe.load_plugins().make("optimizers", "adam", {"lr": 0.05}).lr
    0.05
    """

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self.manager = manager
        self.plugins: list[Plugin] = []
        self.broken: list[Broken] = []
        self.paths: list[str] = []
        self.without: list[str] = []
        self.token = uuid.uuid4().hex
        self.imports = TYPED
        """From where ``module:Class`` is imported; see `importing`."""
        self._entries: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}
        self._loaded: dict[tuple[str, str], tuple[Entry, Any]] = {}
        """What was loaded and has no flaw, with the entry that it was loaded for."""

    @cached_property
    def by_path(self) -> ByPath:
        """The components that import paths name."""
        from optframe.components.by_path import ByPath  # `optframe list` does not wait for it

        return ByPath(self)

    @property
    def hook(self) -> Any:
        """The hooks: ``registry.hook.optframe_trial_finished(trial=..., record=...)``."""
        return self.manager.hook

    @contextlib.contextmanager
    def importing(self, imports: Imports) -> Iterator[None]:
        """Let names such as ``module:Class`` be imported so inside the block."""
        before, self.imports = self.imports, imports
        try:
            yield
        finally:
            self.imports = before

    def names(self, kind: str) -> list[str]:
        """Return the names of all components of a kind, sorted."""
        return sorted(self._entries[kind])

    def entries(self, kind: str) -> list[Entry]:
        """Return the entries of all components of a kind, sorted by name."""
        return [self._entries[kind][name] for name in self.names(kind)]

    def entry(self, kind: str, name: str, where: str = "") -> Entry:
        """Return the entry of a component; ``where`` begins the message of an error.

        A name with a dot or a colon that no component has is an import path.

        Raises
        ------
        UsageError
            If no component has this name; the message suggests the nearest name.
        """
        entries = self._entries[kind]
        prefix = f"{where}: " if where else ""
        if name in entries:
            return entries[name]
        module, colon, attribute = name.partition(":")
        if kind == "studies" or not (colon or is_path(name)):
            raise UsageError(
                f"{prefix}unknown {KINDS[kind].singular} {name!r}; {nearest(name, entries)}"
            )
        if not self.imports.any:
            raise UsageError(f"{prefix}{name} is not imported, since a store names it")
        if colon and (module in entries or self.by_path.is_object(module)):
            raise UsageError(f"{prefix}{name}: found {attribute!r}, expected parameter=value")
        return Entry(kind, name, module, name)

    def load(self, kind: str, name: str, where: str = "") -> Any:
        """Return a component's class; import it if it was registered as ``"module:Class"``.

        An import path may name a ready-made object, too. The class of what another library has, or
        of a function that returns a component, is made from its signature.

        Raises
        ------
        UsageError
            If no component has this name, or an import path names none of this kind.
        PluginError
            If the import fails, or the class breaks the contract of its kind.
        """
        entry = self.entry(kind, name, where)
        held, found = self._loaded.get((kind, name), (None, None))
        if held is entry:
            return found
        if entry.by_path:
            return self.by_path.load(entry, where)
        target = entry.target
        who = f"plugin {entry.owner!r}: {KINDS[kind].singular} {name!r}"
        if isinstance(target, str):
            target = imported(target, TYPED, who)  # a plugin named it
        flaw = flaw_of(kind, target)
        if flaw is not None:
            raise PluginError(f"{who}: {flaw}")
        self._loaded[kind, name] = entry, target
        return target

    def make(
        self, kind: str, name: str, given: Mapping[str, Any] | None = None, where: str = ""
    ) -> Any:
        """Make a component from plain parameters; schedules and searches are given as tables.

        Raises
        ------
        UsageError
            If no component has this name, or parameters are wrong: one line for each mistake.
        PluginError
            If the component cannot be loaded.
        """
        return self.finished(kind, self.specified(kind, name, given, where), where or name)

    def specified(
        self, kind: str, name: str, given: Mapping[str, Any] | None = None, where: str = ""
    ) -> Any:
        """Return what describes a component: the component itself, or a function's parameters."""
        from optframe.components.parameters import build

        component = self.load(kind, name, where)
        if not isinstance(component, type):
            if given:
                raise UsageError(
                    f"{where or name}: a ready-made object takes no parameters, found "
                    f"{', '.join(given)}; leave them out"
                )
            return component
        return build(component, given or {}, where or name, self.make)

    def finished(self, kind: str, specified: Any, where: str) -> Any:
        """Return the component that is described: of a function, what it returns."""
        from optframe.components.adapting import Call, result_of

        if not isinstance(specified, Call):
            return specified
        with self.imports.searched():  # the function may import more
            return result_of(specified, kind, where)

    def code(self, kind: str, name: str) -> str:
        """Return a hash of the plugin code that a component runs.

        The hash covers the packages of its class and of the base classes. For a class in a single
        file it covers that file, but not other files that it imports.
        """
        entry = self.entry(kind, name)
        here = f"object {id(entry.target)} of {self.token}"
        known = self.by_path.code(entry) if entry.by_path else None
        if known is not None:
            return known
        if entry.owner == "this process" and not isinstance(entry.target, type):
            return here
        target = self.load(kind, name)
        component = target if isinstance(target, type) else type(target)
        own = {entry.module, *(base.__module__ for base in component.__mro__)}
        found = hash_of(sorted(own))
        # A class that was typed into an interpreter has no file, so its code cannot be compared.
        return here if found is None else found

    def codes(self) -> dict[str, str]:
        """Return texts that identify the code that trials run, by the plugin's name.

        The text of a plugin is its version (for a file, the hash of the loaded code) with a hash of
        its present files; the text of optframe is its version. Plugins without components that
        trials run, such as reporters, are left out.
        """
        kinds = [kind for kind in KINDS if kind not in ("figures", "reporters", "studies")]
        owners = {entry.owner for kind in kinds for entry in self.entries(kind)}
        found = {"optframe": __version__}
        for plugin in self.plugins:
            if plugin.name in owners:
                loaded = self.manager.get_plugin(plugin.name)
                now = hash_of([getattr(loaded, "__name__", type(loaded).__module__)]) or ""
                found[plugin.name] = f"{plugin.version} {now[:12]}".strip()
        return found

    def add(self, kind: str, name: str, target: Any) -> str:
        """Register an object or class of this process under an unused name, and return the name."""
        free, number = name, 2
        while self._entries[kind].get(free, None) is not None:
            if self._entries[kind][free].target is target:
                return free
            free, number = f"{name}-{number}", number + 1
        self._entries[kind][free] = Entry(kind, free, "this process", target)
        return free

    def name_of(self, kind: str, component: type) -> str | None:
        """Return the name under which a class is registered, or None."""
        from optframe.components.signatures import path_of

        path = path_of(component)
        if path is not None:
            return path
        reference = f"{component.__module__}:{component.__qualname__}"
        for entry in self.entries(kind):
            if entry.target is component or entry.target == reference:
                return entry.name
        return None

    def kinds(self, name: str, given: Mapping[str, Any] | None = None) -> list[str]:
        """Return the kinds of which a component has this name, or that an import path names.

        A function is called with the given parameters, and the kind is that of what it returns.
        """
        found = [kind for kind in KINDS if name in self._entries[kind]]
        return found or self.by_path.kinds(name, given or {})

    def watch(self, observer: object) -> None:
        """Call an object's hook implementations when studies run."""
        self.manager.register(observer)

    def check_named(self) -> None:
        """Raise `PluginError` if a plugin that a person named is broken: another would be used."""
        lines = [f"-P {b.origin}: plugin {b.name!r}: {b.reason}" for b in self.broken if b.named]
        if lines:
            raise PluginError("\n".join(lines))

    def admit(self, plugin: Any, name: str, origin: str, version: str, named: bool = False) -> None:
        """Register a plugin. If it is broken, register nothing of it and add it to ``broken``."""
        if self.manager.is_registered(plugin):
            return  # it is installed, and was given as a path, too
        try:
            entries = self._collect(plugin, name)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            if self.manager.is_registered(plugin):
                self.manager.unregister(plugin)
            self.leave_out(name, origin, error, named)
            return
        for entry in entries:
            self._entries[entry.kind][entry.name] = entry
        self.plugins.append(Plugin(name, origin, version))

    def leave_out(self, name: str, origin: str, error: BaseException, named: bool = False) -> None:
        """Add a plugin to ``broken``, with the error as the reason."""
        reason = one_line(error) or type(error).__name__
        if not isinstance(error, (PluginError, pluggy.PluginValidationError)):
            reason = f"{type(error).__name__}: {reason}"
        trace = "".join(traceback.format_exception(error))
        self.broken.append(Broken(name, origin, reason, trace, named))

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
                raise PluginError(
                    f"function {name} is not marked as a hook; write @hookimpl above it"
                )

    def _entries_of(self, kind: str, mapping: Any, owner: str) -> Iterable[Entry]:
        if not isinstance(mapping, Mapping):
            raise PluginError(
                f"hook optframe_{kind} returned a {type(mapping).__name__}; expected a mapping "
                "from name to class"
            )
        for name, target in mapping.items():
            if not (isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9-]*", name)):
                raise PluginError(
                    f"hook optframe_{kind}: found the name {name!r}, expected lower case with "
                    "hyphens, such as 'my-name'"
                )
            flaw = unfit(kind, target)
            if flaw is not None:
                raise PluginError(f"hook optframe_{kind}: {name!r}: {flaw}")
            taken = self._entries[kind].get(name)
            if taken is not None:
                raise PluginError(
                    f"{KINDS[kind].singular} {name!r} is registered by plugin {taken.owner!r} and "
                    f"by plugin {owner!r}; rename one of them"
                )
            yield Entry(kind, name, owner, str(target) if kind == "studies" else target)
