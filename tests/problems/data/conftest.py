"""Data files: a folder of our own in OPTFRAME_DATA's place, and the real one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HOME = os.environ.get("OPTFRAME_DATA")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder that is OPTFRAME_DATA for one test."""
    monkeypatch.setenv("OPTFRAME_DATA", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def real():
    """Skip, and say why, unless OPTFRAME_DATA holds a file: ``real("mnist", "name")``."""

    def need(folder: str, name: str) -> None:
        if not HOME:
            pytest.skip("OPTFRAME_DATA is not set")
        if not any((Path(HOME) / place / name).is_file() for place in (folder, ".")):
            pytest.skip(f"OPTFRAME_DATA={HOME} holds no {folder}/{name}")

    return need
