"""``optframe doctor``: checks the installation, or a store, which it recovers if it is damaged."""

from __future__ import annotations

import importlib.metadata
import platform
import textwrap
import traceback
from functools import partial
from pathlib import Path

import click

from optframe.cli.options import PATH, path_option, with_plugins
from optframe.components.kinds import KINDS
from optframe.components.registry import Registry
from optframe.errors import PluginError, StoreError, described, printable
from optframe.version import __version__
from optframe_bench import REINSTALL

__all__ = ["command"]

PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "seaborn", "scikit-learn", "pluggy")


@click.command("doctor")
@click.argument("results", type=PATH, required=False, metavar="[DIR|FILE]")
@path_option("--out", "DIR", "Where to recover a damaged store to, by default DIR-recovered.")
@partial(with_plugins, broken=True)
def command(registry: Registry, results: Path | None, out: Path | None) -> int:
    """Check the installation: versions, backends, and every component of every plugin.

    What is broken is printed with its traceback. With --strict it is an error, too (exit code 4).

    With DIR or FILE, check that results folder or store instead. If it is damaged, what can be
    read is written into a new folder, and what is lost is printed. The old folder is not changed.
    The exit code is then 1.
    """
    if results is not None:
        return _check_store(results, out)
    _check_installation(registry)
    return 0


def _check_store(results: Path, out: Path | None) -> int:
    from optframe.store.file import STORE_NAME
    from optframe.store.recovery import MORE, examine, recover

    path = results / STORE_NAME if results.is_dir() else results
    if not path.is_file():
        raise StoreError(f"{path}: found no results; expected the folder of `optframe run --out`")
    try:
        statuses = examine(path)
    except StoreError as error:
        click.echo(printable(str(error), ""))
    else:
        left = statuses.get("planned", 0)
        ended = sum(statuses.values()) - left
        click.echo(f"{path}: sound; {ended} trials ended, {left} to be run")
        return 0
    folder = path.resolve().parent if path.name == STORE_NAME else path.resolve().with_suffix("")
    made = recover(path, (out or folder.with_name(f"{folder.name}-recovered")) / STORE_NAME)
    click.echo(f"recovered {made.trials} trials that ended, with {made.curves} curves", nl=False)
    click.echo(f", and {made.planned} to be run, in {made.path}")
    click.echo(f"lost: {len(made.lost) or 'nothing that left a trace'}")
    for line in made.lost:
        click.echo(f"  {printable(line, '')}")
    if made.lost:
        click.echo(MORE)
    click.echo(f"the same study with `--out {made.path.parent}` runs what is missing")
    return 1


def _check_installation(registry: Registry) -> None:
    click.secho("installation", bold=True)
    click.echo(
        f"  optframe {__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
    versions = [f"{name} {_version(name)}" for name in PACKAGES]
    click.echo(f"  {', '.join(versions)}")
    namesake = _version("optframe")
    if namesake != "missing":
        click.secho(
            f"  the distribution optframe {namesake} is installed, too; expected optframe-bench "
            f"alone, since both own the package 'optframe'; {REINSTALL}",
            fg="red",
        )
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
            text = "".join(traceback.format_exception(error.__cause__ or error))
            click.echo(_indented(printable(text)))
        broken_components += errors
    for broken in registry.broken:
        click.secho(f"  {broken.name} ({broken.origin}): LEFT OUT: {broken.reason}", fg="red")
        click.echo(_indented(printable(broken.traceback)))
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
        return f"BROKEN: {described(error)}"


def _unloadable(registry: Registry, kind: str, name: str) -> PluginError | None:
    if kind == "studies":
        return None
    try:
        registry.load(kind, name)
    except PluginError as error:
        return error
    return None
