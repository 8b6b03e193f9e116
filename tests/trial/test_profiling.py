"""Where the time and the memory of steps go."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import FunctionProblem, Optimizer, Solver, StochasticProblem, Study
from optframe.contracts.columns import PROFILE_COLUMNS
from optframe.study.settings import RunSettings
from optframe.trial.profiling import Stopwatch, peak_bytes, state_bytes

EVERY = {"every_steps": 1}
NOW = [0]
"""Seconds of a clock that stands still while nobody works."""


def work(seconds):
    NOW[0] += seconds
    return 0


@pytest.fixture
def exact(monkeypatch):
    """Let that clock be read."""
    for module in ("clock", "profiling", "run"):
        monkeypatch.setattr(f"optframe.trial.{module}.perf_counter", lambda: NOW[0])


@dataclass(frozen=True)
class Slow(StochasticProblem):
    """Three seconds for a draw, two for a loss or a gradient, eleven for the metrics."""

    deterministic = True

    @property
    def size(self):
        return 3

    @property
    def records(self):
        return 8

    def start(self, random):
        return np.ones(3)

    def metrics(self, theta):
        work(11)
        return {"loss": (theta * theta).sum()}

    def draw(self, indices, random):
        work(3)
        return np.arange(8.0)[indices]

    def loss(self, theta, batch):
        work(2)
        return 0.5 * (theta * theta).sum() + 0 * batch.sum()

    def gradient(self, theta, batch):
        work(2)
        return theta + 0 * batch.sum()

    def hvp(self, theta, v, batch):
        work(5)
        return v


@dataclass(frozen=True)
class Careful(Optimizer):
    """Asks for a gradient and a Hessian's product, and thinks for one second."""

    needs = frozenset({"gradient", "hvp"})

    def step(self, theta, state, oracle):
        g = oracle.gradient(theta)
        g = g + 0 * oracle.hvp(theta, g)
        work(1)
        return theta - 0.1 * g, state


@dataclass(frozen=True)
class Owning(Solver):
    """Gradient descent with its own loop."""

    def minimize(self, theta, oracle, report):
        while True:
            theta = theta - 0.1 * oracle.gradient(theta)
            work(1)
            if not report(theta):
                return theta


def shares(found):
    """Seconds per step, each the same: sampling, oracle, update."""
    steps = np.diff(found.curve[["seconds", *PROFILE_COLUMNS]].to_numpy()[1:], axis=0)
    assert (steps == steps[0]).all()
    seconds, sampling, oracle = steps[0]
    return [sampling, oracle, seconds - sampling - oracle]


@pytest.mark.parametrize(("optimizer", "oracle"), [(Careful(), 7), (Owning(), 2)])
def test_the_seconds_of_a_step_are_shared_out(optimizer, oracle, exact):
    settings = {"steps": 6, "sampler": "shuffled:batch_size=4", "checkpoints": EVERY}
    found = optframe.minimize(Slow(), optimizer, **settings, profile=True)
    assert shares(found) == [3, oracle, 1]
    assert (found.curve[["seconds", *PROFILE_COLUMNS]].iloc[0] == 0).all()


def test_all_answers_of_the_oracle_are_timed_and_the_wrappers_work_is_not(exact):
    @dataclass(frozen=True)
    class Asking(Optimizer):
        needs = frozenset({"gradient", "hvp", "full"})

        def step(self, theta, state, oracle):
            through = oracle.through(lambda g: (work(7), g)[1])
            through.gradient(theta)  # 2, and 7 for whoever passes it on
            through.loss_and_gradient(theta)  # 4, and 7
            oracle.full.gradient(theta)  # 3 to see all records, and 2
            oracle.ask("hvp", theta, theta)  # 5
            return theta, state

    settings = {"steps": 4, "sampler": "full", "checkpoints": EVERY}
    found = optframe.minimize(Slow(), Asking(), **settings, profile=True)
    assert shares(found) == [3, 16, 14]


def test_what_a_library_works_out_itself_is_timed_as_the_oracles(exact):
    @dataclass(frozen=True)
    class Sharing(Optimizer):
        needs = frozenset({"gradient", "full"})

        def step(self, theta, state, oracle):
            with oracle.counted(losses=1, gradients=1) as batch:
                oracle.problem.gradient(theta, *batch)  # 2
                work(4)
            with oracle.full.counted(losses=1) as batch:  # 3 to see all records
                oracle.problem.loss(theta, *batch)  # 2
            work(1)
            with pytest.raises(ZeroDivisionError), oracle.counted(gradients=1):
                _ = 1 / work(6)
            return theta, state

    settings = {"steps": 4, "sampler": "full", "checkpoints": EVERY}
    found = optframe.minimize(Slow(), Sharing(), **settings, profile=True)
    assert shares(found) == [3, 17, 1]


@pytest.mark.parametrize("optimizer", ["adam", "sgd+clip-norm:max=1", "lbfgs"])
@pytest.mark.parametrize("problem", ["rosenbrock", "softmax:data=digits"])
def test_a_profiled_run_is_the_same_to_the_bit(problem, optimizer, same_run):
    settings = {"sampler": "full", "steps": 25, "checkpoints": 7, "iterates": True}
    plain = optframe.minimize(problem, optimizer, **settings)
    found = optframe.minimize(problem, optimizer, **settings, profile=True)
    same_run(found, plain, PROFILE_COLUMNS)
    assert plain.step_bytes is None


def test_a_function_samples_nothing():
    found = optframe.minimize("rosenbrock", "adam", steps=20, profile=True)
    assert (found.curve["seconds_sampling"] == 0).all()
    assert 0 < found.curve["seconds_oracle"].iloc[-1] < found.seconds


@dataclass(frozen=True)
class Hungry(Optimizer):
    """Takes so many arrays at once, and leaves one of them."""

    arrays: int = 3

    def init(self, theta, oracle):
        return np.zeros((50, theta.size))  # the state is no step's

    def step(self, theta, state, oracle):
        taken = [theta + k for k in range(self.arrays)]
        return taken[0], state


@pytest.mark.parametrize("arrays", [1, 3, 8])
def test_a_steps_bytes_are_the_most_that_it_holds_at_a_time(arrays):
    free = FunctionProblem(
        loss=lambda theta: 0.0, gradient=lambda theta: theta, theta0=np.zeros(100_000)
    )
    found = optframe.minimize(free, Hungry(arrays), steps=2, profile=True)
    assert found.step_bytes == pytest.approx(arrays * 800_000, rel=0.01)


def test_a_larger_batch_takes_more_bytes():
    """The digits' 64 inputs, in float32."""

    def taken(size):
        settings = {"steps": 3, "sampler": f"shuffled:batch_size={size}", "profile": True}
        return optframe.minimize("softmax:data=digits", "sgd", **settings).step_bytes

    assert taken(800) - taken(100) >= 700 * 64 * 4


def test_a_solver_owns_its_steps_and_has_no_bytes():
    assert optframe.minimize("rosenbrock", Owning(), steps=3, profile=True).step_bytes is None


@pytest.mark.parametrize("together", [False, True])
def test_a_study_keeps_the_shares(together, tmp_path):
    study = Study(
        name="profiled",
        budget={"steps": 15},
        optimizers=["sgd", "adam"],
        problems=["softmax:data=digits"],
        samplers=["shuffled:batch_size=50"],
        seeds=2,
        run=RunSettings(profile=True, together=together),
    )
    results = optframe.run(study, tmp_path)
    trials, last = results.trials, results.curves.groupby("key", sort=False).last()
    assert (trials["together"] == 1).all()
    assert (trials["step_bytes"] > 0).all()
    for name in PROFILE_COLUMNS:
        np.testing.assert_array_equal(trials[name], last[name])
        assert (trials[name] > 0).all()
        assert f"best_{name}" not in trials
    assert (trials["seconds_sampling"] + trials["seconds_oracle"] < trials["seconds"]).all()


def test_a_study_without_a_profile_has_none(tmp_path):
    study = Study(name="plain", budget={"steps": 3}, optimizers="sgd", problems="rosenbrock")
    results = optframe.run(study, tmp_path)
    assert not {*PROFILE_COLUMNS} & {*results.curves}
    assert results.trials[[*PROFILE_COLUMNS, "step_bytes"]].isna().all(axis=None)


def test_a_stopwatch_waits_for_the_device_and_counts_what_raises(exact):
    stopwatch = Stopwatch(lambda: work(10))  # a device that has much to do yet

    def fail(seconds):
        work(seconds)
        raise ZeroDivisionError

    for seconds in (1, 3):
        with pytest.raises(ZeroDivisionError):
            stopwatch.timed(fail)(seconds)
    assert stopwatch.seconds == 10 + 1 + 10 + 3


def test_bytes_are_counted_beside_somebody_elses_trace():
    def action():
        np.zeros(10**6).sum()

    alone = peak_bytes(action)
    assert not tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        kept = np.zeros(3 * 10**6)
        beside = peak_bytes(action)
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()
    assert alone == pytest.approx(8 * 10**6, rel=0.001)
    assert beside == pytest.approx(8 * 10**6, rel=0.001)
    assert kept.nbytes == 24 * 10**6


def test_a_states_bytes_are_those_of_all_its_arrays():
    @dataclass
    class State:
        m: np.ndarray
        parts: list
        t: float = 0.0

    state = State(np.zeros(3), [np.zeros(2, "float32"), (np.zeros((2, 2)), None)])
    assert state_bytes(state) == 24 + 8 + 32
    assert state_bytes(None) == 0
