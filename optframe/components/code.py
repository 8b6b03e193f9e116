"""Identifies the code that a component runs: by a hash of files, or by a library's version."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

__all__ = ["distributions_of", "hash_of", "home_page_of", "identity_of", "version_of"]

_KNOWN = ("optframe", "builtins", "abc", "typing")
"""Modules that are no part of a component's code; optframe's version is in each key."""


def hash_of(modules: Iterable[str]) -> str | None:
    """Return a hash of the modules' packages, or of their files; None if a module has no file."""
    files: dict[Path, None] = {}
    for module in modules:
        if module.partition(".")[0] in _KNOWN:
            continue
        origin = _origin_of(module)
        if origin is None:
            return None
        files.update(dict.fromkeys(_own_files(origin)))
    return _digest(files)


def identity_of(modules: Iterable[str], follow: bool = True) -> str | None:
    """Return a text that identifies the code of modules that import paths name.

    A module of an installed distribution is known by that distribution's version, as in
    ``torch==2.13.0``. Else it is a user's own: its files are hashed, with those beside it that they
    import, and the installed distributions that they import are named, unless ``follow`` is off.
    None if a module has no file.
    """
    versions: set[str] = set()
    files: dict[Path, None] = {}
    known = cache(version_of)  # many files import the same
    for module in sorted({*modules}):
        head = module.partition(".")[0]
        if head in _KNOWN or head in sys.stdlib_module_names:
            continue
        version = known(module)
        origin = _origin_of(module)
        if version is not None:
            versions.add(version)
        elif origin is None:
            return None
        else:
            pending = _own_files(origin)
            while pending:
                file = pending.pop(0)
                if file not in files:
                    files[file] = None
                    for name in _imported_by(file) if follow else ():
                        pending += _beside(file, name)
                        found = known(name)
                        versions |= {found} if found else set()
    return " ".join([*sorted(versions), *([_digest(sorted(files))] if files else [])])


def version_of(module: str) -> str | None:
    """Return ``name==version`` of the installed distribution that has a module; None if none has.

    A distribution that is installed as a link to its sources (``pip install -e``) is none: its code
    changes without its version.
    """
    distributions = [
        importlib.metadata.distribution(name) for name in distributions_of(module.partition(".")[0])
    ]
    origin = _origin_of(module)
    if not distributions or any('"editable": true' in _url(one) for one in distributions):
        return None
    places = [Path(str(one.locate_file(""))).resolve() for one in distributions]
    if origin is not None and not any(origin.resolve().is_relative_to(place) for place in places):
        return None
    return " ".join(sorted(f"{one.metadata['Name']}=={one.version}" for one in distributions))


def home_page_of(module: str) -> str | None:
    """Return the address that a module's distribution names: of its documentation, or its home."""
    for name in distributions_of(module.partition(".")[0]):
        metadata = importlib.metadata.metadata(name)
        listed = [str(line).partition(",") for line in metadata.get_all("Project-URL") or ()]
        pages = {label.strip().lower(): page.strip() for label, _, page in listed}
        pages["home-page"] = " ".join(metadata.get_all("Home-page") or ())
        for label in ("documentation", "docs", "homepage", "home", "home-page", "repository"):
            if pages.get(label):
                return pages[label]
    return None


def distributions_of(head: str) -> tuple[str, ...]:
    """Return the names of the installed distributions that have this top-level module."""
    return _distributions().get(head, ())


@lru_cache(maxsize=1)
def _distributions() -> dict[str, tuple[str, ...]]:
    """Return the distributions by top-level module; to find them takes tens of milliseconds."""
    found = importlib.metadata.packages_distributions()
    return {head: tuple(sorted({*names})) for head, names in found.items()}


def _url(distribution: importlib.metadata.Distribution) -> str:
    return distribution.read_text("direct_url.json") or ""


def _origin_of(module: str) -> Path | None:
    """Return the file of an imported module's package; of the module in a namespace package."""
    top = module.partition(".")[0]
    origins = [getattr(sys.modules.get(name), "__file__", None) for name in (top, module)]
    origin = next((file for file in origins if file), None)
    return None if origin is None else Path(origin)


def _own_files(origin: Path) -> list[Path]:
    package = origin.name == "__init__.py"
    return sorted(origin.parent.rglob("*.py")) if package else [origin]


def _imported_by(file: Path) -> Iterator[str]:
    """Yield the top-level names of all modules that a file imports, also inside functions."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _beside(file: Path, name: str) -> list[Path]:
    """Return the files of a module that lies beside a file."""
    candidates = file.parent / f"{name}.py", file.parent / name / "__init__.py"
    return [one for found in candidates if found.is_file() for one in _own_files(found)]


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():  # editors leave links to nothing
            digest.update(os.fsencode(file.name))
            digest.update(file.read_bytes())
    return digest.hexdigest()
