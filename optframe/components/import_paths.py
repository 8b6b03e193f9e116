"""Finds what an import path such as ``torch.optim.AdamW`` names, and imports what that takes."""

from __future__ import annotations

import difflib
import itertools
import pkgutil
import re
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from optframe.components.importing import Imports
from optframe.errors import PluginError, UsageError, described

__all__ = ["found_at", "imported", "is_path", "not_installed"]


def is_path(name: str) -> bool:
    """Whether a name is an import path: identifiers with dots between them."""
    return re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)+", name) is not None


def found_at(
    path: str, imports: Imports, extras: Mapping[str, str | None] = MappingProxyType({})
) -> Any:
    """Return what a path names; modules are imported as they are needed.

    ``extras`` are the extras of optframe-bench that install libraries, by module.

    Raises
    ------
    UsageError
        If there is no such thing, or if an import raises.
    """
    head, *rest = path.split(".")
    found = _module(head, imports, extras)
    if found is None:
        raise UsageError(not_installed(head, extras))
    name = head
    for part in rest:
        try:
            inside = getattr(found, part, None)
        except (Exception, SystemExit) as error:
            raise UsageError(f"{name}.{part} cannot be read: {described(error)}") from error
        if inside is None and isinstance(found, ModuleType):
            inside = _module(f"{name}.{part}", imports, extras)
        if inside is None:
            raise UsageError(_no_attribute(found, name, part))
        found, name = inside, f"{name}.{part}"
    return found


def imported(reference: str, imports: Imports, who: str) -> Any:
    """Return the object that ``"module:Class"`` names.

    Raises
    ------
    PluginError
        If the import fails.
    """
    module, _, attribute = reference.partition(":")
    try:
        return getattr(imports.module(module), attribute)
    except PluginError as error:
        raise PluginError(f"{who}: {error}") from error
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{who} ({reference}) could not be imported: {described(error)}"
        ) from error


def not_installed(head: str, extras: Mapping[str, str | None]) -> str:
    """Return the line that says how to install a library."""
    if extras.get(head):
        return f'{head} is not installed; pip install "optframe-bench[{extras[head]}]"'
    return (
        f"there is no module {head!r} here; install the package that has it, or name a component "
        "that `optframe list` shows"
    )


def _module(name: str, imports: Imports, extras: Mapping[str, str | None]) -> Any:
    """Return a module; None if there is none of this name."""
    try:
        return imports.module(name)
    except PluginError as error:
        raise UsageError(str(error)) from error
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(f"{missing}."):
            return None
        head = missing.partition(".")[0]
        hint = f"; {not_installed(head, extras)}" if extras.get(head) else ""
        raise UsageError(f"importing {name} raised {described(error)}{hint}") from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"importing {name} raised {described(error)}") from error


def _no_attribute(found: Any, name: str, part: str) -> str:
    inside = [module.name for module in pkgutil.iter_modules(getattr(found, "__path__", ()))]
    known = sorted({word for word in [*dir(found), *inside] if not word.startswith("_")})
    near = difflib.get_close_matches(part, known, n=5)
    near += [word for word in known if word.lower() == part.lower()]
    if not near:
        return f"{name} has no {part!r}; `optframe list {name}` shows what can be used"

    def likeness(word: str) -> tuple[bool, int, bool]:
        """AdamV is likelier AdamW than Adam, since a letter is wrong and none too many."""
        alike = word.lower() == part.lower()
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(word, part, strict=False))
        return alike, len([*same]), len(word) == len(part)

    return f"{name} has no {part!r}; did you mean {max(near, key=likeness)!r}?"
