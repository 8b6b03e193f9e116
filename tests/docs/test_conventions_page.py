"""The page on conventions: its commands print what it shows."""

import importlib.util
import re
from pathlib import Path

import pytest

import optframe

PAGE = (Path(__file__).parent.parent.parent / "docs" / "conventions.md").read_text("utf-8")
(FILE,) = re.findall(r"^```python\n# my_adam.py\n(.*?)^```", PAGE, re.M | re.S)
OUTPUTS = re.findall(r"^```bash\n\$ (optframe parity .*?)\n(.*?)^```", PAGE, re.M | re.S)
ROUNDED = re.compile(r"\d(?:\.\d+)?e-1\d")


def check(line, shown, folder, shell):
    done = shell(line, folder)
    assert done.returncode == 0, done.stderr
    assert ROUNDED.sub("#", done.stdout) == ROUNDED.sub("#", shown)


def test_an_optimizer_of_ones_own(tmp_path, shell):
    (tmp_path / "my_adam.py").write_text(FILE, encoding="utf-8")
    check(*OUTPUTS[0], tmp_path, shell)


def test_optimizers_of_libraries(tmp_path, shell):
    known = optframe.load_plugins().by_path.adapters().extras
    for name in ("torch", "keras"):
        if importlib.util.find_spec(name) is None:  # to import Keras here would set its backend
            pytest.skip(f"the extra `{name}` is not installed")
        if name not in known:
            pytest.skip(f"no adapter of {name} is installed")
    check(*OUTPUTS[1], tmp_path, shell)
