"""What is printed at the end of a run of this suite: skipped tests by reason, failures by name."""

import shlex
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(40))
def test_a_backend(number):
    pytest.skip("CuPy is not installed (No module named 'cupy'); install it, or do without")

@pytest.mark.parametrize("number", range(20))
def test_one_of_many(number):
    pytest.skip(f"reason {number:02}")

@pytest.mark.skipif(True, reason="reason 00")
def test_the_first_of_them():
    pass

@pytest.mark.xfail(reason="known")
def test_of_old():
    assert False

def test_wrong():
    assert False

def test_right():
    pass
"""

EXPECTED = [
    "40 tests: CuPy is not installed (No module named 'cupy')",
    "2 tests: reason 00",
    "1 module: could not import 'no_such_library': No module named 'no_such_library'",
    *[f"1 test: reason {number:02}" for number in range(1, 6)],
    "14 tests: other reasons, which -rs lists",
]


@pytest.fixture
def lines(pytester, monkeypatch):
    """Return what a run with the settings of this suite prints."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeconftest((HERE / "conftest.py").read_text(encoding="utf-8"))
    settings = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    given = shlex.split(settings["tool"]["pytest"]["ini_options"]["addopts"])

    def run(*words, **modules):
        pytester.makepyfile(**modules)
        return pytester.runpytest_subprocess(*given, *words).outlines

    return run


@pytest.mark.parametrize("words", [(), ("-n", "1")])
def test_what_is_skipped_is_summed_up_in_ten_lines(words, lines):
    absent = 'import pytest\npytest.importorskip("no_such_library")'
    printed = lines(*words, test_it=TESTS, test_absent=absent)
    start = next(i for i, line in enumerate(printed) if line.strip("=") == " skipped ")
    assert printed[start + 1 : start + 1 + len(EXPECTED)] == EXPECTED
    assert len(EXPECTED) < 10
    rest = printed[start + 1 + len(EXPECTED) :]
    assert {line.split(" ")[0] for line in rest[1:-1]} == {"FAILED", "XFAIL"}
    assert "SKIPPED" not in "".join(printed)


def test_where_nothing_is_skipped_nothing_is_said_of_it(lines):
    printed = lines(test_it="def test_right():\n    pass")
    assert not any(line.strip("=") == " skipped " for line in printed)
