"""Every command line and code block of the README runs, as a reader would run it."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = BLOCK.findall(README)
BIN = Path(sys.executable).parent

# Commands that set things up, that this suite is itself, or that need a GPU.
NOT_HERE = ("python -m", "pytest", "optframe run quickstart --backend cupy")


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def commands() -> list[str]:
    lines = [
        line.partition("  #")[0].strip() for text in blocks("bash") for line in text.splitlines()
    ]
    return [line for line in lines if line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A reader's folder: the study file and the plugin are there under their names."""
    path = tmp_path_factory.mktemp("reader")
    (study,) = [text for text in blocks("toml") if "[study]" in text]
    (path / f"{tomllib.loads(study)['study']['name']}.toml").write_text(study, encoding="utf-8")
    (plugin,) = [text for text in blocks("python") if "@hookimpl" in text]
    (path / "my_plugin.py").write_text(plugin, encoding="utf-8")
    (path / "reports").mkdir()
    shutil.copytree(ROOT / "reports" / "studies", path / "reports" / "studies")
    return path


def run(words: list[str], folder: Path) -> str:
    """Run a command of the environment that the tests run in."""
    command = [str(BIN / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "line",
    [line for line in commands() if not line.startswith(NOT_HERE)],
    ids=lambda line: line[:60],
)
def test_command_runs(line, folder):
    words = shlex.split(line)
    assert words[0] == "optframe"
    output = run(words, folder)
    assert output
    for stored in re.findall(r"^(?:store|report): +(.+)$", output, re.M):
        assert (folder / stored).exists()


def test_first_command_ends_by_naming_the_report(folder):
    (first,) = [line for line in commands() if line.startswith("python -m pip install . &&")]
    words = shlex.split(first.partition("&&")[2])
    output = run(words, folder)
    assert output.splitlines()[-1] == "report: results/quickstart/report/index.html"
    for problem in ("mlp", "softmax", "rosenbrock", "quadratic"):
        assert problem in output
    again = run([*words, "--no-report"], folder)
    assert "144 trials were in the store already; nothing was run now" in again


def test_second_command_is_the_one_that_ci_runs():
    words = "pytest -n auto --dist worksteal"
    assert f"python -m pip install '.[test]' && {words}" in commands()
    assert words in (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace(
        '"$bin/pytest"', "pytest"
    )


def test_python_blocks_run_in_order(folder):
    code = "\n".join(text for text in blocks("python") if "@hookimpl" not in text)
    output = run([Path(sys.executable).name, "-W", "error", "-c", code], folder)
    assert "finished" in output


def test_the_plugin_is_about_thirty_lines_and_is_compared_with_ours(folder):
    (plugin,) = [text for text in blocks("python") if "@hookimpl" in text]
    assert len([line for line in plugin.splitlines() if line.strip()]) <= 32
    words = "optframe run -P my_plugin.py -o signsgd:lr=0.01 -o adam -p rosenbrock --steps 50"
    output = run([*words.split(), "--out", "signs", "--no-report"], folder)
    assert "signsgd:lr=0.01" in output
    assert "adam" in output


def test_every_link_of_the_readme_leads_to_a_file():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
