"""Imports the module of a name that is an import path, from where its giver may name one.

Who types a name may name any module, also one in the working directory. A study file is perhaps a
stranger's: what it names comes from installed packages, not from the folder that it lies in. A
store is a stranger's: what it names is imported only if its reader trusts it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from optframe.errors import PluginError

__all__ = ["TYPED", "Imports", "staying", "watched"]

SLOW = 10
"""The seconds after which an import is said to take long: it cannot be interrupted from inside."""

_LIBRARY = Path(os.__file__).resolve().parent


@dataclass(frozen=True)
class Imports:
    """What may be imported by its name.

    ``any`` allows imports at all. ``not_from`` are folders from which nothing is imported.
    """

    any: bool = True
    not_from: tuple[str, ...] = ()

    def module(self, name: str) -> ModuleType:
        """Return a module; it is imported unless it is already.

        Raises
        ------
        PluginError
            If it lies in a folder from which nothing is imported.
        """
        if name in sys.modules:
            return sys.modules[name]
        with self.searched(), staying(), watched(name):
            try:
                return importlib.import_module(name)
            except ModuleNotFoundError as error:
                head = name.partition(".")[0]
                beside = [Path(folder) / f"{head}.py" for folder in self.not_from]
                found = next((str(file) for file in beside if file.is_file()), None)
                if found is None and self.not_from and Path(head, "__init__.py").is_file():
                    found = head
                if found is None or error.name != head:
                    raise
                raise PluginError(
                    f"no installed package has the module {name!r}; a study file imports nothing "
                    f"from its own folder or the working directory: add -P {found}"
                ) from error

    @contextlib.contextmanager
    def searched(self) -> Iterator[None]:
        """Search the working directory, too, or none of the folders ``not_from``."""
        before = [*sys.path]
        if not self.not_from:
            sys.path += [os.getcwd()] if not {"", os.getcwd()} & {*before} else []
        else:
            # Folders after the standard library's were put there by installed packages.
            places = [Path(entry).resolve() for entry in before]
            installed = places.index(_LIBRARY) if _LIBRARY in places else 0
            refused = {Path(folder).resolve() for folder in self.not_from}
            sys.path[:] = [
                entry
                for number, (entry, place) in enumerate(zip(before, places, strict=True))
                if number > installed or place not in refused
            ]
        try:
            yield
        finally:
            sys.path[:] = before


@contextlib.contextmanager
def watched(name: str) -> Iterator[None]:
    """Print on standard error what a module prints, and that its import takes long."""
    notice = (
        f"optframe: importing {name} has taken {SLOW} s so far; Ctrl-C ends it (and --timeout, in "
        "a worker process)"
    )
    timer = threading.Timer(SLOW, print, (notice,), {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        timer.cancel()


TYPED = Imports()
"""What a person types may name any module."""


@contextlib.contextmanager
def staying() -> Iterator[None]:
    """Return to the working directory after the block, in which a plugin's code may leave it."""
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.chdir(here)
