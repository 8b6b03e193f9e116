"""A state that is an object of another library works wherever states are copied and saved."""

import dataclasses
import json
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe import Optimizer, Study, load_plugins
from optframe.components.binder import Binder
from optframe.execution.trial_runner import TrialRunner
from optframe.gate.optbench import Bench
from optframe.study.settings import RunSettings
from optframe.study.study import plan
from optframe.testing import StrictBackend
from optframe.testing.optimizers.sealed import Sealed
from optframe.trial.packing import Packing, Unsavable, classes_in
from optframe.trial.resume import Saved
from optframe.trial.run import Run
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.wrappers.clip_norm import ClipNorm
from optframe_plugins.wrappers.clip_value import ClipValue
from optframe_plugins.wrappers.polyak import Polyak
from optframe_plugins.wrappers.weight_decay import WeightDecay

REGISTRY = load_plugins()
RUNNER = TrialRunner(REGISTRY, Binder(REGISTRY))
KEY = "0123456789abcdef"
WRAPPERS = [
    lambda inner: inner,
    partial(ClipNorm, max=0.3),
    partial(ClipValue, max=0.1),
    partial(WeightDecay, decay=0.01),
    partial(Polyak, after=3),
    lambda inner: ClipNorm(Polyak(WeightDecay(Polyak(inner), 0.01)), 0.3),
]
BOTH = pytest.mark.parametrize("around", WRAPPERS)


class Killed(BaseException):
    pass


class Killing(Saved):
    """It saves after each step; after 9 steps the process is killed."""

    def __init__(self, path):
        super().__init__(path, KEY, 0.0)

    def piece(self, run):
        return 1

    def keep(self, run):
        super().keep(run)
        if run.k == 9:
            raise Killed


def setup_of(optimizer, problem="quadratic:size=5,rotate=true", **given):
    name = REGISTRY.add("optimizers", type(optimizer).__name__.lower(), optimizer)
    study = Study("one", {"steps": 24}, [name], [problem], start="random", **given)
    (trial,) = plan(study, REGISTRY, RUNNER.binder, keyed=False)
    assert trial.skip is None
    return RUNNER.setup(trial)


def ran(setup, saved=None):
    run = Run(dataclasses.replace(setup, saved=saved))
    run.execute()
    if run.error is not None:
        raise run.error
    return run


@BOTH
@pytest.mark.parametrize("inner", [Momentum(lr=0.05), Adam(), LBFGS(memory=3)])
def test_a_live_state_is_saved_and_restored(around, inner, tmp_path, capfd):
    path = tmp_path / "run.npz"
    live = setup_of(around(Sealed(inner)))
    with pytest.raises(Killed):
        ran(live, Killing(path))
    resumed = ran(live, Saved(path, KEY, 60.0))
    assert capfd.readouterr().err == ""
    assert json.loads(np.load(path)["header"].tobytes())["k"] == 9
    for whole in (ran(live), ran(setup_of(around(inner)))):
        assert np.array_equal(resumed.theta, whole.theta)
        assert np.array_equal(resumed.solution(), whole.solution())
        assert resumed.k == whole.k


@BOTH
def test_its_size_is_that_of_its_arrays(around):
    sizes = [ran(setup_of(around(one))).state_bytes for one in (Adam(), Sealed(Adam()))]
    assert sizes[0] == sizes[1] >= 2 * 5 * 8


def records_of(optimizers, batch, seeds=3, steps=250):
    budget = {"steps": steps, "target_every": 37, "target": {"loss": 0.3}}
    names = [REGISTRY.add("optimizers", "live", one) for one in optimizers]
    run = RunSettings(checkpoints=10)
    study = Study("t", budget, names, "softmax:data=iris", seeds=seeds, run=run)
    trials = plan(study, REGISTRY, RUNNER.binder, keyed=False)
    with RUNNER.limited():
        records = RUNNER(trials) if batch else [RUNNER([trial])[0] for trial in trials]
    for record in records:
        assert record.together == (len(trials) if batch else 1)
    return records


@BOTH
@pytest.mark.parametrize("batch", [False, True])
def test_a_target_is_reached_where_it_is_with_plain_data(around, batch):
    """Runs of a batch end at different steps, and leave it."""
    ends = []
    for inner in (Momentum(lr=0.05), Sealed(Momentum(lr=0.05))):
        records = records_of([around(inner)], batch)
        ends.append([(one.status, one.last("step"), one.window, one.reason) for one in records])
    assert ends[0] == ends[1]
    assert around is not WRAPPERS[0] or len({end[1] for end in ends[0]}) > 1


def test_curves_together_are_those_alone():
    alone, batch = (records_of([Sealed(Momentum(lr=0.05))], batch) for batch in (False, True))
    for one, other in zip(alone, batch, strict=True):
        frames = [
            pd.DataFrame(r.curve, columns=r.columns).drop(columns="seconds") for r in (one, other)
        ]
        pd.testing.assert_frame_equal(*frames, rtol=1e-6)


def test_a_timed_step_begins_from_the_same_state_each_time():
    made = Bench(Study("one", {"steps": 40}, [Polyak(Sealed(Momentum()))], ["booth"]))
    (trial,) = made.trials
    with made.step(trial, made.run(trial)) as step:
        followers = [step(*step.fresh()[0]) for _ in range(2)]
    assert np.array_equal(followers[0][0], followers[1][0])
    assert followers[0][1].inner is not followers[1][1].inner


def test_a_wrapped_step_that_cannot_be_copied_is_not_timed():
    class Opaque(Momentum):
        resumable = False

    made = Bench(Study("one", {"steps": 40}, [Polyak(Opaque())], ["booth"]))
    (trial,) = made.trials
    with made.step(trial, made.run(trial)) as step:
        assert step is None


@dataclass(frozen=True)
class Refusing(Optimizer):
    """Its state is an object of a class that its library does not save."""

    def init(self, theta, oracle):
        return Sealed(Momentum()).init(theta, oracle)

    def step(self, theta, state, oracle):
        return theta - 0.01 * oracle.gradient(theta), state

    def dump(self, state):
        raise NotImplementedError("this class keeps a tree")


def test_what_cannot_be_dumped_is_said_once_and_the_run_goes_on(tmp_path, capfd):
    run = ran(setup_of(Refusing()), Saved(tmp_path / "run.npz", KEY, 0.0))
    assert (run.status, run.state_bytes) == ("finished", 0)
    assert capfd.readouterr().err == (
        "optframe: the state of a run with Refusing is not saved: its dump raised "
        "NotImplementedError: this class keeps a tree; the run goes on\n"
    )


@pytest.mark.parametrize("batch", [False, True])
def test_what_cannot_be_copied_reaches_its_target_within_a_window(batch, capfd):
    name = REGISTRY.add("optimizers", "refusing", Refusing())
    budget = {"steps": 250, "target_every": 37, "target": {"loss": 0.9}}
    study = Study("t", budget, [name], "softmax:data=iris", seeds=2)
    trials = plan(study, REGISTRY, RUNNER.binder, keyed=False)
    records = RUNNER(trials) if batch else [RUNNER([trial])[0] for trial in trials]
    for record in records:
        assert (record.status, record.window, record.together) == ("converged", 37, 1)
        assert record.last("step") % 37 == 0
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1] == (
        "optframe: the state of a run with Refusing is not copied: NotImplementedError: this class "
        "keeps a tree; the step at which it reaches its target is not exact"
    )


@dataclass
class Held:
    dtype: str
    parts: dict


def through_json(value, backend):
    packing = Packing(backend)
    packed = json.loads(json.dumps(packing.pack(value)))
    file = {f"array_{i}": array.copy() for i, array in enumerate(packing.packed)}
    return Packing(backend, file).unpack(packed, classes_in(value))


@pytest.mark.parametrize("backend", [NumpyBackend(), StrictBackend()])
def test_dicts_and_arrays_of_the_host_come_back_as_they_were(backend, random):
    if backend.missing():
        pytest.skip(backend.missing())
    host = random.standard_normal(3).astype(np.float32)
    value = Held("float32", {"b": host, "a": [backend.asarray(host), {"": (1, None)}], "c": {}})
    again = through_json({"held": value, "again": host}, backend)
    held = again["held"]
    assert list(held.parts) == ["b", "a", "c"]
    assert (held.dtype, held.parts["a"][1], held.parts["c"]) == ("float32", {"": (1, None)}, {})
    assert held.parts["b"] is again["again"]
    assert type(held.parts["b"]) is np.ndarray
    assert type(held.parts["a"][0]) is type(value.parts["a"][0])
    assert np.array_equal(held.parts["b"], host)
    assert np.array_equal(backend.to_numpy(held.parts["a"][0]), host)


def test_names_in_plain_data_are_no_marks_of_the_file():
    value = {
        "list": {"array": 0, "class": "subprocess:Popen", "fields": {}},
        "dict": [{"tuple": []}],
    }
    assert through_json(value, NumpyBackend()) == value


def cycle():
    value = []
    value.append({"again": value})
    return value


class Foreign:
    shape, dtype = (2,), np.dtype("float32")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({1: 2}, "its state contains a dict with the key 1"),
        ({"a": {("exp", 0): 2}}, "its state contains a dict with the key ('exp', 0)"),
        (b"bytes", "its state contains a bytes"),
        ([{"g": Foreign()}], "its state contains a Foreign"),
        (np.array([None]), "its state contains an array of objects"),
        (cycle(), "its state is nested more than 100 deep"),
    ],
)
def test_what_cannot_be_packed_is_named(value, found):
    with pytest.raises(Unsavable) as refused:
        Packing(NumpyBackend()).pack(value)
    assert str(refused.value) == found


def test_a_file_of_the_format_without_dicts_is_read(tmp_path, capfd):
    setup = setup_of(Adam())
    path = tmp_path / "run.npz"
    with pytest.raises(Killed):
        ran(setup, Killing(path))
    with np.load(path) as file:
        parts = dict(file)
    header = json.loads(parts["header"].tobytes()) | {"format": 2}
    parts["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **parts)
    run = Run(setup)
    run.measure()
    run.loop.begin()
    Saved(path, KEY, 60.0).restore(run)
    assert run.k == 9
    assert capfd.readouterr().err == ""


def test_what_a_search_or_a_random_draw_needs_is_said_by_each_object():
    """Class attributes may be properties: one class serves many optimizers."""

    @dataclass(frozen=True)
    class Adapted(Optimizer):
        closure: bool = False

        @property
        def needs(self):
            return frozenset({"gradient", "hvp"} if self.closure else {"gradient"})

        @property
        def random(self):
            return self.closure

        @property
        def vectorized(self):
            return not self.closure

        @property
        def resumable(self):
            return not self.closure

        def step(self, theta, state, oracle):
            g = oracle.gradient(theta)
            return theta - 0.01 * (g + oracle.random.standard_normal() * self.closure), state

    registry = load_plugins()
    name = registry.add("optimizers", "adapted", Adapted)
    budget = {"steps": 3}
    tables = [{"name": name, "closure": [True, False], "wrap": [{"name": "polyak"}]}]
    study = Study("t", budget, tables, ["softmax:data=iris", "rosenbrock"], seeds=4)
    trials = plan(study, registry, Binder(registry), keyed=False)
    seeds = {}
    for trial in trials:
        label = trial.optimizer.label, trial.problem.name
        seeds.setdefault(label, []).append(trial.skip)
    assert {label: len(skips) for label, skips in seeds.items()} == {
        ("adapted:closure=true+polyak", "softmax"): 4,
        ("adapted:closure=false+polyak", "softmax"): 4,
        ("adapted:closure=true+polyak", "rosenbrock"): 4,
        ("adapted:closure=false+polyak", "rosenbrock"): 1,
    }
    assert optframe.trial.repeats.is_resumable(Polyak(Adapted()))
    assert not optframe.trial.repeats.is_resumable(Polyak(Adapted(closure=True)))
