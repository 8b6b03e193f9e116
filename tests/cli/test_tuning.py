"""Tuning on the command line: what is said first, what is overridden, and what is refused."""

import re
import sqlite3
from pathlib import Path

import pytest

from optframe import load

STUDY = """
[study]
name = "small"
seeds = 2
start = "random"
budget = { steps = 10 }
[[optimizer]]
name = "sgd"
[[problem]]
name = "rosenbrock"
"""
RUN = ("run", "-o", "sgd", "-p", "rosenbrock", "--steps", 10, "--no-report")


@pytest.fixture
def study(tmp_path):
    """Write a study file in the command's folder; return its name."""

    def written(more="", text=STUDY):
        (tmp_path / "small.toml").write_text(text + more)
        return "small.toml"

    return written


def tuned(folder="results/command-line"):
    return load(folder).tuning


def test_the_size_and_the_time_come_first(optframe):
    ran = optframe(*RUN, "-o", "newton", "-p", "quadratic", "--tune", 3)
    assert ran.code == 0
    size, tuner, field, time = ran.out.splitlines()[:4]
    assert size == (
        "command-line: 2 of 4 pairs (2 optimizers × 2 problems) × 3 settings × 1 tuning seed: "
        "6 trials, then 4 final runs, 10 trials in all"
    )
    assert tuner == "tuned by random:"
    assert field == "  sgd  lr 1.9e-05..3.4, log"
    assert ran.mistakes == ["newton has nothing to tune: it runs with its one setting"]
    assert re.fullmatch(r"it takes about [\d.]+ s, estimated from a few steps of each; .*", time)
    lines = [line for line in ran.out.splitlines() if line.startswith("  tuning ")]
    assert len(lines) == 6
    assert lines[-1].startswith("  tuning 6/6 trials, last ")
    assert "  final 4/4 trials" in ran.out


def test_an_adaptive_tuner_may_end_before(optframe):
    pytest.importorskip("optuna")
    ran = optframe(*RUN, "--tune", 3, "--protocol", "optuna")
    assert "  tuning 3 of at most 3 trials, last sgd:lr=" in ran.out
    assert "  final 1/1 trials, last sgd:lr=" in ran.out


def test_a_dry_run_writes_nothing(optframe, tmp_path):
    ran = optframe(*RUN, "--tune", 40, "--seeds", 6, "--dry-run", "-o", "newton")
    assert ran.code == 0
    assert "  newton  nothing to tune: it runs with its one setting" in ran.out.splitlines()
    assert "40 settings × 1 tuning seed: 40 trials, then 2 final runs, 42 trials" in ran.out
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_of_a_study_that_does_not_tune(optframe, study, tmp_path):
    ran = optframe("run", study(), "--dry-run")
    assert ran.out.startswith("small: 1 optimizer × 1 problem × 2 seeds: 2 trials\nit takes about ")
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_one_setting_is_tried_so_often_as_is_asked(optframe):
    assert optframe(*RUN, "--tune", 3).code == 0
    assert len(tuned()) == 3
    assert tuned()["optimizer"].nunique() == 3


def test_what_is_given_is_fixed_and_all_the_rest_is_tuned(optframe):
    words = ("run", "-p", "rosenbrock", "--steps", 10, "--dry-run", "-o", "adam:beta1=0.8")
    line = "  adam:beta1=0.8  lr 2.7e-06..0.33, log"
    assert optframe(*words, "--tune", 3).out.splitlines()[2] == line
    fields = optframe(*words, "--tune", 3, "--tune-all").out.splitlines()[2]
    assert re.findall(r"(\w+) [\d.e-]+\.\.", fields) == ["lr", "beta2", "eps"]
    fields = optframe(*words[:-1], "adam:eps=1e-9..1e-3", "--tune", 3).out.splitlines()[2]
    assert fields.endswith("  eps 1e-09..0.001, log")


def test_studies_and_protocols(optframe):
    out = optframe(*RUN, "--protocol", "deepobs", "--dry-run").out
    assert " × 36 settings × 1 tuning seed: 36 trials" in out
    assert "tuned by deepobs:\n" in out
    out = optframe(*RUN, "--tune", 10, "--studies", 5, "--protocol", "sobol", "--dry-run").out
    assert "10 trials, in 5 studies, then 5 final runs, 15 trials in all" in out


def test_options_replace_entries_of_a_study(optframe, study):
    tuning = '[tune]\ntrials = 3\nprotocol = "sobol"\n'
    plan = optframe("run", study(tuning), "--tune", 4, "--seeds", 5, "--dry-run").out
    assert plan.startswith(
        "small: 1 optimizer × 1 problem × 4 settings × 3 tuning seeds: 12 trials, then 5 final runs"
    )
    assert "tuned by sobol:" in plan
    assert "tuned by random:" in optframe("run", study(), "--tune", 4, "--dry-run").out


def test_the_report_says_what_is_not_as_in_the_file(optframe, study, tmp_path):
    page = tmp_path / "results" / "small" / "report" / "index.html"
    assert optframe("run", study(), "--jobs", 1).code == 0
    assert "other than in its file" not in page.read_text()
    assert "<code>optframe run small.toml</code>" in page.read_text()
    assert optframe("run", study(), "--seeds", 3, "--tune", 2).code == 0
    text = page.read_text()
    assert "other than in its file" in text
    assert "[study] seeds = 3, [tune] trials = 2" in text
    assert "<code>optframe run small.toml</code>" not in text


def test_what_was_found_and_what_is_not_of_the_study_any_more(optframe):
    optframe(*RUN, "--tune", 3)
    more = optframe(*RUN, "--tune", 5)
    assert "what is left takes about" in more.out
    # a better setting may be found among the others: then the final run is another one, too
    assert re.search(r"^[34] trials were in the store already; [23] were run now$", more.out, re.M)
    again = optframe(*RUN, "--tune", 5)
    assert "6 trials were in the store already; nothing was run now" in again.out
    assert "takes about" not in again.out
    other = optframe(*RUN, "--tune", 5, "--protocol", "sobol")
    (said,) = other.mistakes
    assert said.startswith(
        "the tuning of sgd was changed since: 0 of 1 searches go on with the settings that were "
        "tried; 0 of 5 tuning trials are in the store, and "
    )


def test_a_contender_that_is_lost_is_no_failure(optframe):
    ran = optframe(*RUN, "-o", "sgd:lr=1e9..1e10", "--tune", 2)
    assert ran.code == 0
    assert "sgd:lr={low=1e+09,high=1e+10,scale=log} was lost in tuning on rosenbrock" in ran.out


def test_tuning_trials_that_fail_are_told(optframe, tmp_path):
    (tmp_path / "broken_rule.py").write_text(
        "from dataclasses import dataclass\n"
        "from optframe import Optimizer, Positive, hookimpl\n"
        "optframe_api = 1\n"
        "@dataclass(frozen=True)\n"
        "class Broken(Optimizer):\n"
        '    """Fails."""\n'
        "    lr: Positive = 0.1\n"
        "    def step(self, theta, state, oracle):\n"
        '        raise RuntimeError("no")\n'
        "@hookimpl\n"
        "def optframe_optimizers():\n"
        '    return {"broken": Broken}\n'
    )
    ran = optframe(*RUN, "-P", "broken_rule.py", "-o", "broken:lr=0.1..1", "--tune", 2)
    assert ran.code == 1
    lost, failed, *_, traced = ran.mistakes
    assert lost == "broken on rosenbrock is lost: every run of its 2 settings broke down"
    assert failed.startswith("broken:lr=")
    assert failed.endswith(" on rosenbrock failed: RuntimeError: no")
    assert traced == (
        "the tracebacks are in optframe.load('results/command-line').tuning['traceback']"
    )


BAD = {
    ("-o", "sgd:lr=1..1", "--tune", 3): "lr: found low 1.0 and high 1.0, expected low < high",
    ("-o", "sgd:lr=2..1", "--tune", 3): "lr: found low 2.0 and high 1.0, expected low < high",
    ("-o", "sgd:lr=1..inf", "--tune", 3): "lr: high: found inf, expected a finite number",
    ("-o", "sgd:lr=..", "--tune", 3): "lr: expected a number > 0, found '..'",
    ("-o", "sgd:lr=-1..1", "--tune", 3): "low: found -1.0, expected a number > 0 for the scale log",
    ("-o", "adam:amsgrad=1..2", "--tune", 3): "amsgrad: found a space for what cannot be tuned",
    ("-p", "quadratic:condition=1..9", "--tune", 3): "found a space, but problems are not tuned",
    ("-o", "adam:lr=1..2"): "lr: found a space, which only a study with a table [tune] searches; "
    "add [tune] (--tune N)",
    ("--tune", 0): "Invalid value for '--tune': 0 is not in the range 1<=x<=1000000.",
    ("--tune", "1e9"): "Invalid value for '--tune': '1e9' is not a valid whole number.",
    ("--tune", 10**9): "Invalid value for '--tune': 1000000000 is not in the range 1<=x<=1000000.",
    ("--tune", 3, "--studies", 5): "[tune]: found 3 trials for 5 studies, expected at least one",
    ("--tune", 3, "--protocol", "rando"): "unknown protocol 'rando'; did you mean 'random'?",
    ("--tune", 3, "--protocol", "grid:points=9"): "grid: found 9 combinations (9) of lr, expected",
    ("--tune", 4, "--protocol", "grid", "--studies", 2): "studies: found 2, but grid proposes the",
}


@pytest.mark.parametrize("words", BAD, ids=lambda words: " ".join(map(str, words)))
def test_bad_input_is_one_line_before_anything_runs(words, optframe, tmp_path):
    ran = optframe(*RUN, *words)
    assert (ran.code, ran.out) == (2, "")
    (mistake,) = ran.mistakes
    assert BAD[words] in mistake
    assert list(tmp_path.iterdir()) == []


TUNERS = {
    "raise KeyError('lr')": "tuner 'broken': ask raised KeyError: 'lr'",
    "return None": "tuner 'broken': ask raised TypeError: 'NoneType' object is not iterable",
    "return [{'rate': 1.0}]": "tuner 'broken': proposed rate; expected a value for each of lr",
    "raise ValueError('broken: no')": "command line: [tune] protocol: broken: no",
    "return [{'lr': -1.0}]": "lr: expected a number > 0, found -1",
}


@pytest.mark.parametrize("body", TUNERS)
def test_a_tuner_that_is_broken_is_named_in_one_line(body, optframe, tmp_path):
    file = f"broken_tuner_{list(TUNERS).index(body)}.py"  # a module of its own
    (tmp_path / file).write_text(
        "from dataclasses import dataclass\n"
        "from optframe import Tuner, hookimpl\n"
        "optframe_api = 1\n"
        "@dataclass(frozen=True)\n"
        "class Broken(Tuner):\n"
        '    """Fails."""\n'
        "    def ask(self, space, history, trials, seed):\n"
        f"        {body}\n"
        "@hookimpl\n"
        "def optframe_tuners():\n"
        '    return {"broken": Broken}\n'
    )
    ran = optframe(*RUN, "-P", file, "--tune", 2, "--protocol", "broken")
    assert ran.code in (2, 4)
    (mistake,) = ran.mistakes
    assert TUNERS[body] in mistake


METRICS = {
    "validation_loss": "rosenbrock does not measure 'validation_loss', since it has no validation",
    "test_loss": "found 'test_loss', expected a metric that is not of test data",
}


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_that_cannot_choose(metric, optframe, study):
    ran = optframe("run", study(f'[tune]\nmetric = "{metric}"\n'), "--dry-run")
    assert ran.code == 2
    assert METRICS[metric] in ran.mistakes[-1]


def test_nothing_to_tune_is_run_as_it_is(optframe):
    ran = optframe("run", "-o", "newton", "-p", "rosenbrock", "--steps", 9, "--tune", 3)
    assert (ran.code, len(ran.mistakes)) == (0, 1)
    assert len(load("results/command-line").trials) == 1
    assert len(tuned()) == 0


def test_both_stages_are_in_one_store(optframe):
    optframe(*RUN, "--tune", 3)
    with sqlite3.connect(Path("results/command-line/store.sqlite")) as store:
        query = "SELECT stage, count(*) FROM trials GROUP BY stage"
        assert dict(store.execute(query)) == {"tune": 3, "final": 1}
