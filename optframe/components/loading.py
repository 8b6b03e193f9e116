"""Loads plugins: the installed ones, and those that the user gives as a file or module."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Collection, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from optframe.components import hookspecs
from optframe.components.importing import TYPED, staying, watched
from optframe.components.registry import Plugin, Registry
from optframe.errors import PluginError, UsageError, nearest
from optframe.given_files import expanded

__all__ = ["load_plugins"]


def load_plugins(
    paths: Sequence[str] = (), without: Sequence[str] = (), strict: bool = False
) -> Registry:
    """Load every installed plugin of the entry-point group ``optframe``, then those in ``paths``.

    A plugin that cannot be loaded is left out; `Registry.broken` has the reason. A study does not
    run if one of ``paths`` was left out (`Registry.check_named`).

    Parameters
    ----------
    paths
        Python files or module names (``-P``). An installed plugin that has the name of a file, or
        whose module has it, is not loaded: the file takes its place. One without hooks
        registers nothing, but import paths may name what is in it.
    without
        Names of installed plugins to leave out.
    strict
        Raise an error if a plugin is broken, instead of leaving it out.

    Raises
    ------
    UsageError
        If a path is neither a file nor a module, or if a name in ``without`` is not installed.
    PluginError
        If ``strict`` is set and a plugin is broken; the message has one line for each.

    Examples
    --------
    >>> import optframe
    >>> "adam" in optframe.load_plugins().names("optimizers")
    True
    """
    manager = pluggy.PluginManager("optframe")
    manager.add_hookspecs(hookspecs)
    registry = Registry(manager)
    registry.without += without
    points = sorted(
        importlib.metadata.entry_points(group="optframe"),
        key=lambda point: (not point.name.startswith("optframe_"), point.name),
    )
    known = {point.name for point in points}
    for name in without:
        if name not in known:
            raise UsageError(
                f"--without {name}: no installed plugin has this name; {nearest(name, known)}"
            )
    described = functools.cache(_described)
    files = {file.stem for path in paths if (file := expanded(path)).suffix == ".py"}
    replaced = {point.module for point in points if files & {point.name, point.module}}
    for point in points:
        if point.name in without or point.module in replaced:
            continue
        origin, version = described(point.dist) if point.dist else (point.value, "")
        try:
            with staying():
                plugin = point.load()
        except (Exception, SystemExit) as error:
            registry.leave_out(point.name, origin, error)
            continue
        registry.admit(plugin, point.name, origin, version)
    for path in paths:
        with TYPED.searched():
            _load_path(registry, path, replaced)
    if strict and registry.broken:
        lines = [f"plugin {b.name!r} ({b.origin}): {b.reason}" for b in registry.broken]
        raise PluginError("\n".join(lines))
    return registry


def _described(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    """Return a distribution's name with its version, and its version.

    Each access to one of them parses its metadata, which takes longer than all else here.
    """
    metadata = distribution.metadata
    return f"{metadata['Name']} {metadata['Version']}", metadata["Version"]


def _load_path(registry: Registry, path: str, replaced: Collection[str]) -> None:
    """Load a plugin from a Python file or a module name; a file may have a replaced one's name."""
    file = expanded(path)
    is_package = path.isidentifier() and (file / "__init__.py").is_file()
    is_file = file.suffix == ".py" or (file.exists() and not is_package)
    head = path.partition(".")[0]
    if not (file.is_file() if is_file else head and importlib.util.find_spec(head)):
        what = "file" if is_file else "file or module"
        raise UsageError(f"-P {path}: no such {what}; expected a Python file or a module's name")
    name = file.stem if is_file else path
    source = str(file.resolve()) if is_file else path
    if source in registry.paths:
        return
    registry.paths.append(source)
    try:
        with staying(), watched(name):
            plugin = _import_file(file, replaced) if is_file else importlib.import_module(path)
    except (Exception, SystemExit) as error:
        registry.leave_out(name, path, error, named=True)
        return
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:12] if is_file else ""
    if any(word.startswith("optframe_") for word in vars(plugin)):
        registry.admit(plugin, name, path, version, named=True)
    else:  # it has no hooks: import paths name what is in it
        registry.plugins.append(Plugin(name, path, version))


class _Source(SourceFileLoader):
    """Compiles a file each time, and writes nothing beside it.

    Compiled code that is kept is taken for that of a file which was changed within a second.
    """

    def get_code(self, fullname: str) -> Any:
        """Return the compiled code of the file as it is now."""
        return self.source_to_code(self.get_data(self.path), self.path)


def _import_file(file: Path, replaced: Collection[str]) -> ModuleType:
    name = file.stem
    if name in replaced and name not in sys.modules:
        taken = None
    elif name in sys.modules:
        taken = getattr(sys.modules[name], "__file__", None) or "built into Python"
    else:
        namesake = importlib.util.find_spec(name) if name.isidentifier() else None
        taken = namesake.origin if namesake else None
    if taken is not None and Path(taken).resolve() != file.resolve():
        raise PluginError(f"a module named {name!r} exists already ({taken}); rename the file")
    place = file.resolve()
    loader = _Source(name, str(place)) if file.suffix == ".py" else None
    spec = importlib.util.spec_from_file_location(name, place, loader=loader)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file} is not a Python file; expected a name that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
