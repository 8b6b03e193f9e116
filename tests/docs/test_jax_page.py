"""The page about losses in JAX: its file, its Python and its commands run as they stand there."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import optframe

jax = pytest.importorskip("jax", reason="jax is not installed: pip install jax")
pytest.importorskip("optax", reason="optax is not installed: pip install optax")

PAGE = (Path(__file__).parent.parent.parent / "docs" / "jax.md").read_text(encoding="utf-8")
LOSSES, *PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
*COMMANDS, MEASURING = re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the page's file, which is the working directory."""
    (tmp_path / "my_losses.py").write_text(LOSSES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("my_losses", None)


def test_its_python_runs_from_top_to_bottom(folder):
    names: dict = {}
    for block in PYTHON:
        exec(compile(block, "jax.md", "exec"), names)
    assert isinstance(names["net"](), optframe.JaxProblem)
    assert names["found"].apply() == pytest.approx({"x": 1.0, "y": 1.0})
    result, params = names["result"], names["params"]
    flat = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)])
    np.testing.assert_array_equal(flat, result.theta)
    assert result.curve["validation_accuracy"].iloc[-1] > 0.9
    trials = names["results"].trials
    assert set(trials["status"]) == {"finished"}
    assert len(trials) == 6
    signs = names["signs"]
    assert (signs.status, signs.counts.gradients) == ("finished", 40)
    assert signs.curve["loss"].iloc[-1] < signs.curve["loss"].iloc[0]


@pytest.mark.parametrize("command", [line for block in COMMANDS for line in block.splitlines()])
def test_its_commands_run(command, folder, shell):
    ran = shell(command, folder)
    assert ran.returncode == 0, ran.stderr
    assert "failed" not in ran.stdout


def test_the_command_that_measures_names_a_benchmark_of_this_checkout():
    program, script, option, words = shlex.split(MEASURING)
    root = Path(__file__).parent.parent.parent
    assert (program, option) == ("python", "--only")
    assert (root / script).is_file()
    assert words in (root / "tests/benchmarks/test_jax_models.py").read_text(encoding="utf-8")
