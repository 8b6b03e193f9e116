"""Files that a person names: what is no file, too large or too deep ends in one line, at once."""

import os
import socket

import pytest

from optframe.given_files import (
    MOST_NESTED,
    content_of,
    expanded,
    parsed_json,
    parsed_toml,
)


def test_a_tilde_is_the_home_folder_and_nothing_else_changes(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~") == tmp_path
    assert expanded("~/a/~") == tmp_path / "a" / "~"
    for other in ("./~", "a~", "~nobody-has-this-name/a", "/a/~"):
        assert str(expanded(other)) == other.removeprefix("./")


def test_what_is_no_file_is_named_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(str(tmp_path / "socket"))
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    kinds = {"pipe": "named pipe", "link": "named pipe", "socket": "socket", ".": "folder"}
    for name, kind in {**kinds, "/dev/zero": "device"}.items():
        with pytest.raises(OSError, match=f"found a {kind}, expected a file"):
            content_of(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        content_of(tmp_path / "nothing")


def test_a_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert content_of(tmp_path / "file", 5) == b"12345"
    with pytest.raises(OSError, match="found 5 bytes, expected at most 4"):
        content_of(tmp_path / "file", 4)


DEEP = f"found tables or lists more than {MOST_NESTED} deep inside each other"


@pytest.mark.parametrize("depth", [MOST_NESTED + 1, 500, 2000, 200_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_what_is_nested_too_deep_is_refused(depth, brackets):
    key = {"[]": "", "{}": '"a":'}[brackets]
    opening, closing = brackets
    with pytest.raises(ValueError, match=DEEP):
        parsed_json((opening + key) * (depth - 1) + brackets + closing * (depth - 1))
    if depth < 10_000:
        key = key.replace('"a":', "a=")
        inside = (opening + key) * (depth - 2) + brackets + closing * (depth - 2)
        with pytest.raises(ValueError, match=DEEP):
            parsed_toml(f"a={inside}")
    if depth < 1000 and brackets == "{}":
        with pytest.raises(ValueError, match=DEEP):
            parsed_toml(".".join("a" * (depth + 1)) + " = 1")


def test_what_is_nested_deep_enough_is_read():
    value = parsed_json("[" * MOST_NESTED + "]" * MOST_NESTED)
    for _ in range(MOST_NESTED - 1):
        (value,) = value
    assert value == []
    assert parsed_toml("a = [[1, {b = 2}], 'x']") == {"a": [[1, {"b": 2}], "x"]}


@pytest.mark.parametrize("parsed", [lambda number: parsed_toml(f"a = {number}"), parsed_json])
def test_a_number_of_many_digits_is_refused_in_plain_words(parsed):
    with pytest.raises(ValueError, match=r"^found a whole number of 5000 digits; expected fewer$"):
        parsed("9" * 5000)
