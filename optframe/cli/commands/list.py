"""``optframe list``: lists the installed components, without importing them; or a module's."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import warnings
from pathlib import Path
from typing import Any

import click

from optframe.cli.options import name_broken, with_plugins
from optframe.components.import_paths import is_path, not_installed
from optframe.components.kinds import KINDS
from optframe.components.registry import Entry, Registry
from optframe.errors import OptframeError, UsageError, described, nearest

__all__ = ["command", "summary"]


@click.command("list")
@click.argument("what", required=False, metavar="[KIND|MODULE]")
@with_plugins
def command(registry: Registry, what: str | None) -> None:
    """List the components that are installed, of all kinds or of one KIND.

    Nothing is imported. With a MODULE, such as torch.optim or a file of your own without its .py,
    this module is imported, and what can be used of it is listed, by kind.
    """
    kinds = [what] if what else list(KINDS)
    if what and what not in KINDS:
        kinds = [f"{what}s"]
        if kinds[0] not in KINDS:
            name_broken(registry)
            _list_module(registry, what)
            return
    name_broken(registry)
    for each in kinds:
        entries = registry.entries(each)
        if not entries and not what:
            continue
        lines = {}
        for entry in entries:
            owner = "" if entry.owner.startswith("optframe_") else f"  [{entry.owner}]"
            library = f" {_library(entry)}" if each == "adapters" else ""
            lines[entry.name] = f"{summary(entry)}{library}{owner}"
        _print_section(each, lines)
        if not entries:
            click.echo("  none")


def _print_section(title: str, lines: dict[str, str]) -> None:
    click.secho(title, bold=True)
    width = max(map(len, lines), default=0)
    for name, line in lines.items():
        click.echo(f"  {name:<{width}}  {line}".rstrip())


def _list_module(registry: Registry, name: str) -> None:
    """Import a module, and list what can be used of it, by kind."""
    from types import ModuleType

    from optframe.components.adapting import is_function

    if not is_path(name) and not name.isidentifier():
        raise UsageError(f"unknown kind {name!r}; {nearest(name, KINDS)}")
    try:
        module = registry.by_path.found(name)
    except UsageError as error:
        if is_path(name):
            raise
        hint = nearest(name, KINDS)
        raise UsageError(f"unknown kind {name!r}; {hint} ({error})") from error
    if not isinstance(module, ModuleType):
        raise UsageError(f"{name} is no module; `optframe show {name}` describes it")
    found: dict[str, dict[str, str]] = {}
    head = name.partition(".")[0]
    known = sorted(inside for each in registry.entries("adapters") for inside in _declared(each)[0])
    adapted = {inside.partition(".")[0] for inside in known}
    for word in getattr(module, "__all__", None) or vars(module):
        with warnings.catch_warnings(action="ignore"):  # of names that are deprecated
            value = getattr(module, word, None)
        home = str(getattr(value, "__module__", None))
        defined = isinstance(value, type) or is_function(value)
        elsewhere = defined and home.partition(".")[0] != head  # it was only imported there
        if word.startswith("_") or isinstance(value, ModuleType) or elsewhere:
            continue
        path, kind = f"{name}.{word}", registry.by_path.kind(value)
        if kind is None and is_function(value) and home == module.__name__ and head not in adapted:
            found.setdefault("functions", {})[path] = _first_line(value.__doc__)
        elif kind is not None:
            with contextlib.suppress(OptframeError):  # such as a base class
                registry.load(kind, path)
                text = value.__doc__ if defined else type(value).__doc__
                found.setdefault(kind, {})[path] = _first_line(text)
    for kind in (*KINDS, "functions"):
        if kind in found:
            title = "functions (usable if they return a component)"
            _print_section(title if kind == "functions" else kind, found[kind])
    if not found:
        others = [other for other in known if other.startswith(f"{name}.")]
        hint = f"; `optframe list {others[0]}` shows more" if others else ""
        click.echo(f"{name} ({registry.by_path.origin(name)}) has nothing that can be used{hint}")


def _library(entry: Entry) -> str:
    """Say whether the library of an adapter is installed, without importing it."""
    modules, extra = _declared(entry)
    phrases = []
    for head in dict.fromkeys(module.partition(".")[0] for module in modules):
        try:
            there = importlib.util.find_spec(head) is not None
        except (ImportError, ValueError):
            there = False
        if not there:
            phrases.append(not_installed(head, {head: extra}))
            continue
        shown = " and ".join(f"`optframe list {m}`" for m in modules if m.split(".")[0] == head)
        verb = "show" if " and " in shown else "shows"
        phrases.append(f"{head} is installed: {shown} {verb} more")
    return "; ".join(phrases)


def _declared(entry: Entry) -> tuple[tuple[str, ...], str | None]:
    """Return an adapter's ``modules`` and ``extra``, without importing it."""
    if not isinstance(entry.target, str):
        return entry.target.modules, entry.target.extra
    found: dict[str, Any] = {"modules": (), "extra": None}
    with contextlib.suppress(Exception, SystemExit):
        definition = _definition(entry)
        for node in definition.body if definition else ():
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", 0)]
            name = getattr(targets[0], "id", "")
            if name in found and isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
                found[name] = ast.literal_eval(node.value)
    return tuple(found["modules"]), found["extra"]


def summary(entry: Entry) -> str:
    """Return the first sentence of a component's docstring, without importing it."""
    if not isinstance(entry.target, str):
        return _first_line(entry.target.__doc__)
    if entry.kind == "studies":
        return _first_comment(Path(entry.target))
    try:
        definition = _definition(entry)
    except LookupError as error:
        return f"({error.args[0]})"
    except (Exception, SystemExit) as error:
        return f"({described(error)})"
    return _first_line(ast.get_docstring(definition)) if definition else ""


def _definition(entry: Entry) -> ast.ClassDef | None:
    """Return the definition of a component's class in its file; None if it is not there.

    It imports the packages around the module. It raises what they raise, and a `LookupError` if
    there is no such module.
    """
    module, _, attribute = entry.target.partition(":")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(f"there is no module {module!r}")
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == attribute:
            return node
    return None


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].strip()


def _first_comment(path: Path) -> str:
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
    except OSError as error:
        return f"({error.strerror})"
    return first.lstrip("# ").strip() if first.startswith("#") else ""
