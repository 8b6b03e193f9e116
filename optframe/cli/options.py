"""Options that several commands share: the plugins to load, and paths."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from optframe.components.loading import load_plugins
from optframe.components.registry import Registry
from optframe.given_files import expanded

__all__ = ["PATH", "name_broken", "path_option", "warn", "with_plugins"]


class _GivenPath(click.Path):
    """A path that was typed, in which ``~`` is the home folder."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        return Path(os.fsdecode(super().convert(expanded(value), param, ctx)))


PATH = _GivenPath(path_type=Path)
"""The type of options and arguments that are paths."""


def path_option(name: str, metavar: str, help: str, dir_okay: bool = True) -> Callable[..., Any]:
    """Return an option whose value is a path."""
    kind = _GivenPath(path_type=Path, dir_okay=dir_okay)
    return click.option(name, type=kind, metavar=metavar, help=help)


def with_plugins(command: Callable[..., Any], broken: bool = False) -> Callable[..., Any]:
    """Add ``-P``, ``--without`` and ``--strict``; the command is called with the registry.

    With ``broken``, the command goes on if a plugin that -P names is broken.
    """

    @click.option(
        "-P",
        "--plugin",
        "paths",
        multiple=True,
        metavar="FILE|MODULE",
        help="Load a plugin from a Python file or a module; import paths may name what is in it.",
    )
    @click.option("--without", multiple=True, metavar="PLUGIN", help="Leave a plugin out.")
    @click.option("--strict", is_flag=True, help="Fail if a plugin is broken.")
    @functools.wraps(command)
    def loaded(
        *args: Any, paths: tuple[str, ...], without: tuple[str, ...], strict: bool, **kwargs: Any
    ) -> Any:
        registry = load_plugins(paths, without, strict)
        if not broken:
            registry.check_named()
        return command(registry, *args, **kwargs)

    return loaded


def name_broken(registry: Registry) -> None:
    """Print on standard error which plugins were left out."""
    for broken in registry.broken:
        where = "(`optframe doctor` shows where)"
        warn(f"plugin {broken.name!r} is left out: {broken.reason} {where}")


def warn(text: str) -> None:
    """Print a line on standard error."""
    print(f"optframe: {text}", file=sys.stderr)
