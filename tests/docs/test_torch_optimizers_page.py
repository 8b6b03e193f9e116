"""The page about optimizers of PyTorch: its commands and studies run, and its table is complete."""

import importlib.util
import re
from importlib.metadata import version
from pathlib import Path

import pytest

import optframe

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "torch-optimizers.md").read_text(encoding="utf-8")
STUDIES = re.findall(r"^```toml\n# (\S+)\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS = re.search(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)[1].splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_runs(command, tmp_path, shell):
    more = " --out out --no-report" if command.split()[1] == "run" else ""
    finished = shell(command + more, tmp_path)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(("name", "text"), STUDIES, ids=lambda part: part[:15])
def test_each_study_runs(name, text, tmp_path):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    trials = optframe.run(path, tmp_path / "out").trials
    assert set(trials["status"]) == {"finished"}


@pytest.mark.filterwarnings("ignore")  # as in the script
def test_the_table_names_every_class_of_this_torch():
    if not re.search(rf"\| `torch.optim` \| {re.escape(version('torch'))}", PAGE):
        pytest.skip("the page was written with another version of torch")
    spec = importlib.util.spec_from_file_location("written", DOCS / "torch_optimizers.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    rows = {name: script.tried(found, name) for name, found in script.classes("torch.optim")}
    for name, (runs, resumes, *equal, _) in rows.items():
        line = f"| `{name}` | {' | '.join((runs, resumes, *equal))} |"
        assert line in PAGE
    assert [name for name, row in rows.items() if row[0] == "no"] == ["SparseAdam"]
