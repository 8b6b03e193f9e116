"""The page about the architecture names the folders and files that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_folders_are_in_the_order_that_imports_obey():
    source = (ROOT / "tests" / "test_architecture.py").read_text(encoding="utf-8")
    block = re.search(r"ROOMS = \[(.*?)\]", source, re.DOTALL)[1]
    rooms = [room for room in re.findall(r'"(\w+)"', block) if (ROOT / "optframe" / room).is_dir()]
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == rooms


def test_every_file_is_there():
    named = re.findall(r"`(\w+/\w+\.py)`", PAGE)
    assert len(named) > 8
    for name in named:
        assert (ROOT / "optframe" / name).is_file() or (ROOT / name).is_file(), name
