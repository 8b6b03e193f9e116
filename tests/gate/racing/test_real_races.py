"""Short races of real processes."""

import os
import sys

import pytest

import optframe
from optframe.gate import Verdict
from optframe.gate.racing.race import Field, Race, Rule, Side, WorkerError

QUICK = Rule(threshold=0.5, alpha=0.3, looks=(3,))
"""Decides on two trials after three heats: ½³ = 0.125 ≤ 0.3/2."""

LENIENT = Rule(threshold=9.0, alpha=0.3, looks=(3,))
"""Takes no noise of a busy machine for a difference."""

FAR = 60
"""So many gradients too many that no noise hides them."""


def test_the_same_code_is_not_red(sides, write_study):
    race = Race(Field(*sides(), write_study("sgd")), LENIENT)
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


def test_slower_is_red_faster_an_improvement_and_what_one_side_lacks_is_told(
    tmp_path, plugin, sides, write_study
):
    for role, numbers in (("base", (0, FAR)), ("head", (FAR, 0))):
        text = plugin(*numbers)
        if role == "head":
            text = text.replace('"keen": Keen', '"keen": Keen, "young": Dull')
        (tmp_path / role).mkdir()
        (tmp_path / role / "dull.py").write_text(text, encoding="utf-8")
    files = [[str(tmp_path / role / "dull.py")] for role in ("base", "head")]
    race = Race(Field(*sides(*files), write_study("dull", "keen", "young")), QUICK)
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


def test_what_neither_side_knows_is_a_mistake_of_the_study(sides, write_study):
    with pytest.raises(optframe.UsageError, match="unknown optimizer 'smd'"):
        Race(Field(*sides(), write_study("sgd", "smd")), QUICK).run(600)


def test_a_side_that_knows_nothing_of_the_study_is_infrastructure(tmp_path, plugin, sides, study):
    file = tmp_path / "dull.py"
    file.write_text(plugin(0), encoding="utf-8")
    with pytest.raises(WorkerError, match=r"base one: .*unknown optimizer 'dull'"):
        Race(Field(*sides((), [str(file)]), study), QUICK).run(600)


@pytest.mark.skipif(os.name != "posix", reason="the script is named by its first line")
def test_a_side_without_optframe_is_infrastructure(write_study, sides, tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    base, _ = sides()
    race = Race(Field(base, Side("head", "bare", bare), write_study("sgd")), QUICK)
    with pytest.raises(
        WorkerError, match=r"head bare: .* has no optframe that `optframe race` supports: No mod"
    ):
        race.run(600)
