"""Races of workers that say what they are told to, and what the command makes of them."""

import json
import sys
from contextlib import contextmanager

import pytest

import optframe
from optframe.cli import main
from optframe.gate.racing import race as race_module
from optframe.gate.racing.race import Field, Race, Rule, WorkerError, open_side
from optframe.gate.racing.workers import TrialError

PROBLEMS = ("one", "two", "three")


@pytest.fixture
def study(write_study):
    return write_study("sgd", problems=("booth", "himmelblau"))


@pytest.fixture
def told(monkeypatch, study, sides, told_worker):
    """Return the maker of a race in which head takes ``seconds(trial, heat)``, and base 1 s."""

    def make(seconds, rule=None, **words):
        heat = 0

        def ask(side, do, *, trial, **request):
            if do == "prepare":
                return {"steps": 10, "seconds": 0.001}
            found = seconds(trial, heat) if side.role == "head" else 1.0
            if isinstance(found, Exception):
                raise found
            return {"steps": 10, "seconds": found}

        @contextmanager
        def worker(side, patience):
            nonlocal heat
            yield told_worker(side, PROBLEMS, ask)
            heat += side.role == "base"  # it is left last

        monkeypatch.setattr(race_module, "worker", worker)
        return Race(Field(*sides(), study, **words), rule or Rule())

    return make


def verdicts(race):
    return [(row.subject.problem, str(row.verdict)) for row in race.comparison().rows]


def test_a_trial_is_raced_until_it_is_decided(told):
    """Of the third the first 20 ratios tell nothing: half of them lie on either side."""

    def seconds(trial, heat):
        return (1.1, 1.0, 1.0 + 0.04 * (heat % 2) if heat < 20 else 1.04)[trial]

    race, said = told(seconds), []
    race.run(600, said.append)
    # After 40 heats 30 of 40 lie above 1.02: P(B ≥ 30) = 0.0011 ≤ α₂/2 = 0.00125, as one of the
    # three is known to be slower.
    assert verdicts(race) == [("one", "regression"), ("two", "pass"), ("three", "regression")]
    assert race.heats == 40
    assert [len(trial.ratios) for trial in race.field.entrants.trials] == [20, 20, 40]
    assert [line.rpartition(": ")[2] for line in said] == ["1 undecided", "0 undecided"]
    first = race.comparison().rows[0]
    assert first.base == pytest.approx(1e5)
    assert (first.head, first.change) == (pytest.approx(1.1e5), pytest.approx(0.1))
    assert first.reason == "between +10 % and +10 %, 20 heats"


def test_what_the_looks_do_not_decide_is_inconclusive(told):
    race = told(lambda trial, heat: 1.0 + 0.04 * (heat % 2), Rule(looks=(20, 40)))
    race.run(600)
    comparison = race.comparison()
    assert (race.heats, comparison.exit_code) == (40, 3)
    assert {row.reason for row in comparison.rows} == {"between +0 % and +4 %, 40 heats"}


def test_the_budget_ends_a_race_between_two_heats(told, monkeypatch):
    clock = iter(range(0, 10_000, 10))  # each look at the clock is ten seconds later
    monkeypatch.setattr(race_module, "monotonic", lambda: next(clock))
    race, said = told(lambda trial, heat: 1.0), []
    race.run(75, said.append)
    assert (race.heats, said) == (3, ["the budget of 75 s ends after 3 heats"])
    assert race.comparison().exit_code == 3
    assert {r.reason for r in race.comparison().rows} == {"3 heats, the first look is after 20"}


def test_head_that_fails_is_red_and_nothing_else_is_lost(told):
    race = told(lambda trial, heat: TrialError("planted") if trial == heat == 1 else 1.0)
    race.run(600)
    assert verdicts(race) == [("one", "pass"), ("two", "regression"), ("three", "pass")]
    failed = race.comparison().rows[1]
    assert (failed.name, failed.base, failed.head) == ("status", "ran", "failed")
    assert failed.reason == "planted"


def test_a_worker_that_is_lost_leaves_what_was_measured(told):
    def seconds(trial, heat):
        if heat == 25:
            raise WorkerError("head: planted")
        return 1.0 + 0.04 * (heat % 2) * (trial == 2)

    race = told(seconds)
    with pytest.raises(WorkerError):
        race.run(600)
    assert verdicts(race) == [("one", "pass"), ("two", "pass"), ("three", "inconclusive")]
    race = told(lambda trial, heat: WorkerError("head: planted") if heat == 5 else 1.0)
    with pytest.raises(WorkerError):
        race.run(600)
    assert race.comparison().rows[0].reason == "5 heats, the first look is after 20"
    assert race.comparison().exit_code == 3


def test_other_versions_and_other_defaults_are_shown(told, monkeypatch):
    race = told(lambda trial, heat: 1.0, Rule(threshold=0.5, alpha=0.3, looks=(3,)))
    race.run(600)
    race.field.environments[1] = {"optframe": "1.3", "python": "3.12", "versions": {"numpy": "9"}}
    race.field.entrants.trials[0].redefined = True
    comparison = race.comparison()
    told_differences = {(d.name, d.head) for d in comparison.differences}
    assert {("numpy", "9"), ("optframe", "1.3")} <= told_differences
    assert comparison.rows[0].elsewhere == ("numpy",)
    assert comparison.notes[1] == "head two: optframe 1.3, Python 3.12, numpy 9"
    assert comparison.notes[-1].startswith("1 trials have different defaults")


def test_a_pattern_that_fits_nothing_is_wrong(told):
    with pytest.raises(optframe.UsageError, match="no trial to race matches 'adam"):
        told(lambda trial, heat: 1.0, only="adam*").run(600)


@pytest.fixture
def command(optframe_command, study):
    """Run ``optframe race`` here, of this Python with itself."""

    def run(*words):
        return optframe_command("race", sys.executable, sys.executable, study.name, *words)

    return run


@pytest.fixture
def optframe_command(capsys, monkeypatch, study):
    """Run a command here; return its code, its output and its messages."""
    monkeypatch.chdir(study.parent)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["optframe", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def test_the_command_tells_what_it_has_when_its_budget_ends(command):
    code, out, err = command("--budget", "1s", "--format", "json", "--only", "* on booth")
    assert code in (0, 3)
    found = json.loads(out)
    assert [row["problem"] for row in found["rows"]] == ["booth"]
    assert found["rows"][0]["base"] > 0
    assert "race: the budget of 1 s ends after" in err


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], "0 words"),
        (["race.toml"], "STUDY"),
        (["main", "race.toml"], "2 words"),
        (["race.toml", "--base", "main"], "STUDY and --base"),
        (["a", "b", "race.toml", "--base", "main", "--head", "x"], "3 words and --base and --head"),
    ],
)
def test_a_side_that_is_not_named_is_told(optframe_command, words, found):
    code, out, err = optframe_command("race", *words)
    assert (code, out) == (2, "")
    assert err == (
        "optframe: race: expected BASE HEAD STUDY, or STUDY --base SIDE --head SIDE; found "
        f"{found}\n"
    )


def test_the_sides_may_be_options(optframe_command, study):
    sides = ("--base", sys.executable, "--head", sys.executable)
    code, out, _ = optframe_command(
        "race", study.name, *sides, "--budget", "1s", "--format", "json", "--only", "* on booth"
    )
    assert code in (0, 3)
    assert json.loads(out)["rows"][0]["base"] > 0


def interrupting(heats, error):
    def heat(self, whole=Race._heat):
        if self.heats == heats:
            raise error
        whole(self)

    return heat


def test_ctrl_c_shows_what_was_measured(command, told, monkeypatch):
    told(lambda trial, heat: 1.0)
    monkeypatch.setattr(Race, "_heat", interrupting(1, KeyboardInterrupt()))
    code, out, err = command()
    assert code == 130
    assert "1 heat, the first look is after 20" in " ".join(out.replace("│", " ").split())
    assert err.endswith("stopped\n")
    monkeypatch.setattr(Race, "_heat", interrupting(0, KeyboardInterrupt()))
    assert command()[:2] == (130, "")


def test_a_lost_worker_is_infrastructure(command, told, monkeypatch):
    told(lambda trial, heat: 1.0)
    monkeypatch.setattr(Race, "_heat", interrupting(1, WorkerError("head x: its worker died")))
    code, out, err = command("--format", "md")
    assert code == 4
    assert "3 inconclusive" in out
    assert err == "optframe: head x: its worker died\n"


def test_instructions_without_valgrind_are_refused_in_one_line(command, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    code, out, err = command("--instructions")
    assert (code, out) == (4, "")
    assert err == (
        "optframe: --instructions: found no valgrind, which runs on Linux; install it (apt install "
        "valgrind)\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--budget", "soon"], "--budget: expected 90s, 5min or 1h, found 'soon'"),
        (["--threshold", "-1%"], "--threshold: expected a share such as 2% or 0.02, found '-1%'"),
        (["--alpha", "60%"], "--alpha: found 0.6, expected between 0 and 0.5"),
        (["--only", "adam*"], "no trial to race matches 'adam*'"),
        (["--out", "nowhere/race.json"], "--out nowhere/race.json: there is no folder nowhere"),
    ],
)
def test_wrong_words_are_said_in_one_line(command, words, said):
    code, out, err = command(*words)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert said in line


def test_a_side_that_names_nothing_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(optframe.UsageError, match="head: found 'nothing', expected a git revision"):
        open_side("head", "nothing", (), print)
