"""Short races of real processes."""

import os
import sys
from pathlib import Path

import pytest

import optframe
from optframe.gate import Verdict
from optframe.gate.racing.race import Field, Race, Rule, Side, WorkerError

HERE = Path(sys.executable)
QUICK = Rule(threshold=0.5, alpha=0.3, looks=(3,))
"""Decides on two trials after three heats: ½³ = 0.125 ≤ 0.3/2."""

LENIENT = Rule(threshold=9.0, alpha=0.3, looks=(3,))
"""Takes no noise of a busy machine for a difference."""

FAR = 60
"""So many gradients too many that no noise hides them."""

STUDY = """
[study]
name = "race"
budget = { steps = 50 }
[run]
backend = "numpy"
[[optimizer]]
name = "%s"
[[problem]]
name = "booth"
[[problem]]
name = "himmelblau"
"""

HIMMELBLAU = '[[problem]]\nname = "himmelblau"\n'

PLUGIN = '''"""Gradient descent that asks for more gradients than it needs."""
from dataclasses import dataclass
from optframe import Optimizer, hookimpl
optframe_api = 1
def descend(theta, oracle, more):
    for _ in range(more):
        oracle.gradient(theta)
    return theta - 0.001 * oracle.gradient(theta)
@dataclass(frozen=True)
class Dull(Optimizer):
    """Gradient descent."""
    def step(self, theta, state, oracle):
        return descend(theta, oracle, %d), state
@dataclass(frozen=True)
class Keen(Optimizer):
    """Gradient descent."""
    def step(self, theta, state, oracle):
        return descend(theta, oracle, %d), state
@hookimpl
def optframe_optimizers():
    return {"dull": Dull, "keen": Keen}
'''


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY % "sgd", encoding="utf-8")
    return path


def sides(*plugins):
    base, head = plugins or ((), ())
    return Side("base", "one", HERE, base), Side("head", "two", HERE, head)


def test_the_same_code_is_not_red(study):
    text = study.read_text(encoding="utf-8").replace(HIMMELBLAU, "")
    study.write_text(text, encoding="utf-8")
    race = Race(Field(*sides(), study), LENIENT)
    race.run(600)
    comparison = race.comparison()
    assert comparison.exit_code in (0, 3)
    assert [str(subject) for subject in comparison.subjects] == ["sgd on booth"]
    assert comparison.differences == ()
    for row in comparison.rows:
        assert (row.name, row.limit, row.elsewhere) == ("µs per step", "900 %", ())
        assert 0.1 < row.base < 1e5
        assert "3 heats" in row.reason
    base, head, how = comparison.notes
    assert base.startswith(f"base one: optframe {optframe.__version__}, Python 3.")
    assert head.startswith("head two: optframe")
    assert "3 heats in " in how


def test_slower_is_red_faster_an_improvement_and_what_one_side_lacks_is_told(tmp_path):
    files = []
    for role, numbers in (("base", (0, FAR)), ("head", (FAR, 0))):
        folder = tmp_path / role
        folder.mkdir()
        text = PLUGIN % numbers
        if role == "head":
            text = text.replace('"keen": Keen', '"keen": Keen, "young": Dull')
        (folder / "dull.py").write_text(text, encoding="utf-8")
        files.append((str(folder / "dull.py"),))
    study = tmp_path / "study.toml"
    names = ('dull"\n[[optimizer]]\nname = "keen"\n[[optimizer]]\nname = "young',)
    study.write_text((STUDY % names).replace(HIMMELBLAU, ""), encoding="utf-8")
    race = Race(Field(*sides(*files), study), QUICK)
    race.run(600)
    comparison = race.comparison()
    verdicts = {row.subject.optimizer: row.verdict for row in comparison.rows}
    assert verdicts == {
        "dull": Verdict.REGRESSION,
        "keen": Verdict.IMPROVEMENT,
        "young": Verdict.NEW,
    }
    changes = {row.subject.optimizer: row.change for row in comparison.rows}
    assert changes["dull"] > 0.5
    assert changes["keen"] < -1 / 3
    assert (race.heats, comparison.exit_code) == (3, 1)
    (lacking,) = [note for note in comparison.notes if "unknown optimizer 'young'" in note]
    assert lacking.startswith("base one: ")


def test_what_neither_side_knows_is_a_mistake_of_the_study(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(STUDY % 'sgd"\n[[optimizer]]\nname = "smd', encoding="utf-8")
    with pytest.raises(optframe.UsageError, match="unknown optimizer 'smd'"):
        Race(Field(*sides(), study), QUICK).run(600)


def test_a_side_that_knows_nothing_of_the_study_is_infrastructure(tmp_path):
    file, study = tmp_path / "dull.py", tmp_path / "study.toml"
    file.write_text(PLUGIN % (0, 0), encoding="utf-8")
    study.write_text(STUDY % "dull", encoding="utf-8")
    with pytest.raises(WorkerError, match=r"base one: .*unknown optimizer 'dull'"):
        Race(Field(*sides((), (str(file),)), study), QUICK).run(600)


@pytest.mark.skipif(os.name != "posix", reason="the script is named by its first line")
def test_a_side_without_optframe_is_infrastructure(study, tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    base, _ = sides()
    race = Race(Field(base, Side("head", "bare", bare), study), QUICK)
    with pytest.raises(
        WorkerError, match=r"head bare: .* has no optframe that `optframe race` supports: No mod"
    ):
        race.run(600)
