"""A file that a data set is read from: finds it, downloads it, and verifies its checksum."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from optframe.errors import UnavailableError
from optframe.given_files import expanded, unfit

__all__ = ["DataFile", "cache_folder"]


def cache_folder() -> Path:
    """Return the folder for downloaded data and compiled code.

    It is ``$OPTFRAME_CACHE`` if that is set, else ``$XDG_CACHE_HOME/optframe`` if that is set, else
    ``~/.cache/optframe``.
    """
    own = os.environ.get("OPTFRAME_CACHE")
    if own:
        return expanded(own)
    return expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "optframe"


def data_folder() -> Path | None:
    """Return the folder that the environment variable OPTFRAME_DATA names; None if it is unset."""
    named = os.environ.get("OPTFRAME_DATA")
    return expanded(named) if named else None


@dataclass(frozen=True)
class DataFile:
    """A file that a data set is read from; a loader gets its path with `fetch`.

    The file is searched first in the folder that the environment variable OPTFRAME_DATA names, then
    in the cache (`cache_folder`). If it is in neither, it is downloaded to the cache. Size and
    checksum are verified at each `fetch`, so that a damaged file, or another file of the same name,
    is never used.

    Parameters
    ----------
    name
        Its name, such as ``"train-images-idx3-ubyte.gz"``.
    folder
        Its subfolder of OPTFRAME_DATA and of the cache, such as ``"mnist"``. OPTFRAME_DATA itself
        is searched after its subfolder.
    urls
        Addresses to download it from, tried in this order; empty if it cannot be downloaded.
    sha256
        Its checksum, 64 hexadecimal digits; empty if it is not known.
    size
        Its size in bytes; 0 if it is not known.
    forms
        Other file names for the same content, for example unpacked, each with its checksum.
    """

    name: str
    folder: str = ""
    urls: tuple[str, ...] = ()
    sha256: str = ""
    size: int = 0
    forms: tuple[tuple[str, str], ...] = ()

    @property
    def home(self) -> Path:
        """Its path in the cache; a download is written there."""
        return cache_folder() / "data" / self.folder / self.name

    def find(self) -> Path | None:
        """Return the path of an existing file without verifying it; None if there is none."""
        return next((path for path in self._places() if path.exists()), None)

    def flaw(self, path: Path) -> str | None:
        """Return what is wrong with the file at ``path``: found and expected; None if nothing."""
        try:
            other = unfit(path)
            if other is not None:
                return other
            size = path.stat().st_size
            if path.name == self.name and self.size and size != self.size:
                return (
                    f"found {size:,} bytes, expected {self.size:,}: it is incomplete or another "
                    "file"
                )
            expected = dict(self.forms).get(path.name, self.sha256)
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest() if expected else ""
        except OSError as error:
            return f"it cannot be read: {error.strerror or error}"
        if found != expected:
            return f"found sha256 {found}, expected {expected}: it is damaged or another file"
        return None

    def fetch(self) -> Path:
        """Return the path of the verified file; download the file if it is missing.

        A damaged file in the cache is downloaded again. A damaged file elsewhere is not changed.

        Raises
        ------
        UnavailableError
            If the file is damaged, or is missing and cannot be downloaded.
        """
        path = self.find()
        flaw = None if path is None else self.flaw(path)
        if path is not None and flaw is None:
            return path
        if path is not None and (path != self.home or not self.urls or path.is_dir()):
            raise UnavailableError(f"{path}: {flaw}; replace the file or remove it")
        from optframe.contracts.downloads import download

        try:
            download(self.urls, self.home, self.sha256, self.size)
        except UnavailableError as error:
            raise UnavailableError(self._missing(flaw, error)) from error
        again = self.flaw(self.home)
        if again:  # if no checksum is known, the server may have sent another file
            raise UnavailableError(f"{self.home}: {again}")
        return self.home

    def _places(self) -> Iterator[Path]:
        data = data_folder()
        names = (self.name, *(name for name, _ in self.forms))
        if data:
            yield from (data / self.folder / name for name in names)
            if self.folder:  # OPTFRAME_DATA itself may contain a folder of the same name
                yield from (path for name in names if (path := data / name).is_file())
        yield self.home

    def _missing(self, flaw: str | None, error: Exception) -> str:
        """Return a message that names the folders that were searched, and says what to do."""
        data = data_folder()
        place = f"it is not in OPTFRAME_DATA={data}" if data else "OPTFRAME_DATA is not set"
        kept = f"{self.home}: {flaw}" if flaw else f"it is not in the cache {self.home.parent}"
        path = f"{self.folder}/{self.name}" if self.folder else self.name
        way = f"set OPTFRAME_DATA=DIR to a folder that contains {path}"
        remedy = f"connect to the network, or {way}" if self.urls else way
        return f"{path}: no such file: {place}, {kept}; {error}; {remedy}"
