"""The page about SciPy: its table, its commands and its Python."""

import re
from pathlib import Path

import pytest

import optframe
from optframe_plugins.scipy_solver.methods import METHODS

PAGE = (Path(__file__).parent.parent.parent / "docs" / "scipy.md").read_text(encoding="utf-8")
COMMANDS, MEASURING = re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)
(PYTHON,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
ROWS = re.findall(r"^\| `([\w-]+)` \| ([\w, ]+) \| (always|–|`jac=2-point`) \|$", PAGE, re.M)


def test_the_table_has_every_method():
    assert [name for name, _, _ in ROWS] == list(METHODS)
    assert f"All {len(METHODS)} run" in PAGE


@pytest.mark.parametrize(("name", "needs", "without"), ROWS)
def test_the_table_says_what_a_method_needs(name, needs, without):
    method = optframe.make("scipy.optimize.minimize", method=name)
    assert method.requires() == {*needs.split(", "), "deterministic"}
    if without == "`jac=2-point`":
        other = optframe.make("scipy.optimize.minimize", method=name, jac="2-point")
        assert other.requires() == {"loss", "deterministic"}
    else:
        with pytest.raises(optframe.UsageError, match="leave out jac"):
            optframe.make("scipy.optimize.minimize", method=name, jac="2-point")
        assert (without == "always") == ("gradient" not in needs)


@pytest.mark.parametrize("line", COMMANDS.splitlines())
def test_its_commands_run(tmp_path, line, shell):
    done = shell(line, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), line
    assert "skipped" not in done.stdout
    assert "failed" not in done.stdout


def test_it_names_the_row_that_measures(capsys):
    words = re.search(r'--only "(.*)"', MEASURING)[1]
    home = Path(__file__).parent.parent / "benchmarks" / "test_scipy_methods.py"
    assert words.removeprefix("a ") in home.read_text(encoding="utf-8")


def test_its_python_says_what_it_does(capsys):
    exec(compile(PYTHON, "scipy.md", "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert first == "Maximum number of iterations has been exceeded. 100 101"
    assert second.startswith("True [1. ")
