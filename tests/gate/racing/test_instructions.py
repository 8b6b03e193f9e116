"""Instructions: counted by valgrind where it is, of a worker that has no optframe to import."""

import shutil
from contextlib import contextmanager

import pytest

from optframe.gate import Subject, Verdict
from optframe.gate.racing import instructions as module
from optframe.gate.racing import workers
from optframe.gate.racing.field import Field
from optframe.gate.racing.instructions import InstructionRace, judged
from optframe.gate.racing.trials import RacedTrial
from optframe.gate.racing.workers import TrialError, WorkerError

WORKER = """
import json, sys
from itertools import repeat
for line in sys.stdin:
    asked = json.loads(line)
    if asked["do"] == "open":
        number = int(asked["plugins"][0])
        answer = OPENED
    elif asked["do"] == "describe":
        answer = {"optframe": "1.2", "python": "3.12"}
    elif asked["do"] == "prepare":
        answer = {"steps": 40, "seconds": 0.01}
    else:
        for _ in range(asked["steps"] * asked["runs"]):
            for _ in repeat(None, number):
                pass
        answer = {"steps": asked["steps"], "seconds": 1.0}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def race(tmp_path, monkeypatch, sides, told_worker):
    """Return the maker of a race in which a process has so many instructions."""

    def make(count, steps=41):
        @contextmanager
        def worker(side, patience):
            answer = {"steps": steps, "seconds": 0.004}
            yield told_worker(side, ("one", "two"), lambda side, do, **request: answer)

        def turn(self, trial, side, steps):
            return count(trial.subject.problem, side, trial.runs * steps), steps

        monkeypatch.setattr(module, "worker", worker)
        monkeypatch.setattr(module, "find_valgrind", lambda: "valgrind")
        monkeypatch.setattr(InstructionRace, "_turn", turn)
        return InstructionRace(Field(*sides(), tmp_path / "study.toml"))

    return make


def test_the_start_is_no_part_of_a_step(race):
    """Of 5 runs of 41 steps 21 are counted; the start differs and the steps do by 10 %."""
    starts, costs = (10**9, 3 * 10**9), (40_000, 44_000)
    one = race(lambda problem, side, steps: starts[side] + costs[side] * steps)
    one.run(600)
    for row in one.comparison().rows:
        assert (row.base, row.head, row.verdict) == (40_000, 44_000, Verdict.REGRESSION)
        assert (row.limit, row.reason) == ("5 %", "5 runs of 41 steps")
    assert one.comparison().exit_code == 1


def test_head_that_fails_is_red_and_nothing_else_is_lost(race):
    def count(problem, side, steps):
        if (problem, side) == ("one", 1):
            raise TrialError("planted")
        return 40_000 * steps

    one = race(count)
    one.run(600)
    failed, passed = one.comparison().rows
    assert (failed.verdict, failed.head) == (Verdict.REGRESSION, "failed")
    assert failed.reason == "planted"
    assert passed.verdict is Verdict.PASS


def test_a_lost_worker_ends_the_race(race):
    def count(problem, side, steps):
        raise WorkerError("head: planted")

    one = race(count)
    with pytest.raises(WorkerError, match="planted"):
        one.run(600)
    assert {row.verdict for row in one.comparison().rows} == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize(
    ("steps", "cost", "said"),
    [(41, 10, "105 steps have 1050 instructions, expected"), (1, 40_000, "a run takes one step")],
)
def test_what_cannot_be_counted_is_inconclusive(race, steps, cost, said):
    one = race(lambda problem, side, count: 10**9 + cost * count, steps)
    one.run(600)
    for row in one.comparison().rows:
        assert row.verdict is Verdict.INCONCLUSIVE
        assert row.reason.startswith(said)


def test_the_budget_ends_it_between_two_trials(race, monkeypatch):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    one, said = race(lambda problem, side, steps: 40_000 * steps), []
    one.run(5, said.append)
    assert said[-1] == "the budget of 5 s ends after 1 of 2 trials"
    done, left = one.comparison().rows
    assert (done.verdict, left.verdict) == (Verdict.PASS, Verdict.INCONCLUSIVE)
    assert left.reason == "the budget was spent before it"


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        (105.1, Verdict.REGRESSION),
        (105.0, Verdict.PASS),
        (95.3, Verdict.PASS),
        (95.2, Verdict.IMPROVEMENT),
    ],
)
def test_a_change_beyond_the_threshold_is_a_verdict(head, verdict):
    trial = RacedTrial(Subject("1", "sgd", "booth"), (0, 0), False, "numpy", 40, 3, [40, 40])
    assert judged(trial, (100.0, head), 0.05, ()).verdict is verdict


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_valgrind_finds_a_step_that_takes_a_tenth_longer(tmp_path, monkeypatch, sides, planned):
    script = tmp_path / "worker.py"
    opened = planned((["sgd", "one", "none", 0], "one", None))
    script.write_text(WORKER.replace("OPENED", repr(opened)), encoding="utf-8")
    monkeypatch.setattr(workers, "SCRIPT", script)
    slowed = InstructionRace(Field(*sides(["5000"], ["5500"]), tmp_path / "study.toml"))
    slowed.run(600)
    (row,) = slowed.comparison().rows
    assert row.verdict is Verdict.REGRESSION
    assert row.change == pytest.approx(0.1, abs=0.01)
    assert row.base > 5000
