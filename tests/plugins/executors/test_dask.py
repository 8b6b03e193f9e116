"""Trials on Dask clusters: the same records as in one process, whatever becomes of the cluster."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")

from optframe import Lost, Stop, Study, hookimpl, load_plugins  # noqa: E402
from optframe.errors import PluginError, UnavailableError, UsageError  # noqa: E402
from optframe.execution.runner import run_study  # noqa: E402
from optframe.execution.signals import stopping  # noqa: E402
from optframe.study import RunSettings  # noqa: E402
from optframe_plugins.dask_cluster import connection, link, site  # noqa: E402
from optframe_plugins.executors.dask import Dask  # noqa: E402

SAMPLES = Path(__file__).parent.parent.parent / "sample_plugins"
PROGRAM = "import sys; from distributed.cli.dask_{0} import main; sys.argv[0] = '{0}'; main()"


class Cluster:
    """A scheduler and worker processes with a nanny each, as people start them."""

    def __init__(self, folder, port=0, workers=2, preload=""):
        self.file = folder / "scheduler.json"
        self._log = (folder / "log").open("wb")
        self._processes = []
        with contextlib.suppress(FileNotFoundError):
            self.file.unlink()
        quiet = ["--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(self.file)]
        place = ["--host", "127.0.0.1", "--port", str(port)]
        self.scheduler = self._start("scheduler", *quiet, *place)
        count = ["--nworkers", str(workers), "--nthreads", "1", "--local-directory", str(folder)]
        more = ["--preload", preload] if preload else []
        self.nannies = self._start("worker", *quiet, *count, *more, "--host", "127.0.0.1")
        until = time.monotonic() + 120
        while not (self.file.exists() and self.file.read_text().strip().endswith("}")):
            assert time.monotonic() < until
            time.sleep(0.05)
        while len(self.workers()) < workers:
            assert time.monotonic() < until
            time.sleep(0.05)

    def _start(self, what, *words):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(what), *words],
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"},
        )
        self._processes.append(process)
        return process

    def workers(self):
        """The worker processes that are alive."""
        assert self.nannies.poll() is None, Path(self._log.name).read_text(errors="replace")
        found = psutil.Process(self.nannies.pid).children()
        return [one for one in found if "spawn_main" in " ".join(one.cmdline())]

    def end(self):
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
            process.kill()
            process.wait()
        self._log.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), workers=3)
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def there(cluster):
    """The settings that run a study on that cluster."""
    return RunSettings(scheduler=str(cluster.file), checkpoints=3)


def plugins(*paths):
    return load_plugins([str(SAMPLES / "misbehaving.py"), *map(str, paths)])


def study(optimizers, run, **given):
    fields = {
        "name": "small",
        "budget": {"steps": 6},
        "problems": ["sphere:size=3"],
        "start": "random",
        "seeds": 4,
    }
    return Study(**{**fields, "optimizers": optimizers, "run": run, **given})


def curves_of(results):
    """The curves without their times, in a fixed order."""
    return results.curves.drop(columns="seconds").sort_values(["key", "step"], ignore_index=True)


class After:
    """Does something once so many trials are finished."""

    def __init__(self, **events):
        self.events = {int(name.removeprefix("trial_")): what for name, what in events.items()}
        self.count = 0

    @hookimpl
    def optframe_trial_finished(self, trial, record):
        self.count += 1
        self.events.pop(self.count, lambda: None)()


def test_a_thousand_trials_survive_the_death_of_two_workers(cluster, there, tmp_path):
    many = study(["sgd:lr=0.1", "adam"], there, seeds=500, budget={"steps": 3})
    killed = []

    def kill():
        worker = next(one for one in cluster.workers() if one.pid not in killed)
        killed.append(worker.pid)
        worker.kill()

    registry = plugins()
    registry.watch(After(trial_150=kill, trial_500=kill))
    results = run_study(many, tmp_path / "dask", registry).results
    assert len(killed) == 2
    assert results.trials["status"].value_counts().to_dict() == {"finished": 1000}
    here = replace(many, run=RunSettings(checkpoints=3))
    expected = run_study(here, tmp_path / "serial", plugins()).results
    same = ["key", "status", "reason", "derived_seed", "loss", "gradients", "steps"]
    pd.testing.assert_frame_equal(results.trials[same], expected.trials[same], check_exact=True)
    pd.testing.assert_frame_equal(curves_of(results), curves_of(expected), check_exact=True)


def test_trials_that_crash_cost_themselves_alone(there, tmp_path):
    ways = [f"misbehaving:way={way}" for way in ("leave", "segfault")]
    once = {"name": "misbehaving", "way": "kill", "only_once": str(tmp_path / "done")}
    bad = study([*ways, once], there, seeds=3)
    trials = run_study(bad, tmp_path / "out", plugins()).results.trials
    leave, segfault, kill = trials[trials["seed"] == 1].to_dict("records")
    assert set(trials[trials["seed"] != 1]["status"]) == {"finished"}
    assert (leave["status"], segfault["status"]) == ("crashed", "crashed")
    assert leave["reason"] == "its process ended with exit code 3, tried 2 times"
    assert segfault["reason"] == "its process was killed by SIGSEGV, tried 2 times"
    assert segfault["traceback"].startswith("Fatal Python error: Segmentation fault\n")
    assert kill["status"] == "finished"
    assert (tmp_path / "done").exists()


HOURS = """
import os, time
from optframe_plugins.dask_cluster import site
from optframe_plugins.worker_processes import worker_handle

def later():
    return time.monotonic() + 3600 * len(os.listdir({!r}))

site.monotonic = worker_handle.monotonic = later
"""


def test_a_trial_that_hangs_is_given_up_and_says_where_it_was(tmp_path):
    """In the Dask worker, another hour has passed with each process that hangs."""
    hours, preload = tmp_path / "hours", tmp_path / "hours.py"
    hours.mkdir()
    preload.write_text(HOURS.format(str(hours)))
    cluster = Cluster(tmp_path, workers=1, preload=str(preload))
    settings = RunSettings(scheduler=str(cluster.file), timeout=1800)
    hanging = study(f"misbehaving:way=hang_with_the_lock,where={hours}", settings, seeds=3)
    try:
        trials = run_study(hanging, tmp_path / "out", plugins()).results.trials
    finally:
        cluster.end()
    hang = trials.set_index("seed").loc[1]
    assert set(trials[trials["seed"] != 1]["status"]) == {"finished"}
    assert (hang["status"], hang["reason"]) == ("timeout", "not done after 1800 s, tried 2 times")
    assert "in hang_with_the_lock" in hang["traceback"]


POISON = """
import os, signal
from dataclasses import dataclass
from optframe import Optimizer, hookimpl

optframe_api = 1

@dataclass(frozen=True)
class Poison(Optimizer):
    random = True
    def step(self, theta, state, oracle):
        if oracle.random.bit_generator.seed_seq.spawn_key[1] == 2:
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGSTOP)
        return theta - 0.001 * oracle.gradient(theta), state

@hookimpl
def optframe_optimizers():
    return {"poison": Poison}
"""


def test_who_kills_the_workers_themselves_is_named_and_no_neighbour(tmp_path):
    file = tmp_path / "poisonous.py"
    file.write_text(POISON)
    one = RunSettings(executor="dask", jobs=1)
    trials = run_study(study(["poison"], one, seeds=6), tmp_path / "out", plugins(file))
    trials = trials.results.trials.set_index("seed")
    assert trials["status"].drop(2).tolist() == ["finished"] * 5
    assert trials["status"][2] == "crashed"
    assert trials["reason"][2].startswith("the Dask worker tls://127.0.0.1:")
    assert trials["reason"][2].endswith(" died with it, tried 2 times")


def test_other_versions_are_refused_with_both(there, tmp_path, monkeypatch):
    here = site.versions()["numpy"]
    monkeypatch.setattr(link, "versions", lambda: {"numpy": "1.0"})
    with pytest.raises(PluginError) as refused:
        run_study(study("sgd", there), tmp_path, plugins())
    assert str(refused.value).startswith("executor 'dask': worker tcp://127.0.0.1:")
    assert f": numpy is {here} here and 1.0 where the study was planned" in str(refused.value)


def test_another_plugin_is_refused_with_both(there, tmp_path):
    file = tmp_path / "changing.py"
    file.write_text(POISON)
    registry = plugins(file)
    file.write_text(POISON.replace("0.001", "0.002"))
    with pytest.raises(
        PluginError, match=r"plugin 'changing': found .* in this process, expected "
    ):
        run_study(study("poison", there), tmp_path / "out", registry)


DRIFTING = """
import os
from dataclasses import dataclass
import numpy as np
from optframe import Dataset, DatasetLoader, Part, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Drifting(DatasetLoader):
    moved: bool = True

    def load(self):
        inputs = np.arange(24.0).reshape(12, 2) + self.moved * os.getpid()
        part = Part(inputs, np.arange(12) % 2)
        return Dataset("drifting", part, part, part, 2)


@hookimpl
def optframe_datasets():
    return {"drifting": Drifting}
"""


def test_trials_fail_where_the_records_are_others(there, tmp_path):
    file = tmp_path / "drifting.py"
    file.write_text(DRIFTING)
    problems = [{"name": "softmax", "data": f"drifting:moved={one}"} for one in ("true", "false")]
    given = study("sgd", there, problems=problems, samplers=["full"])
    trials = run_study(given, tmp_path / "out", plugins(file)).results.trials
    drifted = trials["problem"].str.contains("moved=true")
    assert drifted.sum() == (~drifted).sum() > 0
    assert set(trials["status"][~drifted]) == {"finished"}
    assert set(trials["status"][drifted]) == {"failed"}
    assert set(trials["reason"][drifted]) == {
        "UsageError: data 'drifting:moved=true': the records on this machine differ from those "
        "that the study was planned with; use the same files, or one OPTFRAME_CACHE, on all "
        "machines"
    }


def test_it_does_any_work_and_leaves_no_process(cluster, there, random):
    items = [tuple(range(size)) for size in random.integers(0, 9, 20)]
    with Stop() as stop:
        done = list(Dask(scheduler=there.scheduler).run(len, items, stop))
        (lost,) = Dask(scheduler=there.scheduler).run(max, [()], stop)
    assert sorted(done) == sorted(map(len, items))
    assert lost == Lost((), "crashed", "the trial raised ValueError, tried 2 times")
    assert gone_within(60, cluster)


def gone_within(seconds, cluster):
    """Whether the workers' own processes end in time."""
    until = time.monotonic() + seconds
    while any(worker.children() for worker in cluster.workers()):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_at_the_end_what_can_be_saved_is_and_the_rest_is_left(
    cluster, there, tmp_path, monkeypatch
):
    """The time of the study is up once the one that can be saved is."""
    saved = tmp_path / "out" / "saved"
    monkeypatch.setattr(f"{stopping.__module__}.GRACE", 120.0)
    monkeypatch.setattr(
        link, "monotonic", lambda: time.monotonic() + 3600 * any(saved.glob("*.npz"))
    )
    diary = {"name": "diary", "log": str(tmp_path / "log")}
    hanging = "misbehaving:way=hang,on=0"
    settings = replace(there, save_every="1h")
    long = study(["sgd", diary, hanging], settings, budget={"steps": 200}, seeds=1)

    def end():
        until = time.monotonic() + 120
        while not (tmp_path / "log").exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    registry = plugins()
    registry.watch(After(trial_1=end))
    outcome = run_study(long, tmp_path / "out", registry)
    assert (outcome.stopped, outcome.counts) == (signal.SIGTERM, {"finished": 1})
    assert gone_within(60, cluster)
    again = run_study(replace(long, optimizers=["sgd", diary]), tmp_path / "out", plugins())
    assert (again.found, again.counts) == (1, {"finished": 1})
    steps = (tmp_path / "log").read_text().split()
    assert [step for step in steps if step != "0"] == [str(step) for step in range(1, 200)]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_scheduler_that_is_lost_is_waited_for_and_then_given_up(tmp_path, capfd, monkeypatch):
    port = free_port()
    clusters = [Cluster(tmp_path, port, workers=1)]
    registry = plugins()
    monkeypatch.setattr(connection, "PATIENCE", 120.0)
    monkeypatch.setattr(link, "QUIET", 1e9)

    def replace_it():
        clusters[-1].end()
        clusters.append(Cluster(tmp_path, port, workers=1))

    def lose():
        monkeypatch.setattr(connection, "PATIENCE", 0.5)
        clusters[-1].end()

    registry.watch(After(trial_5=replace_it, trial_15=lose))
    address = f"tcp://127.0.0.1:{port}"
    many = study("sgd", RunSettings(scheduler=address), seeds=40)
    try:
        with pytest.raises(UnavailableError) as gone:
            run_study(many, tmp_path / "out", registry)
    finally:
        clusters[-1].end()
    assert f"scheduler {address} was lost and has not come back; what was fin" in str(gone.value)
    lost = f"optframe: the Dask scheduler {address} is lost; for {{}} s we try to reach it again"
    back = f"optframe: the Dask scheduler {address} is there again"
    assert capfd.readouterr().err.splitlines() == [lost.format(120), back, lost.format(0.5)]
    outcome = run_study(replace(many, run=RunSettings()), tmp_path / "out", plugins())
    assert outcome.found >= 15
    assert outcome.found + outcome.ran == 40


def test_no_scheduler_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    address = f"tcp://127.0.0.1:{free_port()}"
    with Stop() as stop:
        with pytest.raises(UnavailableError, match=f"no scheduler answers at {address}"):
            list(Dask(scheduler=address).run(len, [()], stop))
        with pytest.raises(UnavailableError, match="no scheduler answers at nonsense://x"):
            list(Dask(scheduler="nonsense://x").run(len, [()], stop))
        with pytest.raises(UsageError, match=r"scheduler 'missing\.json': no such file"):
            list(Dask(scheduler="missing.json").run(len, [()], stop))


def test_the_words_say_where():
    assert RunSettings(scheduler="tcp://host:8786", jobs=3).runs_by == "dask"
    assert RunSettings(executor="serial", scheduler="tcp://host:8786").runs_by == "serial"


def test_a_scheduler_is_for_dask_alone(tmp_path):
    wrong = study("sgd", RunSettings(executor="processes", scheduler="tcp://host:8786"))
    with pytest.raises(UsageError, match=r"executor 'processes' uses no scheduler"):
        run_study(wrong, tmp_path, plugins())


WORDS = (
    *("run", "-o", "endless", "-p", "sphere:size=3", "--seeds", "2", "--steps", "9000"),
    *("--executor", "dask", "--jobs", "1", "--no-report", "-P", str(SAMPLES / "misbehaving.py")),
)


class Running:
    """A study in a process of its own, whose trial is running."""

    def __init__(self, folder, *more):
        (folder / "pids").mkdir(parents=True)
        self.pids = folder / "pids"
        words = [word.replace("endless", f"endless:where={self.pids}") for word in WORDS]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "optframe", *words, *more],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end_by(self, number):
        """Send a signal once a trial runs; return all processes there were, and errors."""
        until = time.monotonic() + 120
        while not os.listdir(self.pids) and time.monotonic() < until:
            time.sleep(0.05)
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(number)
        return family, self.process.communicate(timeout=120)[1]


def test_its_own_cluster_ends_with_it(tmp_path):
    killed, stopped = Running(tmp_path / "killed"), Running(tmp_path / "stopped")
    first_family = killed.end_by(signal.SIGKILL)[0]
    second_family, errors = stopped.end_by(signal.SIGINT)
    for family in (first_family, second_family):
        assert len(family) >= 3  # a cluster, its worker, and the worker's process
        assert psutil.wait_procs(family, timeout=60)[1] == []
    assert stopped.process.returncode == 130
    first, second = errors.splitlines()
    assert first == "optframe: stopping, in 2 s at most; a second signal stops at once"
    assert second.endswith("to finish the other 2 of 2 trials")


def test_a_client_that_is_killed_leaves_nothing_running(cluster, tmp_path):
    running = Running(tmp_path / "killed", "--scheduler", str(cluster.file))
    running.end_by(signal.SIGKILL)
    assert any(worker.children() for worker in cluster.workers())
    assert gone_within(60, cluster)


ITSELF = "/proc/self"
"""What links to the process that reads the link; workers import no module of tests."""


def test_an_open_cluster_keeps_its_processes_from_run_to_run(cluster, there):
    items = [ITSELF] * 30
    with Stop() as stop, Dask(scheduler=there.scheduler).open() as opened:
        first = set(opened.run(os.readlink, items, stop))
        assert set(opened.run(os.readlink, items, stop)) & first
        assert list(opened.run(max, [(5, 7)], stop)) == [7]
        (lost,) = opened.run(max, [()], stop)
        assert lost.status == "crashed"
        running = opened.run(max, [(i,) for i in range(1, 30)], stop)
        assert next(running)
        running.close()
        assert list(opened.run(max, [(0,)], stop)) == [0]
    assert gone_within(60, cluster)


def test_its_own_cluster_stays_from_run_to_run_and_is_made_larger_once():
    with Stop() as stop, Dask(jobs=2).open() as opened:
        (pid,) = opened.run(os.readlink, [ITSELF], stop)
        assert list(opened.run(os.readlink, [ITSELF], stop)) == [pid]
        assert len(list(opened.run(os.readlink, [ITSELF] * 5, stop))) == 5
        assert pid not in list(opened.run(os.readlink, [ITSELF], stop))
