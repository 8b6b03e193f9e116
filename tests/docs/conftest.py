"""Runs the commands of pages."""

import os
import shlex
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def shell():
    """Run a line of a page in a folder, as its reader would."""

    def run(line, folder):
        program, *words = shlex.split(line)
        assert program == "optframe"
        return subprocess.run(
            [sys.executable, "-P", "-m", "optframe", *words],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
