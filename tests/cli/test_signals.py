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
[study]
name = "stopped"
seeds = 4
budget = {{ steps = {steps} }}
[[optimizer]]
name = "endless"
seconds = {seconds}
where = '{where}'
lock = {lock}
[[problem]]
name = "rosenbrock"
[run]
backend = "numpy"
executor = "{executor}"
"""

JOBS = {"serial": 1, "processes": 2}


class Running:
    """A study in a process group of its own, as a terminal has it."""

    def __init__(self, folder, executor, steps, seconds, lock=False):
        self.folder = folder
        (folder / "pids").mkdir()
        where = folder / "pids"
        text = STUDY.format(
            steps=steps, seconds=seconds, where=where, executor=executor, lock=str(lock).lower()
        )
        (folder / "stopped.toml").write_text(text)
        jobs = ["--jobs", "2"] if executor == "processes" else []
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-u", "-m", "optframe", "run", "stopped.toml", "--out", "out"),
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
        until = time.monotonic() + 60
        while len(os.listdir(self.folder / "pids")) < workers:
            assert time.monotonic() < until
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.02)

    def send(self, number):
        """Send a signal to all of its processes, as a terminal does, and many a cluster."""
        os.killpg(self.process.pid, number)
        return time.monotonic()

    def end(self):
        out, err = self.process.communicate(timeout=60)
        assert "Traceback" not in out + err
        return self.process.returncode, err.splitlines()

    @property
    def statuses(self):
        return Counter(load(self.folder / "out").trials["status"])


def workers_of(running):
    return [int(name) for name in os.listdir(running.folder / "pids")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("executor", JOBS)
def test_short_trials_are_finished_and_the_rest_is_said_to_be_left(executor, number, tmp_path):
    jobs = JOBS[executor]
    running = Running(tmp_path, executor, steps=6, seconds=0.1)
    running.begun(jobs)
    running.send(number)
    code, lines = running.end()
    assert code == 128 + number
    done = running.statuses["finished"]
    assert jobs <= done < 4
    assert running.statuses == {"finished": done, "planned": 4 - done}
    assert lines == [
        "optframe: stopping, in 2 s at most; a second signal stops at once",
        "optframe: stopped; finished trials are in out; run the same command again to finish the "
        f"other {4 - done} of 4 trials",
    ]
    resumed = run_study(
        Study.from_file(tmp_path / "stopped.toml"), tmp_path / "out", load_plugins([PLUGIN])
    )
    assert (resumed.found, resumed.ran, resumed.stopped) == (done, 4 - done, None)
    if number == signal.SIGTERM:
        return
    undisturbed = run_study(
        Study.from_file(tmp_path / "stopped.toml"), tmp_path / "whole", load_plugins([PLUGIN])
    )
    frames = [outcome.results.curves.drop(columns="seconds") for outcome in (resumed, undisturbed)]
    pd.testing.assert_frame_equal(*frames, check_exact=True)


@pytest.mark.parametrize("executor", JOBS)
def test_long_trials_are_left_when_time_is_up(executor, tmp_path):
    running = Running(tmp_path, executor, steps=1000, seconds=0.1)
    running.begun(JOBS[executor])
    sent = running.send(signal.SIGINT)
    code, lines = running.end()
    assert code == 130
    assert GRACE - 0.1 < time.monotonic() - sent < GRACE + 5
    assert lines[-1].endswith("to finish the other 4 of 4 trials")
    assert running.statuses == {"planned": 4}
    assert os.listdir(tmp_path / "out") == ["store.sqlite"]


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("executor", JOBS)
def test_a_second_one_is_the_end(executor, first, tmp_path):
    running = Running(tmp_path, executor, steps=1000, seconds=0.1)
    running.begun(JOBS[executor])
    running.send(first)
    time.sleep(0.5)
    sent = running.send(signal.SIGINT)
    code, lines = running.end()
    assert time.monotonic() - sent < GRACE - 0.5
    assert code == 130
    assert lines == [
        "optframe: stopping, in 2 s at most; a second signal stops at once",
        "optframe: stopped at once; run it again for the rest",
    ]
    assert running.statuses == {"planned": 4}


def test_a_trial_that_hears_nothing_is_left_too(tmp_path):
    running = Running(tmp_path, "processes", steps=1000, seconds=0.1, lock=True)
    running.begun(2)
    workers = workers_of(running)
    sent = running.send(signal.SIGTERM)
    code, _ = running.end()
    assert code == 143
    assert time.monotonic() - sent < GRACE + 5
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
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


SCRIPT = """
import optframe

study = optframe.Study("script", {{"steps": 50}}, ["endless:seconds=0.1"], ["rosenbrock"], seeds=3)
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
    script = SCRIPT.format(out=str(tmp_path / "out"), plugin=PLUGIN)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 60
        while not (tmp_path / "out" / "store.sqlite-wal").exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(1)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
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
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            stoppable(lambda item: (signal.raise_signal(signal.SIGINT), time.sleep(item)), stop)(20)
        assert time.monotonic() - began < 10
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
        stop.request(signal.SIGTERM, 5)
        assert select.select([stop], [], [], 0)[0] == [stop]
        assert stop.requested
        assert 4 < stop.until - time.monotonic() <= 5


def test_the_end_is_python_s_own():
    with pytest.raises(KeyboardInterrupt):
        end_by(signal.SIGINT)
    with pytest.raises(SystemExit) as ended:
        end_by(signal.SIGTERM)
    assert ended.value.code == 143


def test_a_study_that_nobody_stops_says_nothing_of_it(tmp_path, capfd):
    run(Study("calm", {"steps": 3}, ["sgd:lr=0.001"], ["rosenbrock"]), tmp_path)
    assert capfd.readouterr() == ("", "")
