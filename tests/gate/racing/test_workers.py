"""Workers: what they answer, and what is said when they cannot."""

import os
import stat
import sys
from pathlib import Path

import pytest

import optframe
from optframe.gate.racing.sides import Side
from optframe.gate.racing.workers import TrialError, WorkerError, core, worker

HERE = Side("head", "here", Path(sys.executable))


def opened(one, study, plugins=()):
    return one.ask("open", study=str(study), plugins=list(plugins), core=core())


def acting(tmp_path, code):
    """Return a side whose Python does something else."""
    script = tmp_path / "python"
    script.write_text(f"#!{sys.executable}\nimport sys, time\n{code}\n", encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return Side("base", "odd", script)


@pytest.fixture
def file(tmp_path, plugin):
    path = tmp_path / "dull.py"
    path.write_text(plugin(2), encoding="utf-8")
    return path


def test_a_worker_times_the_steps_that_it_is_asked_for(study, file):
    with worker(HERE, 60) as one:
        (trial,) = opened(one, study, [str(file)])["trials"]
        assert trial["labels"] == ["dull", "booth", "none", 0]
        assert (trial["skip"], trial["backend"]) == (None, "numpy")
        found = one.ask("prepare", trial=0, seconds=60.0)
        assert found["steps"] == 50  # its budget
        short = one.ask("prepare", trial=0, seconds=1e-9)
        assert short["steps"] == 1
        measured = one.ask("measure", trial=0, steps=30, runs=2)
        assert measured["steps"] == 30
        assert 0 < measured["seconds"] < 60
        assert one.ask("describe")["optframe"] == optframe.__version__


def test_a_run_is_timed_up_to_its_target(study, file):
    text = study.read_text(encoding="utf-8").replace("steps = 50", "steps = 50, target = 60.0")
    study.write_text(text.replace('"dull"', '"sgd"\nlr = 0.01'), encoding="utf-8")
    result = optframe.minimize("booth", "sgd:lr=0.01", steps=50, target=60.0)
    with worker(HERE, 60) as one:
        opened(one, study)
        assert one.ask("prepare", trial=0, seconds=60.0)["steps"] == result.counts.gradients < 50


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen here")
def test_a_worker_stays_on_its_core(study, file):
    with worker(HERE, 60) as one:
        opened(one, study, [str(file)])
        assert os.sched_getaffinity(one.pid) == {core()}


def beginning_with(file, statement):
    """Let the plugin's step begin with a statement."""
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("for _ in", f"{statement}\n    for _ in"), encoding="utf-8")


def test_what_a_plugin_prints_is_no_answer(study, file):
    beginning_with(file, "print('{}')")
    with worker(HERE, 60) as one:
        opened(one, study, [str(file)])
        assert one.ask("measure", trial=0, steps=3, runs=1)["steps"] == 3


def test_a_step_that_raises_fails_its_trial_and_not_the_worker(study, file):
    beginning_with(file, "1 / 0")
    with worker(HERE, 60) as one:
        opened(one, study, [str(file)])
        for words in ({"do": "prepare", "seconds": 1.0}, {"do": "measure", "steps": 1, "runs": 1}):
            with pytest.raises(TrialError, match=r"^ZeroDivisionError: division by zero$"):
                one.ask(words.pop("do"), trial=0, **words)


def test_a_broken_plugin_is_named_with_what_it_leaves_wrong(study, file):
    file.write_text("import no_such_module", encoding="utf-8")
    with worker(HERE, 60) as one:
        answer = opened(one, study, [str(file)])
    assert answer["trials"] == []
    assert "unknown optimizer 'dull'" in answer["refused"]
    assert "dull: ModuleNotFoundError" in answer["refused"]


@pytest.mark.parametrize("kind", ["optimizer", "problem"])
def test_what_a_side_does_not_know_is_left_out(study, file, kind):
    text = study.read_text(encoding="utf-8") + f'\n[[{kind}]]\nname = "unheard-of"\n'
    study.write_text(text, encoding="utf-8")
    with worker(HERE, 60) as one:
        answer = opened(one, study, [str(file)])
    assert [trial["labels"] for trial in answer["trials"]] == [["dull", "booth", "none", 0]]
    assert f"unknown {kind} 'unheard-of'" in answer["refused"]


def test_an_installation_without_what_a_race_needs_is_refused(study, tmp_path):
    old = tmp_path / "optframe"
    old.mkdir()
    (old / "__init__.py").write_text("__version__ = '0.0.1'\n", encoding="utf-8")
    code = f"sys.path.insert(0, {str(tmp_path)!r})\n"
    code += "import runpy; runpy.run_path(sys.argv[2], run_name='__main__')"
    with worker(acting(tmp_path, code), 60) as one, pytest.raises(TrialError) as refused:
        opened(one, study)
    assert "has no optframe that `optframe race` supports: No module named 'optframe.trial" in str(
        refused.value
    )


def test_a_worker_that_dies_is_told_with_its_last_words(study, tmp_path):
    side = acting(tmp_path, "print('first', file=sys.stderr)\nsys.exit('out of luck')")
    with worker(side, 60) as one, pytest.raises(WorkerError) as lost:
        opened(one, study)
    assert str(lost.value) == "base odd: its worker died (exit code 1): out of luck"
    assert lost.value.exit_code == 4


def test_a_worker_that_hangs_is_given_up(study, tmp_path):
    side = acting(tmp_path, "print('waiting', file=sys.stderr, flush=True)\ntime.sleep(600)")
    with worker(side, 0.5) as one, pytest.raises(WorkerError) as lost:
        opened(one, study)
    assert str(lost.value).startswith("base odd: its worker has not answered for 0.5 s")


def test_a_python_that_cannot_start_is_told(tmp_path):
    file = tmp_path / "python"
    file.write_text("", encoding="utf-8")
    with (
        pytest.raises(WorkerError, match=r"base none: .*python: "),
        worker(Side("base", "none", file), 60),
    ):
        pass


def test_a_program_that_is_no_python_is_named_by_its_answer(tmp_path, study):
    side = acting(tmp_path, "print('200 OK'); sys.stdin.readline()")
    with worker(side, 60) as one, pytest.raises(WorkerError, match="no Python: found '200 OK'"):
        opened(one, study)
