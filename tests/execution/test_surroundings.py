"""A plugin that harms its process costs its own trial alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from optframe import load, load_plugins
from optframe.execution.trial_runner import TrialRunner

PLUGIN = Path(__file__).parent.parent / "sample_plugins" / "harmful.py"

FAILED = {
    "exit": "SystemExit: 3",
    "keyboard": "KeyboardInterrupt: mine",
    "long": "ValueError: \\x1bxxx",
    "mute": "MuteError: (its text cannot be read: RuntimeError)",
    "own": "Own: own",
    "surrogate": "ValueError: a\\ud800b",
}
FINISHED = (
    *("chdir", "close", "collect", "environ", "fork", "locale", "none", "recursion", "seterr"),
    *("signals", "trace", "umask", "warnings"),
)
CRASHED = {"exit-now": "ended with exit code 7", "pipe": "sent what is no message"}

RUN = """
import gc, json, locale, os, signal, sys, warnings
import numpy as np
import optframe, optframe.study

def state():
    os.umask(mask := os.umask(0o077))
    return [os.getcwd(), sorted(os.environ.items()), mask, locale.setlocale(locale.LC_ALL),
            len(warnings.filters), sys.getrecursionlimit(), gc.isenabled(), np.geterr(),
            [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)],
            signal.getitimer(signal.ITIMER_REAL), str(sys.getprofile())]

harms, plugin, settings = json.loads(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
optimizers = [o for h in harms for o in (f"harm:how={h}", f"sgd:lr={1e-4 * (1 + len(h))}")]
run = optframe.study.RunSettings(**settings)
study = optframe.Study("harm", {"steps": 10}, optimizers, "rosenbrock", run=run)
optframe.run(optframe.Study("first", {"steps": 10}, "sgd", "rosenbrock"), "first")
before = state()
optframe.run(study, "out", plugins=[plugin])
after = state()
print("\\nstate", before == after or [pair for pair in zip(before, after) if pair[0] != pair[1]],
      file=sys.stderr)
"""


def harmed(harms, folder, **settings):
    """Run a study of harmful optimizers with an honest one after each; return its trials."""
    words = [json.dumps([*harms]), str(PLUGIN), json.dumps(settings)]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], cwd=folder, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "\nstate True" in done.stderr, done.stderr
    trials = load(folder / "out").trials
    honest = trials[trials["optimizer_name"] == "sgd"]
    assert (honest["status"] == "finished").all()
    assert len(trials) == len(harms) + len(honest)
    return trials[trials["optimizer_name"] == "harm"].set_index("optimizer")


@pytest.mark.skipif(os.name != "posix", reason="forks")
@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_plugin_that_harms_its_process_costs_its_trial_alone(tmp_path, executor):
    crashed = CRASHED if executor == "processes" else {}
    settings = {"jobs": 2, "retries": 0} if crashed else {}
    trials = harmed([*FAILED, *FINISHED, *crashed], tmp_path, executor=executor, **settings)
    for how in FINISHED:
        assert trials.loc[f"harm:how={how}", "status"] == "finished", how
    for expected, status in ((FAILED, "failed"), (crashed, "crashed")):
        for how, reason in expected.items():
            row = trials.loc[f"harm:how={how}"]
            assert row["status"] == status, how
            assert reason in row["reason"]
    row = trials.loc["harm:how=long"]
    assert len(row["reason"]) < 3000
    assert len(row["traceback"]) < 30_000
    assert "cut, 3,000,0" in row["reason"]
    assert row["reason"].endswith("end")


@pytest.mark.skipif(os.name != "posix", reason="timers")
def test_a_timer_that_a_plugin_leaves_ends_nothing(tmp_path):
    trials = harmed(["alarm"], tmp_path, executor="serial")
    assert trials["status"].tolist() == ["finished"]


def test_an_interruption_is_a_plugins_only_where_signals_are_heard_otherwise():
    """That Ctrl-C stops studies is tested with real signals in `tests/cli/test_signals.py`."""
    runner = TrialRunner(load_plugins())
    runner._hurried, runner.stops_by_hurry = True, True
    with pytest.raises(KeyboardInterrupt):
        runner._pass_stop(KeyboardInterrupt())
    runner._hurried, runner.stops_by_hurry = False, False  # nothing watches signals
    with pytest.raises(KeyboardInterrupt):
        runner._pass_stop(KeyboardInterrupt())
    runner.stops_by_hurry = True
    runner._pass_stop(KeyboardInterrupt())  # a plugin's
