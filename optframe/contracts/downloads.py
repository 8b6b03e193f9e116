"""Downloading a file: mirrors in turn, again after a failure, whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from optframe.errors import UnavailableError

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["download"]

RETRIES = 2
"""How often an address is tried again; pooch waits one second, then two."""

PATIENCE = (10, 60)
"""Seconds until a server must answer, and between two pieces of what it sends."""


def download(urls: Sequence[str], path: Path, sha256: str = "", size: int = 0) -> None:
    """Download a file from the first of these addresses that delivers it.

    It appears at ``path`` when it is there whole and its checksum is right, so two processes that
    download it at once do no harm. Progress goes to standard error.

    Raises
    ------
    UnavailableError
        Where no address delivers, with each one's reason, or the folder cannot be written to.
    """
    import requests

    failures = []
    for url in urls:
        try:
            _download_from(url, path, sha256, size)
            return
        except (requests.RequestException, ValueError) as error:
            failures.append(f"{url} {_reason(error, sha256)}")
        except OSError as error:
            raise UnavailableError(
                f"{path.parent} cannot be written to ({error.strerror or error}); set "
                "OPTFRAME_CACHE=DIR to a folder that can"
            ) from error
    raise UnavailableError("; ".join(failures) or "nobody offers it for download")


def _download_from(url: str, path: Path, sha256: str, size: int) -> None:
    import pooch

    source = pooch.create(
        path=path.parent,
        base_url="",
        registry={path.name: sha256 or None},
        urls={path.name: url},
        retry_if_failed=RETRIES,
    )
    pooch.get_logger().setLevel("CRITICAL")  # what it has to say is told here
    with _progress(url, path, size) as bar:
        downloader = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=1 << 16,
            timeout=PATIENCE,
            headers={"Accept-Encoding": "identity"},  # the file as it is, and not unpacked
        )
        source.fetch(path.name, downloader=downloader)
    path.chmod(0o644)  # pooch's temporary file was private, but a cache may be shared


def _reason(error: Exception, sha256: str) -> str:
    """Say in a few words why an address did not deliver."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "breaks off"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    if isinstance(error, ValueError) and not isinstance(error, requests.RequestException):
        return f"sends another file than the one with sha256 {sha256}"
    return f"fails: {' '.join(str(error).split())}"


@contextmanager
def _progress(url: str, path: Path, size: int) -> Iterator[Any]:
    """Show a bar on a terminal, and one line elsewhere."""
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


class _Bar:
    """What pooch tells of its progress, on a bar of rich's."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=None)
        self.total = 0

    def update(self, size: int) -> None:
        self._progress.update(self._task, total=self.total or None, advance=size)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        """Leave the bar to its context."""
