"""How long the command line takes to answer."""

import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

COMMAND = shutil.which("optframe", path=str(Path(sys.executable).parent)) or "optframe"


@pytest.mark.row("`optframe {word}`", "benchopt's 0.96 s", "{reach}", place=9)
@pytest.mark.parametrize(("word", "reach"), [("--help", "≤ 0.15 s"), ("list", "≤ 0.3 s")])
def test_the_command_answers(pairs, word, reach):
    def seconds() -> float:
        began = perf_counter()
        done = subprocess.run([COMMAND, word], capture_output=True, check=True)
        elapsed = perf_counter() - began
        assert done.stdout
        return elapsed

    pairs.measure(seconds)
