"""Downloads from a server of our own, which behaves as servers do."""

import contextlib
import hashlib
import os
import pty
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from optframe import DataFile, UnavailableError
from optframe.contracts import downloads
from optframe.contracts.downloads import download

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves ``/whole``, ``/other``, ``/half``, ``/once``, ``/busy`` and ``/endless``.

    It counts what is asked.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        self.server.asked.append(name)
        first = self.server.asked.count(name) == 1
        if name in ("gone", "busy"):
            self.send_error(404 if name == "gone" else 503)
            return
        self.send_response(200)
        if name == "endless":
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(CONTENT)
            return
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        breaks_off = name == "half" or (name == "once" and first)
        body = CONTENT[: len(CONTENT) // 2] if breaks_off else CONTENT
        self.wfile.write(body[::-1] if name == "other" else body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def nobody():
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/whole"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "some" / "records"


def left(path):
    """What is in its folder."""
    return sorted(each.name for each in path.parent.iterdir()) if path.parent.exists() else []


def test_a_file_is_there_whole_and_one_line_says_from_where(server, path, capsys):
    download([server.url("whole")], path, DIGEST, len(CONTENT))
    assert path.read_bytes() == CONTENT
    assert left(path) == ["records"]
    assert path.stat().st_mode & 0o777 == 0o644
    assert capsys.readouterr() == (
        "",
        f"optframe: downloading records (0.5 MB) from 127.0.0.1:{server.server_port}\n",
    )


def test_a_download_that_never_ends_is_given_up(server, path):
    download([server.url("endless"), server.url("whole")], path, DIGEST, len(CONTENT))
    assert path.read_bytes() == CONTENT
    assert server.asked == ["endless", "whole"]  # and it is not tried again
    with pytest.raises(UnavailableError, match=r"endless sent more than 512,000 bytes, which"):
        download([server.url("endless")], path.with_name("other"), "", len(CONTENT))
    assert left(path) == ["records"]


def test_one_of_unknown_size_is_bounded_too(server, path, monkeypatch):
    monkeypatch.setattr(downloads, "LARGEST", 1000)
    with pytest.raises(UnavailableError, match=r"endless sent more than 1,000 bytes, which"):
        download([server.url("endless")], path)


def test_the_next_mirror_is_tried(server, path, nobody):
    bad = [nobody, *(server.url(name) for name in ("gone", "busy", "half", "other"))]
    download([*bad, server.url("whole"), server.url("never")], path, DIGEST)
    assert path.read_bytes() == CONTENT
    assert list(dict.fromkeys(server.asked)) == ["gone", "busy", "half", "other", "whole"]


def test_every_mirrors_reason_is_told(server, path, nobody):
    names = ("gone", "busy", "half", "other")
    with pytest.raises(UnavailableError) as caught:
        download([nobody, *map(server.url, names)], path, DIGEST)
    assert str(caught.value) == "; ".join(
        [
            f"{nobody} cannot be reached",
            f"{server.url('gone')} returned 404 Not Found",
            f"{server.url('busy')} returned 503 Service Unavailable",
            f"{server.url('half')} closed the connection too early",
            f"{server.url('other')} sent another file, expected sha256 {DIGEST}",
        ]
    )
    assert left(path) == []


def test_a_server_that_dies_in_the_middle_is_asked_again(server, path):
    download([server.url("once")], path, DIGEST)
    assert path.read_bytes() == CONTENT
    assert server.asked == ["once"] * 2


@pytest.mark.parametrize("digest", [DIGEST, ""], ids=["known", "unknown"])
def test_a_server_that_sends_half_a_file_is_not_asked_for_ever(digest, server, path):
    with pytest.raises(UnavailableError, match="closed the connection too early"):
        download([server.url("half")], path, digest)
    assert server.asked == ["half"] * (1 + downloads.RETRIES)
    assert left(path) == []


def test_a_server_that_does_not_answer_is_given_up(path, monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE", (0.1, 0.1))
    monkeypatch.setattr(downloads, "RETRIES", 0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/whole"
        with pytest.raises(UnavailableError, match=f"^{url} timed out$"):
            download([url], path, DIGEST)


def test_a_cache_that_cannot_be_written_to_is_named(server, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(UnavailableError) as caught:
        download([server.url("whole")], tmp_path / "cache" / "some" / "records", DIGEST)
    assert str(caught.value).startswith(f"{tmp_path}/cache/some cannot be written to (")
    assert "OPTFRAME_CACHE=DIR" in str(caught.value)


@pytest.fixture
def file(server, tmp_path, monkeypatch):
    monkeypatch.delenv("OPTFRAME_DATA", raising=False)
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path / "cache"))
    return DataFile("records", "some", (server.url("whole"),), DIGEST, len(CONTENT))


def test_a_file_is_fetched_once(file, server):
    assert file.find() is None
    for _ in range(3):
        assert file.fetch() == file.home
    assert file.home.read_bytes() == CONTENT
    assert server.asked == ["whole"]


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT[:-1] + b"\0"])
def test_what_is_damaged_in_the_cache_is_fetched_again(damaged, file, server):
    file.home.parent.mkdir(parents=True)
    file.home.write_bytes(damaged)
    assert file.fetch() == file.home
    assert file.home.read_bytes() == CONTENT


def test_what_is_the_users_is_never_replaced(file, server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTFRAME_DATA", str(tmp_path))
    (tmp_path / "records").write_bytes(CONTENT[:-1])
    with pytest.raises(UnavailableError, match=f"{tmp_path}/records: found 511,999 bytes"):
        file.fetch()
    assert server.asked == []


def test_no_network_and_no_file_names_both_ways_out(file, nobody, monkeypatch):
    file = DataFile(file.name, file.folder, (nobody,), DIGEST)
    with pytest.raises(UnavailableError) as caught:
        file.fetch()
    assert str(caught.value) == (
        "some/records: no such file: OPTFRAME_DATA is not set, it is not in the cache "
        f"{file.home.parent}; {nobody} cannot be reached; connect to the network, or "
        "set OPTFRAME_DATA=DIR to a folder that contains some/records"
    )
    file.home.parent.mkdir(parents=True, exist_ok=True)
    file.home.write_bytes(b"damaged")
    with pytest.raises(UnavailableError, match=f"{file.home}: found sha256 .* cannot be reached"):
        file.fetch()
    assert file.home.read_bytes() == b"damaged"


PROGRAM = """
import sys
from optframe import DataFile
file = DataFile("records", "some", (sys.argv[1],), sys.argv[2], int(sys.argv[3]))
print(file.fetch())
"""


def arguments(file):
    return [sys.executable, "-c", PROGRAM, file.urls[0], file.sha256, str(file.size)]


def test_two_processes_may_fetch_it_at_once(file):
    processes = [
        subprocess.Popen(arguments(file), stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, f"{file.home}\n")
    assert file.home.read_bytes() == CONTENT
    assert left(file.home) == ["records"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_bar(file):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        arguments(file), stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        written = b""
        try:
            while piece := os.read(ours, 4096):
                written += piece
        except OSError:  # it has ended
            os.close(ours)
    assert process.returncode == 0
    assert b"records" in written
    assert b"512.0/512.0 kB" in written
    assert b"downloading" not in written
    assert written.count(b"\x1b[?25l") == written.count(b"\x1b[?25h")  # the cursor is back
