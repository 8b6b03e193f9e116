"""Options that several commands share: the plugins to load, and paths."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from optframe.components.loading import load_plugins
from optframe.components.registry import Registry

__all__ = ["name_broken", "path_option", "warn", "with_plugins"]


def path_option(name: str, metavar: str, help: str, dir_okay: bool = True) -> Callable[..., Any]:
    """Return an option whose value is a path."""
    kind = click.Path(path_type=Path, dir_okay=dir_okay)
    return click.option(name, type=kind, metavar=metavar, help=help)


def with_plugins(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-P``, ``--without`` and ``--strict``; the command is called with the registry."""

    @click.option(
        "-P",
        "--plugin",
        "paths",
        multiple=True,
        metavar="FILE|MODULE",
        help="Load a plugin from a Python file or a module.",
    )
    @click.option("--without", multiple=True, metavar="PLUGIN", help="Leave a plugin out.")
    @click.option("--strict", is_flag=True, help="Fail if a plugin is broken.")
    @functools.wraps(command)
    def loaded(
        *args: Any, paths: tuple[str, ...], without: tuple[str, ...], strict: bool, **kwargs: Any
    ) -> Any:
        return command(load_plugins(paths, without, strict), *args, **kwargs)

    return loaded


def name_broken(registry: Registry) -> None:
    """Print on standard error which plugins were left out."""
    for broken in registry.broken:
        where = "(`optframe doctor` shows where)"
        warn(f"plugin {broken.name!r} is left out: {broken.reason} {where}")


def warn(text: str) -> None:
    """Print a line on standard error."""
    print(f"optframe: {text}", file=sys.stderr)
