"""Worker processes: the same records as in one process, whatever becomes of a process."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from optframe import FunctionProblem, Lost, Stop, Study, load_plugins
from optframe.errors import PluginError, UnavailableError
from optframe.execution.dispatch import execute
from optframe.execution.runner import run_study
from optframe.execution.trial_runner import TrialRunner
from optframe.study.settings import RunSettings
from optframe.study.study import plan
from optframe_plugins.backends.cupy import CupyBackend
from optframe_plugins.executors import processes
from optframe_plugins.executors.processes import Processes
from optframe_plugins.worker_processes import worker_handle
from optframe_plugins.worker_processes.cores import cores
from optframe_plugins.worker_processes.shared_arrays import Handed, taken

SAMPLES = Path(__file__).parent.parent.parent / "sample_plugins"
TWO = RunSettings(executor="processes", jobs=2)


PLUGIN = """
from dataclasses import dataclass
from optframe import Optimizer, hookimpl

optframe_api = 1

@dataclass(frozen=True)
class Changing(Optimizer):
    def step(self, theta, state, oracle):
        return theta - 0.001 * oracle.gradient(theta), state

@hookimpl
def optframe_optimizers():
    return {"changing": Changing}
"""


def plugins(*names):
    return load_plugins([str(SAMPLES / f"{name}.py") for name in names])


def study(optimizers, **given):
    fields = {
        "name": "small",
        "budget": {"steps": 6},
        "problems": ["sphere:size=3"],
        "start": "random",
        "seeds": 4,
        "run": TWO,
    }
    return Study(**{**fields, "optimizers": optimizers, **given})


def curves_of(results):
    """The curves without their times, in a fixed order."""
    frame = results.curves.drop(columns="seconds")
    return frame.sort_values(["key", "step"], ignore_index=True)


def alive(process):
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone_within(seconds, pids):
    until = time.monotonic() + seconds
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_processes_give_the_bits_of_one_process_in_any_order(tmp_path):
    registry = plugins("tiny", "demanding", "shuffling")
    mixed = study(
        ["adam", "gambler", "momentum:lr={schedule=linear,start=0.01,end=0.001,steps=6}"],
        problems=["rosenbrock", "mlp:data=tiny,hidden=[5]", "quadratic:size=9,rotate=true"],
        samplers=["shuffled:batch_size=7"],
    )
    found = {}
    for name, settings in {
        "serial": RunSettings(),
        "shuffling": RunSettings(executor="shuffling"),
        "processes": TWO,
        "together": replace(TWO, together=True),
    }.items():
        found[name] = run_study(replace(mixed, run=settings), tmp_path / name, registry).results
    expected = found["serial"]
    assert len(expected.trials) == 36
    for results in found.values():
        assert results.trials["key"].tolist() == expected.trials["key"].tolist()
        assert results.trials["derived_seed"].equals(expected.trials["derived_seed"])
        assert results.landscapes.keys() <= expected.landscapes.keys()
    for name in ("shuffling", "processes"):
        pd.testing.assert_frame_equal(curves_of(found[name]), curves_of(expected), check_exact=True)
        for key, grid in expected.landscapes.items():
            assert np.array_equal(found[name].landscapes[key].loss, grid.loss)
    functions = curves_of(expected)["problem"] != "mlp:data=tiny,hidden=[5]"
    pd.testing.assert_frame_equal(
        curves_of(found["together"])[functions], curves_of(expected)[functions], check_exact=True
    )
    assert found["processes"].environments == expected.environments


CRASHES = {
    "kill": "its process was killed by SIGKILL, as the system does when memory runs out",
    "segfault": "its process was killed by SIGSEGV",
    "leave": "its process ended with exit code 3",
    "leave_in_silence": "its process ended with exit code 0",
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The curves that nothing happens to."""
    harmless = study("misbehaving:way=say,on=-1", run=RunSettings())
    results = run_study(harmless, tmp_path_factory.mktemp("serial"), plugins("misbehaving")).results
    return curves_of(results)


def same_but_for(results, undisturbed, seeds=()):
    """Whether all trials but those of some seeds went on undisturbed."""
    columns = ["seed", "step", "loss", "gradients"]
    expected = undisturbed[~undisturbed["seed"].isin(seeds)]
    frames = [
        frame[columns].sort_values(columns[:2], ignore_index=True)
        for frame in (curves_of(results), expected)
    ]
    frames[0] = frames[0][~frames[0]["seed"].isin(seeds)].reset_index(drop=True)
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    return True


@pytest.mark.parametrize("way", CRASHES)
def test_a_process_that_dies_costs_one_trial(way, tmp_path, undisturbed):
    crashing = study(f"misbehaving:way={way}")
    results = run_study(crashing, tmp_path, plugins("misbehaving")).results
    trials = results.trials.set_index("seed")
    assert trials["status"].to_dict() == {0: "finished", 1: "crashed", 2: "finished", 3: "finished"}
    assert trials["reason"][1] == f"{CRASHES[way]}, tried 2 times"
    assert same_but_for(results, undisturbed, [1])
    if way == "segfault":
        assert trials["traceback"][1].startswith("Fatal Python error: Segmentation fault\n")
        assert 'misbehaving.py", line' in trials["traceback"][1]


def test_a_process_that_dies_once_costs_nothing(tmp_path, undisturbed):
    once = {"name": "misbehaving", "way": "kill", "only_once": str(tmp_path / "done")}
    results = run_study(study([once]), tmp_path, plugins("misbehaving")).results
    assert (tmp_path / "done").exists()
    assert set(results.trials["status"]) == {"finished"}
    assert same_but_for(results, undisturbed)


def test_it_is_not_tried_again_where_the_study_says_so(tmp_path):
    once = {"name": "misbehaving", "way": "leave", "only_once": str(tmp_path / "done")}
    never = study([once], run=replace(TWO, retries=0))
    trials = run_study(never, tmp_path, plugins("misbehaving")).results.trials.set_index("seed")
    assert trials["status"][1] == "crashed"
    assert trials["reason"][1] == "its process ended with exit code 3"


@pytest.fixture
def hour(monkeypatch, tmp_path):
    """A folder; with each file in it another hour has passed for the executor."""
    folder = tmp_path / "hours"
    folder.mkdir()

    def later():
        return time.monotonic() + 3600 * len(os.listdir(folder))

    monkeypatch.setattr(processes, "monotonic", later)
    monkeypatch.setattr(worker_handle, "monotonic", later)
    return folder


@pytest.mark.parametrize("way", ["hang", "hang_with_the_lock"])
def test_a_trial_that_hangs_is_given_up_and_says_where_it_was(way, tmp_path, undisturbed, hour):
    settings = replace(TWO, jobs=1, timeout=1800, retries=0)
    hanging = study(f"misbehaving:way={way},where={hour}", run=settings)
    results = run_study(hanging, tmp_path, plugins("misbehaving")).results
    row = results.trials.set_index("seed").loc[1]
    assert (row["status"], row["reason"]) == ("timeout", "not done after 1800 s")
    assert f"in {way}" in row["traceback"]
    assert same_but_for(results, undisturbed, [1])


def test_the_start_of_a_process_is_not_on_the_clock(tmp_path, hour):
    file = tmp_path / "waking.py"
    start = (
        f"import os\nif os.getpid() != {os.getpid()}: open({str(hour / 'one')!r}, 'w').close()\n"
    )
    file.write_text(start + PLUGIN)
    waking = study("changing", run=replace(TWO, jobs=1, timeout=1800, retries=0))
    assert run_study(waking, tmp_path / "out", load_plugins([str(file)])).counts == {"finished": 4}
    assert os.listdir(hour) == ["one"]


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("devour", "MemoryError"),
        ("exit_politely", "SystemExit: I am off"),
        ("raise_unsendable", "Unsendable: a secret"),
        ("raise_outside", "Outside: beyond exceptions"),
    ],
)
def test_what_a_trial_raises_is_recorded_as_in_one_process(way, reason, tmp_path, undisturbed):
    registry = plugins("misbehaving")
    raising = study(f"misbehaving:way={way}")
    results = run_study(raising, tmp_path / "processes", registry).results
    row = results.trials.set_index("seed").loc[1]
    assert row["status"] == "failed"
    assert row["reason"].split(" (")[0].startswith(reason)
    assert f"in {way}" in row["traceback"]
    assert same_but_for(results, undisturbed, [1])
    if way != "devour":  # which would limit the memory of this process
        here = replace(raising, run=RunSettings())
        serial = run_study(here, tmp_path / "serial", registry).results.trials.set_index("seed")
        assert [serial["status"][1], serial["reason"][1]] == [row["status"], row["reason"]]


def test_a_process_that_dies_with_nothing_to_do_costs_nothing(tmp_path, undisturbed):
    late = study(["misbehaving:way=die_later", "endless:seconds=0.05"], run=replace(TWO, jobs=1))
    results = run_study(late, tmp_path, plugins("misbehaving")).results
    assert set(results.trials["status"]) == {"finished"}


def test_what_a_trial_prints_is_printed(tmp_path, capfd):
    saying = study("misbehaving:way=say")
    assert run_study(saying, tmp_path, plugins("misbehaving")).counts == {"finished": 4}
    assert sorted(capfd.readouterr().out.splitlines()) == ["and from C", "from a trial"]


def test_a_batch_that_is_lost_costs_the_trial_that_is_to_blame(tmp_path, capfd):
    batch = study("lemming", seeds=5, problems=["rosenbrock"], run=replace(TWO, together=True))
    results = run_study(batch, tmp_path, plugins("misbehaving")).results
    statuses = results.trials.set_index("seed")["status"].to_dict()
    assert statuses == {0: "finished", 1: "finished", 2: "crashed", 3: "finished", 4: "finished"}
    assert capfd.readouterr().err == (
        "optframe: 5 runs like lemming on rosenbrock run one at a time: as a batch, its process "
        "ended with exit code 9, tried 2 times\n"
    )


def test_objects_made_by_hand_run_here_and_the_rest_does_not(tmp_path, capfd):
    function = FunctionProblem(
        loss=lambda theta: theta @ theta, gradient=lambda theta: 2 * theta, theta0=[1.0, 2.0]
    )
    both = study(["sgd:lr=0.01"], problems=[function, "describing-sphere"], start="standard")
    results = run_study(both, tmp_path, plugins("misbehaving")).results
    assert set(results.trials["status"]) == {"finished"}
    where = results.curves.groupby("problem")["process"].first()
    assert where["describing-sphere"] != os.getpid()
    assert capfd.readouterr().err == (
        "optframe: 1 trials run in this process, one after another, since they use objects made in "
        "Python, which other processes cannot import (sgd:lr=0.01 on functionproblem)\n"
    )


def test_a_class_that_can_be_imported_travels(tmp_path, capfd):
    registry = plugins("misbehaving")
    given = sys.modules["misbehaving"].Unregistered
    results = run_study(study([given]), tmp_path, registry).results
    assert set(results.trials["status"]) == {"finished"}
    assert capfd.readouterr().err == ""


def test_a_plugin_that_has_changed_since_is_refused(tmp_path):
    file = tmp_path / "changing_plugin.py"
    file.write_text(PLUGIN)
    registry = load_plugins([str(file)])
    file.write_text(PLUGIN.replace("0.001", "0.002"))
    with pytest.raises(PluginError) as refused:
        run_study(study("changing"), tmp_path / "out", registry)
    assert "plugin 'changing_plugin': found " in str(refused.value)
    assert f"expected {registry.codes()['changing_plugin']} as the" in str(refused.value)


@pytest.mark.parametrize(("jobs", "threads"), [(None, 1), (1, 1), (3, 2)])
def test_each_process_has_its_device_and_its_threads(jobs, threads, tmp_path):
    settings = RunSettings("two-devices", "processes", jobs=jobs, threads=threads)
    (tmp_path / "devices").mkdir()
    waiting = f"describing:where={tmp_path / 'devices'},devices={1 if jobs == 1 else 2}"
    described = study(waiting, problems=["rosenbrock"], seeds=12, budget={"steps": 2}, run=settings)
    curves = run_study(described, tmp_path, plugins("misbehaving")).results.curves
    ends = curves.groupby("key").last()
    assert set(ends["theta_0"]) == ({5.0} if jobs == 1 else {5.0, 7.0})
    assert set(ends["theta_1"]) == {threads}


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_those_of_one_process(threads, tmp_path, monkeypatch):
    """BLAS and OpenMP, as `threadpoolctl` sees them while a trial runs, are alike in both."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    seen = {}
    for executor in ("serial", "processes"):
        settings = RunSettings("numpy", executor, jobs=1, threads=threads)
        described = study(
            "describing", problems=["rosenbrock"], seeds=1, budget={"steps": 1}, run=settings
        )
        results = run_study(described, tmp_path / executor, plugins("misbehaving")).results
        seen[executor] = (results.trials["key"].tolist(), results.curves["theta_1"].iloc[-1])
    assert seen["serial"] == seen["processes"]
    assert seen["serial"][1] == threads


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_system_ends_a_worker_first_where_memory_runs_out(tmp_path):
    own = int(Path("/proc/self/oom_score_adj").read_text())
    with Stop() as stop:
        (theirs,) = Processes(jobs=1).run(Path.read_text, [Path("/proc/self/oom_score_adj")], stop)
    assert int(theirs) == min(1000, own + 300)


def test_cupy_has_a_process_for_each_device(monkeypatch):
    backend = CupyBackend()
    runtime = SimpleNamespace(getDeviceCount=lambda: 3)
    backend.__dict__["xp"] = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert backend.environments() == [{"CUDA_VISIBLE_DEVICES": name} for name in "012"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4, GPU-5")
    assert backend.environments() == [
        {"CUDA_VISIBLE_DEVICES": "4"},
        {"CUDA_VISIBLE_DEVICES": "GPU-5"},
    ]
    assert Processes(environments=tuple(backend.environments())).at_once == 2


def test_there_are_as_many_jobs_as_cores_for_their_threads(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "cores", lambda: 7)
    assert [Processes(threads=threads).at_once for threads in (1, 2, 3, 8)] == [7, 3, 2, 1]
    assert Processes(jobs=9).at_once == 9


@pytest.mark.parametrize(("quota", "expected"), [("max 100000", 4), ("150000 100000", 2)])
def test_cores_are_those_of_the_container(quota, expected, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(Path, "read_text", lambda self, encoding: quota)
    assert cores() == expected


def test_a_worker_imports_numpy_after_its_environment_is_known():
    program = (
        "import optframe_plugins.worker_processes.worker_main, sys; print('numpy' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout == "False\n"


def test_processes_that_do_not_start_are_told_in_one_line(monkeypatch):
    monkeypatch.setattr(worker_handle.sys, "executable", "/bin/false")
    with Stop() as stop, pytest.raises(UnavailableError, match=r"do not start .* exit code 1"):
        list(Processes(jobs=1).run(len, [(1,)], stop))


def test_it_does_any_work_on_any_items(random):
    items = [tuple(range(size)) for size in random.integers(0, 9, 50)]
    with Stop() as stop:
        done = list(Processes(jobs=2).run(len, items, stop))
    assert sorted(done) == sorted(map(len, items))


def test_work_that_leaves_by_an_exception_is_lost():
    with Stop() as stop:
        (lost,) = Processes(jobs=1).run(max, [()], stop)
    assert lost == Lost((), "crashed", "the trial raised ValueError, tried 2 times")


def test_nothing_begins_after_the_end_and_what_runs_may_be_finished(tmp_path):
    with Stop() as stop:
        running = Processes(jobs=1).run(len, [(1,), (1, 2), (1, 2, 3)], stop)
        assert next(running) == 1
        stop.request(signal.SIGINT, 5)
        assert list(running) == []


def test_who_stops_listening_leaves_no_process_behind(tmp_path):
    registry = plugins("misbehaving")
    watched = {"name": "endless", "where": str(tmp_path), "processes": 2}
    trials = plan(study([watched], budget={"steps": 20}), registry)
    with Stop() as stop:
        batches = [(trial,) for trial in trials]
        running = execute(Processes(jobs=2), TrialRunner(registry), batches, stop)
        next(running)
        running.close()
    pids = [int(name) for name in os.listdir(tmp_path)]
    assert len(pids) == 2
    assert not any(map(alive, pids))


def test_data_sets_are_loaded_once_and_handed_over(tmp_path):
    registry = plugins("misbehaving")
    log = tmp_path / "log"
    learning = study("adam", problems=[f"logistic:data='logged:log={log}'"], samplers=["full"])
    assert run_study(learning, tmp_path / "out", registry).counts == {"finished": 4}
    assert log.read_text() == "loaded\n"
    here = replace(learning, run=RunSettings())
    curves = [
        curves_of(run_study(one, tmp_path / name, registry).results)
        for one, name in ((learning, "out"), (here, "serial"))
    ]
    pd.testing.assert_frame_equal(*curves, check_exact=True)


def test_work_comes_through_a_file_as_it_was(random):
    work = {
        "a": random.standard_normal((5, 7)),
        "b": np.asfortranarray(random.standard_normal((3, 4)).astype(np.float32)),
        "c": csr_array(random.integers(0, 2, (6, 6))),
        "d": "words",
        "e": np.arange(0),
    }
    work["f"] = work["a"].T
    with Handed(work) as handed:
        again = taken(handed.message, handed.file.fileno())
        assert again["f"].base is not None
    assert again.keys() == work.keys()
    for name in "abef":
        assert np.array_equal(again[name], work[name])
        assert again[name].dtype == work[name].dtype
        assert again[name].flags.f_contiguous == work[name].flags.f_contiguous
    assert (again["c"] != work["c"]).nnz == 0
    again["a"][:] = 0  # it is a copy, and the file stays as it is
    assert again["d"] == "words"


SCRIPT = """
import optframe
from optframe.study.study import RunSettings

results = optframe.run(
    optframe.Study(
        "script", {{"steps": 5}}, ["sgd:lr=0.001"], ["rosenbrock"], seeds=4, start="random",
        run=RunSettings(jobs=2),
    ),
    {out!r},
)
print("ran", results.trials["status"].tolist())
"""


def test_a_script_needs_no_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(out=str(tmp_path / "out")))
    said = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120
    )
    assert (said.stdout, said.stderr) == (f"ran {['finished'] * 4}\n", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("way", ["endless", "locked"])
def test_workers_end_when_their_parent_is_killed(way, tmp_path):
    option = f"endless:where={tmp_path / 'pids'},lock={str(way == 'locked').lower()}"
    (tmp_path / "pids").mkdir()
    words = ["run", "-o", option, "-p", "rosenbrock", "--seeds", "4", "--steps", "9000"]
    words += ["--jobs", "2", "--no-report", "-P", str(SAMPLES / "misbehaving.py")]
    with subprocess.Popen(
        [sys.executable, "-m", "optframe", *words], cwd=tmp_path, stdout=subprocess.DEVNULL
    ) as parent:
        until = time.monotonic() + 120
        while len(os.listdir(tmp_path / "pids")) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        pids = [int(name) for name in os.listdir(tmp_path / "pids")]
        parent.kill()
    assert len(pids) == 2
    assert gone_within(60, pids)


def test_one_job_needs_no_processes():
    assert RunSettings().runs_by == RunSettings(jobs=1).runs_by == "serial"
    for settings in ({"jobs": 2}, {"timeout": 3.0}, {"retries": 0}):
        assert RunSettings(**settings).runs_by == "processes"
        assert RunSettings("numpy", "serial", **settings).runs_by == "serial"


ITSELF = "/proc/self"
"""What links to the process that reads the link; workers import no module of tests."""


def test_processes_that_are_open_stay_from_run_to_run():
    with Stop() as stop, Processes(jobs=2).open() as opened:
        first = set(opened.run(os.readlink, [ITSELF] * 20, stop))
        second = set(opened.run(os.readlink, [ITSELF] * 20, stop))
        assert second & first
        assert len(first | second) <= 2
    assert not any(alive(int(pid)) for pid in first | second)


def test_a_later_run_with_more_items_has_more_processes():
    with Stop() as stop, Processes(jobs=2).open() as opened:
        (pid,) = opened.run(os.readlink, [ITSELF], stop)
        started = len(opened.workers)
        assert pid in list(opened.run(os.readlink, [ITSELF] * 50, stop))
        assert (started, len(opened.workers)) == (1, 2)


def test_a_process_that_died_between_two_runs_is_replaced_and_costs_no_try():
    with Stop() as stop, Processes(jobs=1, retries=0).open() as opened:
        (pid,) = opened.run(os.readlink, [ITSELF], stop)
        os.kill(int(pid), signal.SIGKILL)
        opened.workers[0]._process.wait()
        (other,) = opened.run(os.readlink, [ITSELF], stop)
    assert other != pid
    assert not isinstance(other, Lost)


def test_a_process_that_crashed_is_replaced_in_the_next_run():
    with Stop() as stop, Processes(jobs=1, retries=0).open() as opened:
        (lost,) = opened.run(max, [()], stop)
        assert (lost.status, list(opened.run(max, [(1, 3)], stop))) == ("crashed", [3])


def test_other_work_is_done_by_processes_that_have_it():
    with Stop() as stop, Processes(jobs=1).open() as opened:
        assert list(opened.run(len, [(5, 7)], stop)) == [2]
        assert list(opened.run(max, [(5, 7)], stop)) == [7]


def test_no_result_of_a_run_that_nobody_heard_to_its_end_reaches_the_next():
    with Stop() as stop, Processes(jobs=2).open() as opened:
        running = opened.run(len, [(1,), (1, 2), (1, 2, 3)], stop)
        next(running)
        running.close()
        assert list(opened.run(len, [()], stop)) == [0]


def test_an_open_executor_begins_nothing_after_the_end():
    with Stop() as stop, Processes(jobs=1).open() as opened:
        assert list(opened.run(len, [(1,)], stop)) == [1]
        stop.request(signal.SIGINT, 5)
        assert list(opened.run(len, [(1,)], stop)) == []
