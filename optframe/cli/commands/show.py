"""``optframe show``: prints a component's docstring and parameters."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from optframe.cli.options import name_broken, with_plugins
from optframe.components.adapting import is_function
from optframe.components.code import home_page_of
from optframe.components.import_paths import is_path
from optframe.components.kinds import KINDS
from optframe.components.notation import format_value
from optframe.components.parameters import parameters, takes_further
from optframe.components.registry import Registry
from optframe.components.spaces import declared
from optframe.contracts.protocol import Protocol
from optframe.errors import UsageError, nearest

__all__ = ["command"]


@click.command("show")
@click.argument("name")
@with_plugins
def command(registry: Registry, name: str) -> None:
    """Show the component NAME: its equation, its source, its parameters with range and default.

    The spaces are those in which a study with [tune] tunes it, each with its source.

    NAME may be an import path, such as torch.optim.AdamW: it is imported.
    """
    name_broken(registry)
    kinds = [kind for kind in KINDS if name in registry.names(kind)]
    if not kinds and (":" in name or is_path(name)):
        _show_path(registry, name)
        return
    if not kinds:
        known = {n for kind in KINDS for n in registry.names(kind)}
        raise UsageError(f"unknown component {name!r}; {nearest(name, known)}")
    for kind in kinds:
        entry = registry.entry(kind, name)
        click.secho(f"{name}  ({kind}, from {entry.owner})", bold=True)
        if kind == "studies":
            click.echo(f"{entry.target}\n\n{Path(entry.target).read_text(encoding='utf-8')}")
            continue
        component: type = registry.load(kind, name)
        click.echo(f"{component.__module__}.{component.__qualname__}\n")
        click.echo(inspect.cleandoc(component.__doc__ or ""))
        _show_parameters(component)
        if issubclass(component, Protocol):
            _show_protocol(component)
        _show_spaces(registry, kind, name)


def _show_path(registry: Registry, name: str) -> None:
    """Show what an import path names, and where its documentation is."""
    paths = registry.by_path
    found = paths.found(name)
    kind = paths.kind(found)
    if kind is None and not is_function(found):
        raise paths.refused(name, found)
    component = registry.load(kind, name) if kind else paths.call(name, found)
    what = kind or "a function"
    click.secho(f"{name}  ({what}, from {paths.origin(name)})", bold=True)
    shown = found if isinstance(found, type) or is_function(found) else type(found)
    full = f"{shown.__module__}.{shown.__qualname__}"
    if full != name:
        click.echo(full)
    text = inspect.cleandoc(shown.__doc__ or "")
    page = home_page_of(str(shown.__module__))
    if text:
        click.echo("\n" + (text.partition("\n")[0] if page else text))
    if page:
        click.echo(f"\ndocumentation: {page}")
    if isinstance(component, type):
        _show_parameters(component)
        if kind:
            _show_spaces(registry, kind, name)
    else:
        click.echo("\nan object, which takes no parameters")


def _show_parameters(component: type) -> None:
    fields = parameters(component)
    needs: Any = getattr(component, "needs", frozenset())
    if not any(field.required for field in fields.values()):
        with contextlib.suppress(Exception):  # of another library
            needs = getattr(component(), "requires", lambda: needs)()
    if needs and isinstance(needs, Collection):  # else a property, of objects alone
        click.echo(f"\nneeds: {', '.join(sorted(needs))}")
    further = takes_further(component)
    if not fields and not further:
        return
    click.echo()
    width = max(map(len, fields), default=0)
    for field in fields.values():
        default = "required" if field.required else f"default {format_value(field.default)}"
        click.echo(f"  {field.name:<{width}}  {field.expected}; {default}")
    if further:
        click.echo("  and others, which are passed on as they are")


def _show_protocol(protocol: type[Protocol]) -> None:
    """Show a protocol's numbers, its source, and what is done otherwise here."""
    runs = {"runs of a setting": protocol.tuning_seeds, "runs of a winner": protocol.final_seeds}
    facts = {
        "tuner": protocol.tuner,
        "trials": protocol.trials,
        **{what: number or "the study's" for what, number in runs.items()},
        "chosen by": ", else ".join(protocol.metric) or "the study's metric",
        "at": protocol.at,
        "source": protocol.source,
    }
    click.echo("\n" + "\n".join(f"{what}: {value}" for what, value in facts.items()))
    if protocol.differs:
        click.echo("\nOtherwise than in the source:")
        click.echo("\n".join(f"  {sentence}" for sentence in protocol.differs))


def _show_spaces(registry: Registry, kind: str, name: str) -> None:
    """Show the declared space of each field, and where it is from."""
    spaces = declared(registry, kind, name)
    if not spaces:
        return
    click.echo("\nusual spaces, for tuning:")
    width = max(map(len, spaces))
    for field, space in spaces.items():
        click.echo(f"  {field:<{width}}  {space}")
        if space.source:
            indent = " " * (width + 4)
            click.echo(click.wrap_text(space.source, 100, indent, indent))
