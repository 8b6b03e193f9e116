"""Random study files and notations; `fuzz.py` runs more of them, as its first lines say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FACTOR = int(os.environ.get("OPTFRAME_FUZZ", "1"))
"""40 gives 2,000 study files and 8,000 notations."""


@pytest.mark.skipif(sys.platform == "win32", reason="the fuzzer limits its memory as Unix does")
@pytest.mark.parametrize(("what", "number"), [("studies", 50), ("notations", 200)])
def test_any_input_is_accepted_or_refused_in_a_line(what, number):
    command = [sys.executable, Path(__file__).with_name("fuzz.py"), what, str(number * FACTOR)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 60 * FACTOR)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "refused" in done.stdout
