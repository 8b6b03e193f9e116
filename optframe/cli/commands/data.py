"""``optframe data``: lists, downloads and checks the files of data sets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import click

from optframe.cli.options import name_broken, with_plugins
from optframe.components.notation import parse
from optframe.components.registry import Registry
from optframe.contracts import DataFile, DatasetLoader, cache_folder
from optframe.contracts.data_file import data_folder
from optframe.errors import OptframeError, UsageError

__all__ = ["command"]


Named = tuple[str, DatasetLoader]
"""A data set in the notation of the command line, and its loader."""


@click.command("data")
@click.argument("action", type=click.Choice(["list", "fetch", "verify", "where"]))
@click.argument("names", nargs=-1, metavar="[NAME]...")
@with_plugins
def command(registry: Registry, action: str, names: tuple[str, ...]) -> int:
    """List, download and check the files of data sets.

    \b
    optframe data list               the data sets: where their files are, and their size
    optframe data fetch mnist a9a    download missing files, and print where they are
    optframe data verify             compare checksums, and read every file that is there
    optframe data where              the folders that are searched for files

    NAME is a data set, with its parameters if it has some.

    A file is searched for in the folder that OPTFRAME_DATA names, then in the cache. If it is in
    neither when a problem needs it, it is downloaded into the cache.

    Exit codes: 0 done; 1 a file is damaged, or one of a named data set is missing; 2 usage error;
    4 a file cannot be downloaded.
    """  # noqa: D301
    name_broken(registry)
    if action == "where":
        if names:
            raise UsageError(f"data where: found the name {names[0]!r}, expected none")
        return _where()
    if action == "fetch" and not names:
        raise UsageError("data fetch: name at least one data set; see `optframe data list`")
    asked = [*_asked(registry, names)]
    if action == "list":
        return _list(asked)
    return _fetch(asked) if action == "fetch" else _verify(asked, named=bool(names))


def _asked(registry: Registry, names: tuple[str, ...]) -> Iterator[Named]:
    """Yield the data sets of these names; all data sets if there is no name."""
    for name in names or registry.names("datasets"):
        table = parse(name)
        given = {key: value for key, value in table.items() if key != "name"}
        yield name, registry.make("datasets", table["name"], given, f"data {name!r}")


def _where() -> int:
    data = data_folder()
    click.echo(f"OPTFRAME_DATA  {data or 'not set'}{_state(str(data)) if data else ''}")
    cache = cache_folder() / "data"
    click.echo(f"cache          {cache}{_state(str(cache))}")
    return 0


def _state(folder: str) -> str:
    return "" if os.path.isdir(folder) else "  (no such folder yet)"


def _list(asked: list[Named]) -> int:
    rows = [(name, *_size_and_place(loader.files())) for name, loader in asked]
    if not rows:
        click.echo("no data sets")
        return 0
    names, sizes, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    for name, size, where in rows:
        click.echo(f"{name:<{names}}  {size:<{sizes}}  {where}")
    return 0


def _size_and_place(files: tuple[DataFile, ...]) -> tuple[str, str]:
    """Return the number and size of the files, and where they are or can be downloaded from."""
    if not files:
        return "", "no files of its own"
    paths = [file.find() for file in files]
    pairs = zip(files, paths, strict=True)
    sizes = [path.stat().st_size if path else file.size for file, path in pairs]
    size = f"{len(files)} file{'s' if len(files) > 1 else ''}, {_megabytes(sizes)}"
    folders = dict.fromkeys(str(path.parent) for path in paths if path)
    missing = paths.count(None)
    source = f"missing; from {_source(files)}"
    if missing == len(files):
        return size, source
    there = f"in {', '.join(folders)}"
    return size, f"{there}, {missing} {source}" if missing else there


def _megabytes(sizes: list[int]) -> str:
    return f"{sum(sizes) / 1e6:.1f} MB" if all(sizes) else "size unknown"


def _source(files: tuple[DataFile, ...]) -> str:
    hosts = dict.fromkeys(urlsplit(url).netloc for file in files for url in file.urls)
    return ", ".join(hosts) or "nowhere: set OPTFRAME_DATA"


def _fetch(asked: list[Named]) -> int:
    for name, loader in asked:
        files = loader.files()
        for file in files:
            click.echo(f"{name}: {file.fetch()}")
        if not files:
            click.echo(f"{name}: no files of its own")
    return 0


def _verify(asked: list[Named], named: bool) -> int:
    """Check the files of named data sets; if none is named, those that are on this machine."""
    bad = 0
    for name, loader in asked:
        files = loader.files()
        paths = [(file, file.find()) for file in files]
        if not named and (not files or not any(path for _, path in paths)):
            continue
        lines = [_checked(file, path) for file, path in paths]
        good = all(mark == "ok" for mark, _ in lines)
        if good:
            flaw = _unreadable(loader)
            if flaw:
                lines, good = [*lines, ("DAMAGED", flaw)], False
        bad += not good and (named or any(mark == "DAMAGED" for mark, _ in lines))
        for mark, text in lines or [("ok", "no files of its own")]:
            click.echo(f"{name}: ", nl=False)
            click.secho(mark, fg=None if mark == "ok" else "red", nl=False)
            click.echo(f"  {text}")
    if not named and not any(file.find() for _, loader in asked for file in loader.files()):
        click.echo("no files are there; `optframe data fetch NAME` downloads some")
    return 1 if bad else 0


def _checked(file: DataFile, path: Any) -> tuple[str, str]:
    if path is None:
        return "missing", f"{file.folder}/{file.name}"
    flaw = file.flaw(path)
    if flaw:
        return "DAMAGED", f"{path}: {flaw}"
    known = dict(file.forms).get(path.name, file.sha256)
    return "ok", f"{path}{'' if known else '  (its checksum is not known)'}"


def _unreadable(loader: DatasetLoader) -> str | None:
    """Return why a data set whose files have the right checksums cannot be read, or None."""
    try:
        loader.verify()
    except UsageError as error:
        if not loader.files():  # nothing is damaged: a parameter is missing
            raise
        return str(error)
    except (OptframeError, ValueError, OSError) as error:
        return str(error)
    return None
