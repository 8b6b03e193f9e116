"""The command line, run in this process and in a folder of its own."""

from __future__ import annotations

import sys
from typing import NamedTuple

import pytest

from optframe.cli import main


class Finished(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def mistakes(self) -> list[str]:
        """What is said on standard error, each line as a one-line message of ours."""
        lines = self.err.splitlines()
        assert all(line.startswith("optframe: ") for line in lines)
        return [line.removeprefix("optframe: ") for line in lines]


@pytest.fixture
def optframe(capsys, monkeypatch, tmp_path):
    """Run ``optframe WORDS`` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["optframe", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Finished(ended.value.code, said.out, said.err)

    return run
