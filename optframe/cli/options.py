"""Options that all commands share: they choose which plugins are loaded."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from optframe.components.loading import load_plugins
from optframe.components.registry import Registry

__all__ = ["name_broken", "with_plugins"]


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
        print(
            f"optframe: plugin {broken.name!r} is left out: {broken.reason} "
            "(`optframe doctor` shows where)",
            file=sys.stderr,
        )
