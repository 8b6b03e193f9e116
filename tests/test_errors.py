"""One line, and nothing in it that steers a terminal."""

import pytest

from optframe import Study, run
from optframe.errors import one_line, printable


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain µ–∞", "plain µ–∞"),
        ("two\n lines\tand a tab", "two lines and a tab"),
        ("\x1b[2Jgone\x07", "\\x1b[2Jgone\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("turned \u202e around", "turned \\u202e around"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_an_escape(said, shown):
    assert one_line(said) == shown


def test_a_text_keeps_its_lines():
    assert printable("a\n\tb\x1b") == "a\n\tb\\x1b"


PLUGIN = """
from dataclasses import dataclass
from optframe import Optimizer, hookimpl
optframe_api = 1

@dataclass(frozen=True)
class Loud(Optimizer):
    \"\"\"Loud: it shouts.\"\"\"
    def step(self, theta, state, oracle):
        raise ValueError("\\x1b[2Jgone")

@hookimpl
def optframe_optimizers():
    return {"loud": Loud}
"""


def test_what_a_plugin_says_is_kept_and_shown_escaped(tmp_path, capfd):
    (tmp_path / "loud.py").write_text(PLUGIN, encoding="utf-8")
    study = Study("s", {"steps": 3}, ["loud"], ["rosenbrock"])
    results = run(study, out=tmp_path / "out", plugins=[str(tmp_path / "loud.py")])
    assert results.trials["reason"].tolist() == ["ValueError: \\x1b[2Jgone"]
    assert "\x1b[2J" not in "".join(capfd.readouterr())
