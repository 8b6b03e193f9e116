"""The page on import paths: its commands run in their order, with the files that it shows."""

import re
from pathlib import Path

import pytest

from optframe.components.contract_check import reserved

PAGE = (Path(__file__).parent.parent.parent / "docs" / "import-paths.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS = [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines()]
OF_LIBRARIES = [line for line in COMMANDS if "torch" in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("somebody")
    for kind, text in BLOCKS:
        if kind != "bash":
            name = re.match(r"# (\S+)\n", text)[1]
            (path / name).write_text(text, encoding="utf-8")
    return path


def test_the_commands_on_a_file_of_ones_own_run(folder, shell):
    outputs = {}
    for line in COMMANDS:
        if line not in OF_LIBRARIES:
            done = shell(line, folder)
            assert done.returncode == 0, (line, done.stderr)
            outputs[line] = done.stdout
    assert "my_models.bowl:width=5" in outputs[COMMANDS[5]]
    assert "my_models.bowl:scales=[1,20]" in outputs[COMMANDS[6]]
    assert "functions (usable if they return a component)" in outputs["optframe list my_models"]
    assert "scales  a list of numbers; default [1,10]" in outputs["optframe show my_models.bowl"]


@pytest.mark.parametrize("line", OF_LIBRARIES)
def test_the_commands_on_a_library_run(folder, line, shell):
    pytest.importorskip("torch", reason="the extra `torch` is not installed")
    done = shell(line, folder)
    assert done.returncode == 0, (line, done.stdout, done.stderr)


def test_the_page_names_every_word_that_is_no_parameter():
    for kind in ("optimizers", "problems", "samplers"):
        for word in reserved(kind):
            assert f"`{word}`" in PAGE
