"""A file that a data set is read from: where it may lie, and whether it is what it should be."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from optframe.errors import UnavailableError

__all__ = ["DataFile", "cache_folder"]


def cache_folder() -> Path:
    """Return ``$OPTFRAME_CACHE``, else ``$XDG_CACHE_HOME/optframe``, else ``~/.cache/optframe``."""
    own = os.environ.get("OPTFRAME_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "optframe"


@dataclass(frozen=True)
class DataFile:
    """A file by its name; a data set's loader asks for it by `fetch`.

    It is looked for in the folder that the environment's OPTFRAME_DATA names, then in the user's
    cache, into which it is downloaded at last. It is checked whenever it is used, so that what is
    damaged or is another file of the same name is refused.

    Parameters
    ----------
    name
        Its name, such as ``"train-images-idx3-ubyte.gz"``.
    folder
        The subfolder of OPTFRAME_DATA and of the cache in which it lies, such as ``"mnist"``;
        OPTFRAME_DATA itself is looked into after that.
    urls
        Addresses that have it, tried in turn; none where it cannot be downloaded.
    sha256
        Its checksum, 64 hexadecimal digits; empty where it is not known.
    size
        Its size in bytes, 0 where it is not known.
    forms
        Other names under which the same content may lie, unpacked, say, each with its checksum.
    """

    name: str
    folder: str = ""
    urls: tuple[str, ...] = ()
    sha256: str = ""
    size: int = 0
    forms: tuple[tuple[str, str], ...] = ()

    @property
    def home(self) -> Path:
        """Where it lies in the user's cache once it was downloaded."""
        return cache_folder() / "data" / self.folder / self.name

    def find(self) -> Path | None:
        """Return where it lies, good or bad, without a download; None where it is missing."""
        return next((path for path in self._places() if path.exists()), None)

    def flaw(self, path: Path) -> str | None:
        """Say what is wrong with the file at ``path``, what was found and what was expected."""
        if path.is_dir():
            return "found a folder, expected a file"
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"it cannot be read: {error.strerror or error}"
        expected = dict(self.forms).get(path.name, self.sha256)
        if path.name == self.name and self.size and size != self.size:
            return f"found {size:,} bytes, expected {self.size:,}: it is cut off or another file"
        if expected and found != expected:
            return f"found sha256 {found}, expected {expected}: it is damaged or another file"
        return None

    def fetch(self) -> Path:
        """Return where it lies, after a look at whether it is sound; download it if it is missing.

        A damaged file in the cache is downloaded again; elsewhere it is the user's, and stays.

        Raises
        ------
        UnavailableError
            Where it is damaged, or neither found nor to be downloaded.
        """
        path = self.find()
        flaw = None if path is None else self.flaw(path)
        if path is not None and flaw is None:
            return path
        if path is not None and (path != self.home or not self.urls or path.is_dir()):
            raise UnavailableError(f"{path}: {flaw}; get it again, or move it away")
        from optframe.contracts.downloads import download

        try:
            download(self.urls, self.home, self.sha256, self.size)
        except UnavailableError as error:
            raise UnavailableError(f"{self._missing(flaw)}; {error}; {self._remedy()}") from error
        again = self.flaw(self.home)
        if again:  # a server may send something else where no checksum is known
            raise UnavailableError(f"{self.home}: {again}")
        return self.home

    def _places(self) -> Iterator[Path]:
        data = os.environ.get("OPTFRAME_DATA")
        names = (self.name, *(name for name, _ in self.forms))
        if data:
            yield from (Path(data) / self.folder / name for name in names)
            if self.folder:  # what lies beside other things may be a folder of the same name
                yield from (path for name in names if (path := Path(data) / name).is_file())
        yield self.home

    def _missing(self, flaw: str | None) -> str:
        """Say where it was looked for."""
        data = os.environ.get("OPTFRAME_DATA")
        place = f"OPTFRAME_DATA={data} holds none" if data else "OPTFRAME_DATA is not set"
        kept = f"{self.home}: {flaw}" if flaw else f"the cache {self.home.parent} holds none"
        return f"{self._path()}: no such file: {place}, {kept}"

    def _path(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name

    def _remedy(self) -> str:
        way = f"set OPTFRAME_DATA=DIR to a folder that holds {self._path()}"
        return f"connect to the network, or {way}" if self.urls else way
