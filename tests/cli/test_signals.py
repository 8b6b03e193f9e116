"""Ctrl-C and SIGTERM: what is cheap to finish is finished, the rest is kept for the next time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from optframe import Stop, Study, load, load_plugins, run
from optframe.execution.runner import run_study
from optframe.execution.signals import GRACE, end_by, stoppable, stopping

SAMPLES = Path(__file__).parent.parent / "sample_plugins"
PLUGIN = str(SAMPLES / "misbehaving.py")

STUDY = """
study = {{ name = "stopped", seeds = 4, budget = {{ steps = 6 }} }}
problem = [{{ name = "rosenbrock" }}]
run = {{ backend = "numpy", executor = "{executor}" }}
[[optimizer]]
name = "endless"
seconds = 0.01
where = '{where}'
gate = '{gate}'
lock = {lock}
"""

JOBS = {"serial": 1, "processes": 2}

PROGRAM = f"""
import sys
import {stopping.__module__} as signals
from optframe.cli import main
signals.GRACE = float(sys.argv.pop(1))
sys.argv[0] = "optframe"
main()
"""

ENOUGH = 120.0
"""Seconds of grace in which whatever is cheap to finish is finished, on a busy machine too."""


class Running:
    """A study in a process group of its own, as a terminal has it; its trials wait for a gate."""

    def __init__(self, folder, executor, lock=False, grace=GRACE):
        self.folder = folder
        self.gate = folder / "gate"
        self._heard = ""
        (folder / "pids").mkdir()
        given = {"executor": executor, "lock": str(lock).lower()}
        text = STUDY.format(where=folder / "pids", gate=self.gate, **given)
        (folder / "stopped.toml").write_text(text)
        jobs = ["--jobs", "2"] if executor == "processes" else []
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-u", "-c", PROGRAM, str(grace)),
                *("run", "stopped.toml", "--out", "out"),
                *(*jobs, "-P", PLUGIN, "--no-report"),
            ],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def begun(self, workers):
        """Wait until so many processes are at work."""
        until = time.monotonic() + 120
        while len(os.listdir(self.folder / "pids")) < workers:
            assert time.monotonic() < until
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.02)

    def send(self, number):
        """Send a signal to all of its processes, as a terminal does, and many a cluster."""
        os.killpg(self.process.pid, number)
        return time.monotonic()

    def heard(self):
        """Wait until it says that it has heard a signal."""
        self._heard = self.process.stderr.readline()

    def end(self):
        out, err = self.process.communicate(timeout=120)
        assert "Traceback" not in out + err
        return self.process.returncode, (self._heard + err).splitlines()

    @property
    def statuses(self):
        return Counter(load(self.folder / "out").trials["status"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("executor", JOBS)
def test_short_trials_are_finished_and_the_rest_is_said_to_be_left(executor, number, tmp_path):
    done = JOBS[executor]
    running = Running(tmp_path, executor, grace=ENOUGH)
    running.begun(done)
    running.send(number)
    running.heard()
    running.gate.touch()
    code, lines = running.end()
    assert code == 128 + number
    assert running.statuses == {"finished": done, "planned": 4 - done}
    assert lines == [
        f"optframe: stopping, in {ENOUGH:g} s at most; a second signal stops at once",
        "optframe: stopped; finished trials are in out; run the same command again to finish the "
        f"other {4 - done} of 4 trials",
    ]
    study, registry = Study.from_file(tmp_path / "stopped.toml"), load_plugins([PLUGIN])
    resumed = run_study(study, tmp_path / "out", registry)
    assert (resumed.found, resumed.ran, resumed.stopped) == (done, 4 - done, None)
    if number == signal.SIGTERM:
        return
    undisturbed = run_study(study, tmp_path / "whole", registry)
    frames = [outcome.results.curves.drop(columns="seconds") for outcome in (resumed, undisturbed)]
    pd.testing.assert_frame_equal(*frames, check_exact=True)


@pytest.mark.parametrize("executor", JOBS)
def test_long_trials_are_left_when_time_is_up(executor, tmp_path):
    running = Running(tmp_path, executor)
    running.begun(JOBS[executor])
    sent = running.send(signal.SIGINT)
    code, lines = running.end()
    assert code == 130
    assert time.monotonic() - sent > GRACE - 0.1
    assert lines[0] == "optframe: stopping, in 2 s at most; a second signal stops at once"
    assert lines[-1].endswith("to finish the other 4 of 4 trials")
    assert running.statuses == {"planned": 4}
    assert os.listdir(tmp_path / "out") == ["store.sqlite"]


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("executor", JOBS)
def test_a_second_one_is_the_end(executor, first, tmp_path):
    running = Running(tmp_path, executor, grace=ENOUGH)
    running.begun(JOBS[executor])
    running.send(first)
    running.heard()
    running.send(signal.SIGINT)
    code, lines = running.end()
    assert code == 130
    assert lines == [
        f"optframe: stopping, in {ENOUGH:g} s at most; a second signal stops at once",
        "optframe: stopped at once; run it again for the rest",
    ]
    assert running.statuses == {"planned": 4}


def test_a_trial_that_hears_nothing_is_left_too(tmp_path):
    running = Running(tmp_path, "processes", lock=True)
    running.gate.touch()
    running.begun(2)
    workers = [int(name) for name in os.listdir(tmp_path / "pids")]
    running.send(signal.SIGTERM)
    code, _ = running.end()
    assert code == 143
    for process in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


IGNORING = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.argv[0] = "optframe"
from optframe.cli import main
main()
"""


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    words = ["run", "-o", "endless:seconds=0.05", "-p", "rosenbrock", "--steps", "10"]
    words += ["--seeds", "3", "--out", str(tmp_path / "out"), "--no-report"]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", IGNORING, *words, "-P", PLUGIN],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "command-line: 3 trials\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")


SCRIPT = """
import optframe

endless = "endless:where={where!r},gate=never"
study = optframe.Study("script", {{"steps": 50}}, [endless], ["rosenbrock"], seeds=3)
try:
    optframe.run(study, {out!r}, plugins=[{plugin!r}])
except BaseException as error:
    print(type(error).__name__, getattr(error, "code", None))
"""


@pytest.mark.parametrize(
    ("number", "raised"),
    [(signal.SIGINT, "KeyboardInterrupt None"), (signal.SIGTERM, "SystemExit 143")],
)
def test_in_python_it_is_what_python_raises(number, raised, tmp_path):
    where = tmp_path / "pids"
    where.mkdir()
    script = SCRIPT.format(out=str(tmp_path / "out"), plugin=PLUGIN, where=str(where))
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 120
        while not os.listdir(where):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert out == f"{raised}\n"
    assert err == "optframe: stopping, in 2 s at most; a second signal stops at once\n"


def handlers():
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]


def test_handlers_are_there_as_long_as_a_study_runs():
    before = handlers()
    with stopping() as stop:
        assert not set(map(id, handlers())) & set(map(id, before))
        assert not stop.requested
    assert handlers() == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_another_thread_has_no_handlers():
    before, seen = handlers(), []

    def study():
        with stopping():
            seen.extend(handlers())

    thread = threading.Thread(target=study)
    thread.start()
    thread.join()
    assert seen == before


def test_work_in_this_process_is_not_begun_after_the_end_and_left_when_time_is_up(monkeypatch):
    monkeypatch.setattr("optframe.execution.signals.GRACE", 0.2)
    with stopping() as stop:
        work = stoppable(len, stop)
        assert work("abc") == 3
        done = []

        def long(item):
            signal.raise_signal(signal.SIGINT)
            time.sleep(item)
            done.append(item)

        with pytest.raises(KeyboardInterrupt):
            stoppable(long, stop)(60)
        assert done == []
        with pytest.raises(KeyboardInterrupt):
            work("abc")
        assert stop.signal == signal.SIGINT


def test_where_somebody_else_has_the_alarm_there_is_no_time(monkeypatch):
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        with stopping() as stop, pytest.raises(KeyboardInterrupt):
            stoppable(lambda item: (signal.raise_signal(signal.SIGINT), time.sleep(item)), stop)(20)
        assert signal.getsignal(signal.SIGALRM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, before)


def test_the_wish_can_be_waited_for():
    import select

    with Stop() as stop:
        assert select.select([stop], [], [], 0)[0] == []
        stop.request(signal.SIGTERM, 500)
        assert select.select([stop], [], [], 0)[0] == [stop]
        assert stop.requested
        assert 400 < stop.until - time.monotonic() <= 500


def test_the_end_is_python_s_own():
    with pytest.raises(KeyboardInterrupt):
        end_by(signal.SIGINT)
    with pytest.raises(SystemExit) as ended:
        end_by(signal.SIGTERM)
    assert ended.value.code == 143


def test_a_study_that_nobody_stops_says_nothing_of_it(tmp_path, capfd):
    run(Study("calm", {"steps": 3}, ["sgd:lr=0.001"], ["rosenbrock"]), tmp_path)
    assert capfd.readouterr() == ("", "")
