"""``optframe doctor``: what is installed, what is broken, and why."""

from __future__ import annotations

import importlib.metadata
import platform
import textwrap
import traceback

import click

from optframe import __version__
from optframe.cli.options import with_plugins
from optframe.errors import PluginError
from optframe.kinds import KINDS
from optframe.registry import Registry

__all__ = ["command"]

PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "seaborn", "scikit-learn", "pluggy")


@click.command("doctor")
@with_plugins
def command(registry: Registry) -> None:
    """Check the installation: versions, backends, and every component of every plugin.

    What is broken is named with its traceback; with --strict it is an error, too (exit 4).
    """
    click.secho("installation", bold=True)
    click.echo(
        f"  optframe {__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
    versions = [f"{name} {_version(name)}" for name in PACKAGES]
    click.echo(f"  {', '.join(versions)}")
    click.secho("backends", bold=True)
    for entry in registry.entries("backends"):
        click.echo(f"  {entry.name}: {_backend(registry, entry.name)}")
    click.secho("plugins", bold=True)
    broken_components: list[PluginError] = []
    for plugin in registry.plugins:
        entries = [e for kind in KINDS for e in registry.entries(kind) if e.owner == plugin.name]
        errors = [error for e in entries if (error := _unloadable(registry, e.kind, e.name))]
        mark = "ok" if not errors else "BROKEN COMPONENTS"
        click.echo(f"  {plugin.name} ({plugin.origin}): {len(entries)} components, {mark}")
        for error in errors:
            click.secho(f"    {error}", fg="red")
            click.echo(_indented("".join(traceback.format_exception(error.__cause__ or error))))
        broken_components += errors
    for broken in registry.broken:
        click.secho(f"  {broken.name} ({broken.origin}): LEFT OUT: {broken.reason}", fg="red")
        click.echo(_indented(broken.traceback))
    if not registry.plugins:
        click.echo("  none")
    if broken_components and click.get_current_context().params["strict"]:
        raise PluginError("\n".join(map(str, broken_components)))


def _indented(text: str) -> str:
    return textwrap.indent(text.rstrip(), "    ")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _backend(registry: Registry, name: str) -> str:
    try:
        backend = registry.make("backends", name)
        missing = backend.missing()
        return f"not available: {missing}" if missing else f"available on {backend.device}"
    except Exception as error:
        return f"BROKEN: {type(error).__name__}: {error}"


def _unloadable(registry: Registry, kind: str, name: str) -> PluginError | None:
    if kind == "studies":
        return None
    try:
        registry.load(kind, name)
    except PluginError as error:
        return error
    return None
