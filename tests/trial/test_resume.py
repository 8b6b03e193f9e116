"""A run that is killed goes on from its saved state, to the bit."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optframe import Optimizer, Setting, Study, load, load_plugins
from optframe.components.binder import Binder
from optframe.execution.runner import run_study
from optframe.execution.signals import stopping
from optframe.execution.trial_runner import TrialRunner
from optframe.study.settings import RunSettings
from optframe.testing import StrictBackend
from optframe.trial.clock import Clock
from optframe.trial.packing import Packing
from optframe.trial.resume import Saved, SavedRuns
from optframe.trial.run import Run
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.wrappers.polyak import Polyak

SAMPLES = Path(__file__).parent.parent / "sample_plugins"
KEY = "0123456789abcdef"


def plugins(*names):
    return load_plugins([str(SAMPLES / f"{name}.py") for name in names])


REGISTRY = load_plugins()


class Killed(BaseException):
    pass


class Killing(Saved):
    """It saves at every look, and so many saves later the process is killed."""

    def __init__(self, path, saves):
        super().__init__(path, KEY, 0.0)
        self.saves = saves

    def piece(self, run):
        return 1 + run.k % 3

    def keep(self, run):
        super().keep(run)
        self.saves -= 1
        if self.saves == 0:
            raise Killed


def setup_of(optimizer, problem, registry=REGISTRY, **given):
    """What a trial of a study consists of."""
    fields = {"budget": {"steps": 24}, "start": "random", "samplers": ["shuffled:batch_size=7"]}
    run = RunSettings(checkpoints=7, **given.pop("run", {}))
    study = Study("one", optimizers=optimizer, problems=problem, run=run, **{**fields, **given})
    (trial,) = study.trials(registry)
    assert trial.skip is None
    return TrialRunner(registry, Binder(registry)).setup(trial)


def ran(setup, saved=None):
    run = Run(dataclasses.replace(setup, saved=saved))
    run.execute()
    return run


def same(run, other):
    """Whether two runs are the same to the bit, their times aside."""
    times = [i for i, name in enumerate(run.columns) if name.startswith("seconds")]
    curves = [np.delete(one.curve, times, axis=1) for one in (run, other)]
    assert np.array_equal(*curves, equal_nan=True)
    for name in ("status", "reason", "k", "columns", "counts", "metrics"):
        assert getattr(run, name) == getattr(other, name), name
    to_numpy = run.setup.backend.to_numpy
    assert np.array_equal(to_numpy(run.theta), to_numpy(other.theta), equal_nan=True)
    return True


def killed_at_each_turn(setup, path, random):
    """Run with kills after every few saves, until the run comes to its end."""
    kills = 0
    while True:
        try:
            return ran(setup, Killing(path, int(random.integers(2, 5)))), kills
        except Killed:
            kills += 1


SCHEDULED = {
    "name": "momentum",
    "lr": {"schedule": "cosine", "start": 0.05, "end": 0.001, "steps": 24},
    "wrap": [{"name": "clip-norm", "max": 1.0}],
}


@pytest.mark.parametrize(
    ("optimizer", "problem"),
    [
        *((name, "quadratic:size=5,rotate=true") for name in REGISTRY.names("optimizers")),
        ("adam+polyak", "mlp:data=tiny,hidden=[5]"),
        ("adam+polyak:after=5+weight-decay:decay=0.01", "mlp:data=tiny,hidden=[5]"),
        (SCHEDULED, "mlp:data=tiny,hidden=[5]"),
        ("nesterov", "logistic:data=tiny"),
        ("gambler", "logistic:data=tiny"),
        ("lbfgs:memory=3", "rosenbrock-extended:size=6"),
        ("delta-bar-delta:lr=0.0001", "rosenbrock"),
        ("adam", "rosenbrock+noise:sigma=0.1"),
        ("sgd:lr=9", "rosenbrock"),  # which diverges
    ],
)
def test_every_optimizer_goes_on_from_its_state(optimizer, problem, tmp_path, random):
    setup = setup_of(optimizer, problem, plugins("tiny", "demanding"))
    if not setup.optimizer.resumable:
        pytest.skip("it starts again")
    whole = ran(setup)
    run, kills = killed_at_each_turn(setup, tmp_path / "run.npz", random)
    assert same(run, whole)
    assert kills > 0 or whole.k < 4


@pytest.mark.parametrize(
    "given",
    [
        {"budget": {"gradients": 31}},
        {"budget": {"steps": 60, "target": 1.0}},
        {"budget": {"steps": 60, "patience": 3}},
        {"budget": {"steps": 60, "gradient_norm": 0.5}},
        {"run": {"profile": True, "measure": ("gradient_norm", "gradient_variance")}},
    ],
)
def test_ends_and_measures_go_on(given, tmp_path, random):
    setup = setup_of("momentum:lr=0.01", "quadratic:size=3", **given)
    run, kills = killed_at_each_turn(setup, tmp_path / "run.npz", random)
    assert same(run, ran(setup))
    assert kills > 1


def test_another_device_goes_on(tmp_path, random):
    backend = StrictBackend()
    if backend.missing():
        pytest.skip(backend.missing())
    setup = setup_of("bfgs", "quadratic:size=4")
    problem = REGISTRY.make("problems", "quadratic", {"size": 4})
    setting = Setting(backend, "float64", setup.seeds.sequence("instance"), None)
    setup = dataclasses.replace(setup, backend=backend, problem=problem.bind(setting))
    run, kills = killed_at_each_turn(setup, tmp_path / "run.npz", random)
    assert same(run, ran(setup))
    assert kills > 0


def test_work_that_was_saved_is_not_done_again(tmp_path):
    setup = setup_of("sgd:lr=0.01", "quadratic:size=3")
    with pytest.raises(Killed):
        ran(setup, Killing(tmp_path / "run.npz", 5))
    run = Run(dataclasses.replace(setup, saved=Saved(tmp_path / "run.npz", KEY, 60.0)))
    first = []
    advance = run.loop.advance
    run.loop.advance = lambda *given: first.append(run.k) or advance(*given)
    run.execute()
    assert first[0] >= 4
    assert run.k == 24


@pytest.mark.parametrize("saves", [2, 9, 16])
def test_a_target_is_reached_at_the_same_step_after_a_kill_within_its_window(saves, tmp_path):
    budget = {"steps": 200, "target": {"loss": 0.4}, "target_every": 30}
    setup = setup_of("momentum:lr=0.02", "softmax:data=iris", budget=budget)
    expected = ran(setup)
    assert (expected.status, expected.window) == ("converged", 1)
    assert expected.k % 30
    with pytest.raises(Killed):
        ran(setup, Killing(tmp_path / "run.npz", saves))
    resumed = ran(setup, Saved(tmp_path / "run.npz", KEY, 60.0))
    same(resumed, expected)
    assert resumed.window == 1


def test_what_was_one_array_is_one_array_again(tmp_path):
    setup = setup_of("lbfgs", "quadratic:size=4")
    with pytest.raises(Killed):
        ran(setup, Killing(tmp_path / "run.npz", 3))
    run = Run(setup)
    run.measure()
    run.loop.begin()
    Saved(tmp_path / "run.npz", KEY, 60.0).restore(run)
    assert run.k > 0
    assert run.state.theta is run.theta


@dataclass
class Inner:
    a: object
    b: object


def through_a_file(value, backend, folder):
    packing = Packing(backend)
    packed = json.loads(json.dumps(packing.pack(value)))
    np.savez(folder / "file.npz", **{f"array_{i}": a for i, a in enumerate(packing.packed)})
    with np.load(folder / "file.npz", allow_pickle=False) as file:
        return Packing(backend, file).unpack(packed, {f"{__name__}:Inner": Inner})


def test_values_come_back_as_they_were(tmp_path, random):
    shared = random.standard_normal((3, 4)).astype(np.float32)
    numbers = [0.1, -0.0, np.inf, 5e-324, 2**80, True, None, "θ", np.float32(0.1), np.int64(3)]
    value = Inner([shared, (shared, np.array(2.5))], Inner(numbers, random.integers(0, 9, 5)))
    again = through_a_file(value, NumpyBackend(), tmp_path)
    assert again.a[0] is again.a[1][0]
    assert again.a[0].dtype == np.float32
    assert np.array_equal(again.a[0], shared)
    assert (again.a[1][1].shape, again.a[1][1].item()) == ((), 2.5)
    assert [type(one) for one in again.b.a] == [type(one) for one in numbers]
    assert list(map(repr, again.b.a)) == list(map(repr, numbers))
    assert np.array_equal(again.b.b, value.b.b)
    assert np.isnan(through_a_file(Inner(float("nan"), 0), NumpyBackend(), tmp_path).a)


CHANGED = {
    "another run's": {"key": "x"},
    "a later version's": {"format": 99},
    "another measure's": {"metrics": ["loss", "luck"]},
    "a class of its own": {"state": {"class": "subprocess:Popen", "fields": {"args": ["true"]}}},
    "another shape's": {"theta": {"array": 0}, "k": 3},
    "of one part less": {"counts": {"losses": 1}},
    "of no time": {"seconds": None},
}


def damaged(path, way):
    content = path.read_bytes()
    if way == "cut short":
        path.write_bytes(content[: len(content) // 2])
    elif way == "a letter":
        path.write_text("Dear optframe,")
    elif way == "a flipped bit":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif way == "pickled":
        np.savez(path, header=np.array([{"k": 3}], dtype=object), rows=np.ones((1, 1)))
    else:
        with np.load(path) as file:
            parts = dict(file)
        if way == "another shape's":
            parts["array_0"] = parts["array_0"][:-1]
        header = json.loads(parts["header"].tobytes()) | CHANGED[way]
        parts["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
        np.savez(path, **parts)


@pytest.mark.parametrize("way", ["cut short", "a letter", "a flipped bit", "pickled", *CHANGED])
def test_a_file_that_is_damaged_or_foreign_is_not_used(way, tmp_path, capfd):
    setup = setup_of("delta-bar-delta", "quadratic:size=4")
    path = tmp_path / "run.npz"
    with pytest.raises(Killed):
        ran(setup, Killing(path, 4))
    damaged(path, way)
    run = ran(setup, Saved(path, KEY, 60.0))
    assert same(run, ran(setup))
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"optframe: {path} is not used, and the run starts at step 0: ")


def test_a_place_where_nothing_can_be_written_stops_no_run(tmp_path, capfd):
    (tmp_path / "file").write_text("")
    setup = setup_of("adam", "quadratic:size=4")
    run = ran(setup, Saved(tmp_path / "file" / "run.npz", KEY, 0.0))
    assert same(run, ran(setup))
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("optframe: the state of a run with Adam is not saved: ")


def test_a_full_disk_stops_no_run_and_what_was_saved_before_stays(tmp_path, capfd, monkeypatch):
    """The third and fourth save find no room; it is told once, and the fifth one is made."""
    setup = setup_of("adam", "quadratic:size=4")
    path = tmp_path / "run.npz"
    written, files = [], []
    savez = np.savez

    def write(file, **arrays):
        header = json.loads(arrays["header"].tobytes())
        written.append(header["k"])
        if len(written) in (3, 4):
            files.append(json.loads(np.load(path)["header"].tobytes())["k"])
            file.write(b"as much as there is room for")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if len(written) == 4 + 1:
            assert sorted(os.listdir(tmp_path)) == ["run.npz", "run.part"]
        savez(file, **arrays)

    monkeypatch.setattr(np, "savez", write)
    with pytest.raises(Killed):
        ran(setup, Killing(path, 5))
    assert os.listdir(tmp_path) == ["run.npz"]
    assert files == [written[1]] * 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line == (
        "optframe: the state of a run with Adam is not saved: [Errno 28] No space left on device; "
        "the run goes on"
    )
    run = ran(setup, Saved(path, KEY, 60.0))
    assert same(run, ran(setup))
    assert capfd.readouterr().err == ""


def test_a_file_larger_than_is_allowed_leaves_nothing_behind(tmp_path):
    """As on a full disk, and by the system itself: the run goes on to the same bits."""
    script = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_resume
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from pathlib import Path
setup = test_resume.setup_of("adam", "quadratic:size=4")
run = test_resume.ran(setup, test_resume.Saved(Path({str(tmp_path)!r}) / "run.npz", "k", 1e-9))
assert test_resume.same(run, test_resume.ran(setup))
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert said.stderr == (
        "optframe: the state of a run with Adam is not saved: [Errno 27] File too large; the run "
        "goes on\n"
    )
    assert os.listdir(tmp_path) == []


@dataclass(frozen=True)
class Hoarder(Optimizer):
    """Hoarder: it keeps what cannot be saved."""

    def init(self, theta, oracle):
        return {"seen": {1, 2}}

    def step(self, theta, state, oracle):
        return theta - 0.01 * oracle.gradient(theta), state


def test_a_state_that_cannot_be_saved_stops_no_run(tmp_path, capfd):
    setup = dataclasses.replace(setup_of("adam", "quadratic:size=4"), optimizer=Hoarder())
    run = ran(setup, Saved(tmp_path / "run.npz", KEY, 0.0))
    assert run.status == "finished"
    assert capfd.readouterr().err == (
        "optframe: the state of a run with Hoarder is not saved: its state contains a set; the "
        "run goes on\n"
    )
    assert os.listdir(tmp_path) == []


def test_what_says_that_it_cannot_go_on_is_not_saved(tmp_path):
    class Opaque(Hoarder):
        resumable = False

    runs = SavedRuns(tmp_path, 0.0)
    assert runs.of(KEY, Opaque(), bool) is None
    assert runs.of(KEY, Polyak(Opaque()), bool) is None
    assert runs.of(KEY, Polyak(REGISTRY.make("optimizers", "adam")), bool) is not None


def test_a_short_run_leaves_no_trace(tmp_path):
    setup = setup_of("adam", "quadratic:size=4")
    assert same(ran(setup, Saved(tmp_path / "saved" / "run.npz", KEY, 60.0)), ran(setup))
    assert os.listdir(tmp_path) == []


STUDY = """
[study]
name = "long"
budget = { steps = 6000 }
[[optimizer]]
name = "adam"
wrap = [{ name = "polyak" }]
[[optimizer]]
name = "momentum"
lr = { schedule = "linear", start = 0.01, end = 0.001, steps = 6000 }
[[optimizer]]
name = "delta-bar-delta"
lr = 1e-5
increase = 1e-8
[[problem]]
name = "mlp"
data = "tiny"
hidden = [5]
optimizers = ["adam", "momentum"]
[[problem]]
name = "rosenbrock-extended"
size = 40
optimizers = ["delta-bar-delta"]
[[sampler]]
name = "shuffled"
batch_size = 7
[run]
backend = "numpy"
save_every = 0.05
"""


PROGRAM = f"""
import sys
import {stopping.__module__} as signals
from optframe.cli import main
signals.GRACE = 120.0
sys.argv[0] = "optframe"
main()
"""


def begin(folder, *words, plugin="tiny"):
    command = [sys.executable, "-c", PROGRAM, "run", "long.toml", "--out", "out", *words]
    return subprocess.Popen(
        [*command, "--no-report", "-P", str(SAMPLES / f"{plugin}.py")],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def saved_in(folder):
    """What is saved, with its time."""
    found = (folder / "out" / "saved").glob("*.npz")
    return {path.name: path.stat().st_mtime_ns for path in found if path.exists()}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_study_goes_on_in_the_middle_of_its_trials(jobs, tmp_path):
    (tmp_path / "long.toml").write_text(STUDY)
    kills = 0
    while kills < 4:
        before = saved_in(tmp_path)
        with begin(tmp_path, "--jobs", jobs) as process:
            while process.poll() is None and saved_in(tmp_path) in ({}, before):
                time.sleep(0.005)
            if process.poll() is not None:
                break
            process.kill()
            kills += 1
    assert kills >= 2
    with begin(tmp_path, "--jobs", jobs) as process:
        _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert os.listdir(tmp_path / "out") == ["store.sqlite"]
    registry = plugins("tiny")
    study = dataclasses.replace(
        Study.from_file(tmp_path / "long.toml"), run=RunSettings(backend="numpy")
    )
    whole = run_study(study, tmp_path / "whole", registry).results
    resumed = load(tmp_path / "out")
    assert resumed.trials["key"].tolist() == whole.trials["key"].tolist()
    assert set(resumed.trials["status"]) == {"finished"}
    frames = [results.curves.drop(columns="seconds") for results in (resumed, whole)]
    pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_a_worker_that_is_killed_is_tried_again_from_there(tmp_path):
    """It dies at step 40, once; no step before the last save is done twice."""
    log = tmp_path / "log"
    optimizer = {"name": "diary", "log": str(log), "dies": 40}
    settings = RunSettings(jobs=2, executor="processes", save_every=0.02, checkpoints=5)
    study = Study("diary", {"steps": 60}, [optimizer], ["rosenbrock"], run=settings)
    outcome = run_study(study, tmp_path / "out", plugins("misbehaving"))
    assert outcome.counts == {"finished": 1}
    steps = Counter(map(int, log.read_text().split()))
    assert steps.keys() >= set(range(60))
    warm = 2  # each process does the first step once more, off the clock
    again = [step for step, times in steps.items() if times > (1 + warm if step == 0 else 1)]
    assert len(again) < 20
    assert all(step > 15 for step in again)
    alone = RunSettings(checkpoints=5)
    study = dataclasses.replace(study, optimizers=["diary:log=/dev/null"], run=alone)
    undisturbed = run_study(study, tmp_path / "whole", plugins("misbehaving"))
    ours, theirs = (each.results.curves["loss"].tolist() for each in (outcome, undisturbed))
    assert ours == theirs


DIARIES = """
[study]
name = "long"
budget = {{ steps = 200_000 }}
[[optimizer]]
name = "diary"
log = ["{0}/log-0", "{0}/log-1", "{0}/log-2"]
[[problem]]
name = "rosenbrock"
[run]
save_every = "1h"
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_saves_what_is_running(jobs, tmp_path):
    (tmp_path / "long.toml").write_text(DIARIES.format(tmp_path))

    def running():
        """How many trials are past their first step."""
        return sum("\n2\n" in log.read_text() for log in tmp_path.glob("log-*"))

    with begin(tmp_path, "--jobs", jobs, plugin="misbehaving") as process:
        while running() < int(jobs):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.splitlines()[-1].endswith("to finish the other 3 of 3 trials")
    assert len(saved_in(tmp_path)) == int(jobs)
    for name in saved_in(tmp_path):
        with np.load(tmp_path / "out" / "saved" / name) as file:
            assert json.loads(file["header"].tobytes())["k"] > 0


def test_it_costs_the_loop_nothing_per_step(tmp_path):
    """Between two looks at the time, steps are done as without."""
    setup = setup_of("sgd:lr=1e-4", "quadratic:size=3", budget={"steps": 30_000})
    looks = []

    class Looking(Saved):
        def piece(self, run):
            looks.append(run.k)
            return super().piece(run)

    ran(setup, Looking(tmp_path / "run.npz", KEY, 60.0))
    assert len(looks) < 100


def test_budgets_of_seconds_count_what_was_spent_before(tmp_path, monkeypatch):
    readings = count()
    monkeypatch.setattr(f"{Clock.__module__}.perf_counter", lambda: next(readings) * 5e-5)
    setup = setup_of("sgd:lr=1e-4", "quadratic:size=3", budget={"seconds": 0.3})
    saved = Killing(tmp_path / "run.npz", 400)
    with pytest.raises(Killed):
        ran(setup, saved)
    run = ran(setup, Saved(tmp_path / "run.npz", KEY, 60.0))
    assert run.status == "finished"
    assert run.clock.seconds >= 0.3
    assert np.all(np.diff(run.curve[:, run.columns.index("seconds")]) >= 0)
