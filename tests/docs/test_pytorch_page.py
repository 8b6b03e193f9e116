"""The page about PyTorch models: its file, its Python and its commands run as they stand there."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from optframe_problems.torch_models.torch_problem import TorchProblem

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")

PAGE = (Path(__file__).parent.parent.parent / "docs" / "pytorch.md").read_text(encoding="utf-8")
MODELS, *PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS, MEASURING = re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the page's file, which is the working directory."""
    (tmp_path / "my_models.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("my_models", None)


def test_its_python_runs_from_top_to_bottom(folder, capsys):
    names: dict = {"torch": torch}
    for block in PYTHON:
        exec(compile(block, "pytorch.md", "exec"), names)
    result, module = names["result"], names["module"]
    assert isinstance(names["net"](), TorchProblem)
    flat = np.concatenate([p.detach().numpy().reshape(-1) for p in module.parameters()])
    np.testing.assert_array_equal(flat, result.theta)
    assert result.curve["validation_accuracy"].iloc[-1] > 0.9
    trials = names["results"].trials
    assert set(trials["status"]) == {"finished"}
    assert set(trials["problem"]) == {"net", "net-2"}
    assert len(trials) == 12
    assert names["found"].status == "finished"
    assert names["found"].counts.gradients == 2 * 40
    wrapped = names["Augmented"](torch.nn.Linear(6, 3))
    data = torch.randn(20, 6), torch.arange(20) % 3
    assert not TorchProblem(wrapped, torch.nn.functional.cross_entropy, data).deterministic


@pytest.mark.parametrize("command", COMMANDS.splitlines())
def test_its_commands_run(command, folder, shell):
    ran = shell(command, folder)
    assert ran.returncode == 0, ran.stderr


def test_the_command_that_measures_names_a_benchmark_of_this_checkout():
    program, script, option, words = shlex.split(MEASURING)
    root = Path(__file__).parent.parent.parent
    assert (program, option) == ("python", "--only")
    assert (root / script).is_file()
    assert words in (root / "tests/benchmarks/test_torch_models.py").read_text(encoding="utf-8")
