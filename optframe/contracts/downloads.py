"""Downloads a file: tries each address in turn, retries, and keeps only complete files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from optframe.errors import UnavailableError

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["download"]

RETRIES = 2
"""The number of retries of an address; pooch waits one second, then two."""

PATIENCE = (10, 60)
"""Timeouts in seconds: for the connection, and between two pieces of the response."""

LARGEST = 2**34
"""The most bytes of a file whose size is not known."""


class _TooLargeError(Exception):
    """A server sends more than the file has."""


def download(urls: Sequence[str], path: Path, sha256: str = "", size: int = 0) -> None:
    """Download a file to ``path`` from the first address that works.

    The file is moved to ``path`` after it is complete and its checksum was verified. Two processes
    may therefore download it at the same time. Progress is printed on standard error. An
    `UnavailableError` has the reason of each address, or why the folder cannot be written to.
    """
    import requests

    failures = []
    for url in urls:
        try:
            _download_from(url, path, sha256, size)
            return
        except (requests.RequestException, ValueError) as error:
            failures.append(f"{url} {_reason(error, sha256)}")
        except _TooLargeError as error:
            failures.append(f"{url} {error}")
        except OSError as error:
            raise UnavailableError(
                f"{path.parent} cannot be written to ({error.strerror or error}); set "
                "OPTFRAME_CACHE=DIR to a folder that can"
            ) from error
    raise UnavailableError("; ".join(failures) or "no address to download it from is known")


def _download_from(url: str, path: Path, sha256: str, size: int) -> None:
    import pooch

    source = pooch.create(
        path=path.parent,
        base_url="",
        registry={path.name: sha256 or None},
        urls={path.name: url},
        retry_if_failed=RETRIES,
    )
    pooch.get_logger().setLevel("CRITICAL")  # optframe reports failures itself
    with _progress(url, path, size) as bar:
        downloader = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=1 << 16,
            timeout=PATIENCE,
            headers={"Accept-Encoding": "identity"},  # the packed file, as its checksum needs it
        )
        most = size or LARGEST

        def download(url: str, part: str, pooch: Any) -> None:
            with open(part, "wb") as file:
                downloader(url, _Bounded(file, most), pooch)

        source.fetch(path.name, downloader=download)
    path.chmod(0o644)  # pooch's temporary file was private, but a cache may be shared


def _reason(error: Exception, sha256: str) -> str:
    """Return in a few words why a download failed."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"returned {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "closed the connection too early"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    if isinstance(error, ValueError) and not isinstance(error, requests.RequestException):
        return f"sent another file, expected sha256 {sha256}"
    return f"failed: {' '.join(str(error).split())}"


@contextmanager
def _progress(url: str, path: Path, size: int) -> Iterator[Any]:
    """Show a progress bar if standard error is a terminal; print one line if not."""
    if not sys.stderr.isatty():
        megabytes = f" ({size / 1e6:.1f} MB)" if size else ""
        host = urlsplit(url).netloc
        print(f"optframe: downloading {path.name}{megabytes} from {host}", file=sys.stderr)
        yield False
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress, path.name)


class _Bounded:
    """A file that refuses more than a number of bytes: a server could send without an end."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = self._left = most

    def write(self, content: bytes) -> None:
        self._left -= len(content)
        if self._left < 0:
            raise _TooLargeError(f"sent more than {self._most:,} bytes, which are expected")
        self._file.write(content)

    def flush(self) -> None:
        """Do nothing: the file is flushed when it is closed."""


class _Bar:
    """Passes pooch's progress on to a progress bar of rich."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=None)
        self.total = 0

    def update(self, size: int) -> None:
        self._progress.update(self._task, total=self.total or None, advance=size)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        """Do nothing: the context manager of the bar closes it."""
