"""The tuner and the protocol of the page work as they stand there."""

import math
import re
import sys
from pathlib import Path

import pytest

from optframe import Space, Tried, load_plugins
from optframe.testing import check_protocol, check_tuner

PAGE = Path(__file__).parent.parent.parent / "docs" / "tuners.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documented")
    paths = []
    for number, text in enumerate(block for block in BLOCKS if "optframe_api" in block):
        path = folder / f"documented_tuning_{number}.py"
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    yield load_plugins(paths, strict=True)
    for path in paths:
        sys.modules.pop(Path(path).stem, None)


def lines(block):
    return [line for line in block.splitlines() if line.strip()]


def test_each_is_written_in_at_most_thirty_lines():
    assert len(BLOCKS) == 3
    assert all(len(lines(block)) <= 30 for block in BLOCKS)


def test_the_documented_tuner_is_conforming_by_the_documented_test(registry):
    module = {"Narrowing": registry.load("tuners", "narrowing"), "check_tuner": check_tuner}
    exec(BLOCKS[2], module)
    (mark,) = module["test_conformance"].pytestmark
    checks = mark.args[1]
    assert [o for o in checks.run() if o.status not in ("passed", "not applicable")] == []


def test_the_documented_protocol_is_conforming(registry):
    checks = check_protocol(registry.load("protocols", "decades"), registry=registry)
    assert [outcome for outcome in checks.run() if outcome.status != "passed"] == []


def test_the_documented_tuner_narrows(registry):
    space, history = {"lr": Space(1e-6, 1.0)}, []
    tuner = registry.make("tuners", "narrowing")
    while asked := tuner.ask(space, history, 48, 0):
        history += [Tried(one, abs(math.log10(one["lr"] / 3e-3))) for one in asked]
    assert len(history) == 48
    assert min(tried.value for tried in history) < 0.1
    assert max(tried.value for tried in history[-8:]) < 0.5
