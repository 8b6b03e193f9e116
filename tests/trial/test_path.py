"""θ and the gradient along a run with at most two parameters, held against bare NumPy."""

import dataclasses
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Function, Optimizer, Solver, StochasticProblem
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe.contracts.trial import Checkpoints
from optframe.trial import path as paths
from optframe.trial.clock import Clock
from optframe.trial.path import STEPS
from optframe.trial.resume import Saved
from optframe.trial.run import Run
from optframe.trial.stacking import NotTogether, merged
from optframe.trial.vectorized import VectorizedRuns
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.samplers.shuffled import Shuffled
from optframe_plugins.samplers.stream import Stream
from optframe_plugins.schedules.linear import Linear
from optframe_plugins.wrappers.polyak import Polyak
from optframe_problems.functions.rosenbrock import Rosenbrock

RECORDS = np.random.default_rng(0).normal([3.0, -1.0], size=(30, 2))
FAR = Checkpoints(count=2)
"""Checkpoints at the start and at the end only."""


@dataclass(frozen=True)
class Means(StochasticProblem):
    """Mean of ½|θ − x|² over thirty records x; with ``noisy``, noise moves the batch's mean."""

    size: int = 2
    noisy: bool = False
    counted: bool = True

    @property
    def deterministic(self):
        return not self.noisy

    @property
    def records(self):
        return len(RECORDS) if self.counted else None

    def start(self, random):
        return np.full(self.size, 9.0)

    def metrics(self, theta):
        return {"loss": self.loss(theta, self.draw(slice(None), None))}

    def draw(self, indices, random):
        mean = RECORDS[slice(None) if indices is None else indices, : self.size].mean(axis=-2)
        return mean if random is None else mean + random.standard_normal(self.size)

    def loss(self, theta, batch):
        return 0.5 * ((theta - batch) ** 2).sum(axis=-1)

    def gradient(self, theta, batch):
        return theta - batch


@pytest.fixture
def path_of(run_of):
    """Return the path of a run, with its steps, θ and gradients apart."""

    def found(problem, optimizer, **given):
        run = run_of(problem, optimizer, path=True, **{"checkpoints": FAR, **given})
        assert run.error is None
        return parts(run)

    return found


def parts(run):
    size = run.problem.size
    table = run.path.table
    assert table.shape[1] == 1 + 2 * size
    return table[:, 0].tolist(), table[:, 1 : 1 + size], table[:, 1 + size :]


def same(run, other, rtol=0.0):
    """Whether two runs have the same path."""
    assert run.path.table.shape == other.path.table.shape
    if rtol:
        np.testing.assert_allclose(run.path.table, other.path.table, rtol=rtol, atol=rtol)
    else:
        assert run.path.table.tobytes() == other.path.table.tobytes()
    return True


def test_gradient_descent_by_hand(path_of, descend, rosenbrock_gradient):
    step, theta, gradient = path_of(Rosenbrock(), SGD(lr=1e-3), budget={"steps": 150})
    expected = descend(150, 1e-3)
    assert step == [*range(151)]
    np.testing.assert_array_equal(theta, expected)
    by_hand = [rosenbrock_gradient(one) for one in expected]
    np.testing.assert_allclose(gradient, by_hand, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(gradient, [Rosenbrock().gradient(one) for one in expected])


def test_gradients_are_computed_in_the_dtype_of_the_run(path_of):
    _, theta, gradient = path_of(Rosenbrock(), SGD(lr=1e-3), budget={"steps": 30}, dtype="float32")
    single = theta.astype(np.float32)
    np.testing.assert_array_equal(theta, single)
    np.testing.assert_array_equal(gradient, [Rosenbrock().gradient(one) for one in single])
    assert not np.array_equal(gradient, [Rosenbrock().gradient(one) for one in theta])


def test_momentum_by_hand(path_of):
    lr, momentum = 1e-3, 0.9
    step, theta, gradient = path_of(
        Rosenbrock(), Momentum(lr=lr, momentum=momentum), budget={"steps": 40}
    )
    problem, expected, v = Rosenbrock(), [np.array([-1.2, 1.0])], np.zeros(2)
    for _ in range(40):
        v = momentum * v - lr * problem.gradient(expected[-1])
        expected.append(expected[-1] + v)
    assert step == [*range(41)]
    np.testing.assert_allclose(theta, expected, rtol=1e-12)
    np.testing.assert_array_equal(gradient, [problem.gradient(one) for one in theta])


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([0.25, 100.0, 0.25], 1.75),  # an interruption while it is measured does not count
        ([9.0, 9.0, 9.0], 0.0),  # and time does not run backwards
    ],
)
@pytest.mark.parametrize("optimizer", [SGD(lr=1e-3), Polyak(SGD(lr=1e-3))])
def test_what_keeping_the_path_takes_is_not_on_the_clock(
    run_of, monkeypatch, spans, seconds, optimizer
):
    """The beginning and the steps take a second each, and keeping θ five times the spans."""
    readings = iter([end for span in (1.0, 1.0, *spans) for end in (0.0, span)])
    monkeypatch.setattr("optframe.trial.clock.perf_counter", lambda: next(readings))
    given = {"budget": {"steps": 5}, "checkpoints": Checkpoints(every_steps=5)}
    run = run_of(Rosenbrock(), optimizer, path=True, **given)
    assert run.error is None
    column = run.columns.index("seconds")
    assert [row[column] for row in run.rows] == [0.0, seconds]
    assert run.path.table[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_after_two_hundred_steps_rows_are_at_checkpoints(path_of):
    assert STEPS == 200
    marks = Checkpoints(every_steps=70)
    step, theta, _ = path_of(Rosenbrock(), SGD(lr=1e-3), budget={"steps": 500}, checkpoints=marks)
    assert step == [*range(201), 210, 280, 350, 420, 490, 500]
    whole = path_of(Rosenbrock(), SGD(lr=1e-3), budget={"steps": 200})
    assert whole[0] == [*range(201)]
    np.testing.assert_array_equal(theta[:201], whole[1])


def test_at_checkpoints_the_path_has_the_solution_of_the_curve(run_of):
    optimizer = Polyak(SGD(lr=0.1))
    run = run_of(
        Means(), optimizer, sampler=Shuffled(4), budget={"steps": 300}, path=True, iterates=True
    )
    step, theta, _ = parts(run)
    curve = run.curve[:, -2:]
    assert step == run.curve[:, 0].tolist() == [*range(301)]
    np.testing.assert_array_equal(theta, curve)
    assert np.abs(theta - run.iterates).max() > 0.01  # the average is another point


def test_the_gradient_is_of_the_minibatch_of_the_next_step(path_of):
    _, theta, gradient = path_of(
        Means(),
        SGD(lr=0.1),
        sampler=Shuffled(batch_size=4),
        seeds=Seeds(7, 0),
        budget={"steps": 20},
    )
    seeds = SamplerSeeds(Seeds(7, 0))
    batches = [b for epoch in range(3) for b in Shuffled(batch_size=4).epoch(epoch, 30, seeds)]
    means = np.array([RECORDS[batch].mean(axis=0) for batch in batches[:21]])
    assert len({len(batch) for batch in batches}) > 1
    np.testing.assert_allclose(gradient, theta - means, rtol=1e-12)
    np.testing.assert_allclose(theta[1:], theta[:-1] - 0.1 * gradient[:-1], rtol=1e-12)


def test_the_gradient_has_the_noise_of_the_next_step(path_of):
    problem = Means(noisy=True, counted=False)
    _, theta, gradient = path_of(problem, SGD(lr=0.1), seeds=Seeds(3, 0), budget={"steps": 9})
    noise = [Seeds(3, 0).generator("noise", k).standard_normal(2) for k in range(10)]
    np.testing.assert_allclose(gradient, theta - RECORDS.mean(axis=0) - noise, rtol=1e-12)
    np.testing.assert_allclose(theta[1:], theta[:-1] - 0.1 * gradient[:-1], rtol=1e-12)


def test_at_the_end_of_a_stream_its_last_batch_stands_in(path_of):
    step, theta, gradient = path_of(
        Means(), SGD(lr=0.1), sampler=Stream(batch_size=10), budget={"steps": 99}
    )
    assert step == [0, 1, 2, 3]
    means = [RECORDS[10 * i : 10 * i + 10].mean(axis=0) for i in (0, 1, 2, 2)]
    np.testing.assert_allclose(gradient, theta - means, rtol=1e-12)


def test_one_parameter_has_three_columns_and_three_parameters_have_no_path(path_of, run_of):
    _, theta, gradient = path_of(Means(size=1), SGD(lr=0.1), sampler=Shuffled(30))
    assert (theta.shape, gradient.shape) == ((11, 1), (11, 1))
    np.testing.assert_allclose(gradient, theta - RECORDS[:, :1].mean(axis=0), rtol=1e-12)
    three = optframe.make("sphere:size=3")
    assert run_of(three, SGD(lr=0.1), path=True).path is None
    assert run_of(Means(size=1), SGD(lr=0.1), sampler=Shuffled(30)).path is None


CASES = {
    "a function": (Rosenbrock(), SGD(lr=1e-3), {}),
    "a minibatch": (Means(), Adam(lr=0.1), {"sampler": Shuffled(4)}),
    "noise": (Means(noisy=True), SGD(lr=0.1), {"sampler": Shuffled(4)}),
    "an average": (Means(), Polyak(Momentum(lr=0.1)), {"sampler": Shuffled(4)}),
    "a schedule": (Rosenbrock(), SGD(lr=Linear(1e-3, 1e-4, 50)), {}),
    "a target": (Rosenbrock(), SGD(lr=1e-3), {"budget": {"steps": 400, "target": 1.0}}),
    "answers": (Rosenbrock(), SGD(lr=1e-3), {"budget": {"gradients": 250}}),
    "divergence": (Rosenbrock(), SGD(lr=1.0), {"budget": {"steps": 90}}),
    "measures": (
        Means(),
        SGD(lr=0.1),
        {"sampler": Shuffled(4), "measure": ("gradient_norm", "gradient_variance")},
    ),
    "a profile": (Means(), SGD(lr=0.1), {"sampler": Shuffled(4), "profile": True}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("checkpoints", [FAR, Checkpoints(every_steps=7)])
def test_a_path_changes_no_bit_and_no_count(case, checkpoints, run_of):
    problem, optimizer, given = CASES[case]
    given = {"budget": {"steps": 250}, "iterates": True, **given, "checkpoints": checkpoints}
    plain = run_of(problem, optimizer, **given)
    run = run_of(problem, optimizer, **given, path=True)
    assert plain.path is None
    assert len(run.path.rows) > 1
    for name in ("status", "reason", "counts", "k", "columns", "window"):
        assert getattr(run, name) == getattr(plain, name)
    times = [i for i, name in enumerate(run.columns) if name.startswith("seconds")]
    curves = [np.delete(one.curve, times, axis=1).tobytes() for one in (run, plain)]
    assert curves[0] == curves[1]
    assert run.theta.tobytes() == plain.theta.tobytes()
    np.testing.assert_array_equal(run.iterates, plain.iterates)


@dataclass(frozen=True)
class Slow(Rosenbrock):
    """Each gradient takes a second of a clock that moves by nothing else."""

    hands: list = dataclasses.field(default_factory=lambda: [0.0], compare=False)

    def gradient(self, theta):
        self.hands[0] += 1.0
        return super().gradient(theta)


@pytest.mark.parametrize("steps", [30, 230])
def test_the_clock_stands_still(steps, run_of, monkeypatch):
    problem = Slow()
    monkeypatch.setattr("optframe.trial.clock.perf_counter", lambda: problem.hands[0])
    seconds = [
        run_of(
            problem, SGD(lr=1e-3), budget={"steps": steps}, checkpoints=FAR, path=path
        ).clock.seconds
        for path in (False, True)
    ]
    assert seconds == [steps, steps]


@pytest.mark.parametrize("batched", [False, True])
def test_steps_with_a_path_do_not_stop_the_clock(batched, run_of, monkeypatch):
    """The clock is stopped once more than without a path: after the first steps."""
    reads = Counter()
    read = Clock.stop
    monkeypatch.setattr(Clock, "stop", lambda clock: reads.update(["stop"]) or read(clock))
    found = {}
    for path, steps in [(False, 300), (True, STEPS // 2), (True, 300), (True, 900)]:
        reads.clear()
        given = {"budget": {"steps": steps}, "checkpoints": FAR, "path": path}
        run = run_of(Rosenbrock(), SGD(lr=1e-4), **given)
        if batched:
            runs = [Run(run.setup), Run(run.setup)]
            reads.clear()
            VectorizedRuns(runs, merged([SGD(lr=1e-4)] * 2, run.setup.backend)).execute()
        found[path, steps] = reads["stop"]
    plain = found[False, 300]
    assert found == {
        (False, 300): plain,
        (True, STEPS // 2): plain,
        (True, 300): plain + 1,
        (True, 900): plain + 1,
    }


@dataclass(frozen=True)
class Raising(SGD):
    """Raises in its eighth step."""

    def step(self, theta, state, oracle):
        if oracle.step == 7:
            raise ArithmeticError("it ends here")
        return super().step(theta, state, oracle)


def test_a_run_that_fails_between_checkpoints_has_a_path_up_to_there(run_of):
    run = run_of(Rosenbrock(), Raising(lr=1e-3), checkpoints=FAR, path=True)
    assert run.status == "failed"
    whole = run_of(Rosenbrock(), SGD(lr=1e-3), budget={"steps": 7}, checkpoints=FAR, path=True)
    assert len(run.path.rows) == 8
    assert same(run, whole)


@pytest.mark.parametrize("every", [1, 7, 100])
@pytest.mark.parametrize("checkpoints", [FAR, Checkpoints(every_steps=9)])
def test_a_path_ends_where_the_target_is_reached(every, checkpoints, run_of):
    """The run goes back to the first step that reaches the target, and its path with it."""
    budget = {"steps": 300, "target": {"loss": 3.0}, "target_every": every}
    given = {"sampler": Shuffled(4), "checkpoints": checkpoints}
    for lr in (0.03, 0.006):  # it is reached before step 200, and after it
        run = run_of(Means(), SGD(lr=lr), budget=budget, **given, path=True)
        assert run.status == "converged"
        step, theta, _ = parts(run)
        whole = run_of(Means(), SGD(lr=lr), budget={"steps": run.k}, **given, path=True)
        assert step[-1] == run.k
        assert same(run, whole)
        np.testing.assert_array_equal(theta[-1], run.theta)
    assert run.k > STEPS


@dataclass(frozen=True)
class Walker(Solver):
    """Descends in a loop of its own; its result is the mean of its last two points."""

    lr: float = 1e-3
    reports: int = 30

    def minimize(self, theta, oracle, report):
        before = theta
        for _ in range(self.reports):
            before, theta = theta, theta - self.lr * oracle.gradient(theta)
            if not report(theta):
                return theta
        return (before + theta) / 2


@pytest.mark.parametrize("reports", [30, 260])
def test_a_solver_has_a_path_that_ends_with_its_result(reports, path_of, descend):
    step, theta, gradient = path_of(Rosenbrock(), Walker(reports=reports), budget={"steps": 400})
    expected = descend(reports, 1e-3)
    assert step == [*range(min(reports, 201)), reports]
    np.testing.assert_array_equal(theta[:-1], expected[: len(theta) - 1])
    np.testing.assert_array_equal(theta[-1], (expected[-2] + expected[-1]) / 2)
    np.testing.assert_array_equal(gradient, [Rosenbrock().gradient(one) for one in theta])


def test_a_solver_that_a_budget_ends_has_a_path_up_to_there(path_of, descend):
    step, theta, _ = path_of(Rosenbrock(), Walker(reports=99), budget={"steps": 20})
    assert step == [*range(21)]
    np.testing.assert_array_equal(theta, descend(20, 1e-3))


@dataclass(frozen=True)
class NoGradient(Function):
    """A bowl whose gradient raises after some calls, or has another shape."""

    raises: bool = True
    size = 2

    def start(self, random):
        return np.ones(2)

    def loss(self, theta):
        return (theta**2).sum(axis=-1)

    def gradient(self, theta):
        if self.raises:
            raise ArithmeticError("it is not known")
        return np.ones(3)


@dataclass(frozen=True)
class Shrinking(Optimizer):
    """Asks for nothing, and overwrites θ."""

    def init(self, theta, oracle):
        return None

    def step(self, theta, state, oracle):
        theta *= 0.9
        return theta, state


@pytest.mark.parametrize("raises", [True, False])
def test_where_no_gradient_can_be_had_it_is_nan_and_the_run_goes_on(raises, path_of):
    step, theta, gradient = path_of(NoGradient(raises), Shrinking())
    assert step == [*range(11)]
    np.testing.assert_allclose(theta, 0.9 ** np.arange(11)[:, None] * [1.0, 1.0], rtol=1e-12)
    assert np.isnan(gradient).all()


@dataclass(frozen=True)
class Overwriting(Rosenbrock):
    """Overwrites the θ that it is given, which is a mistake that no run may suffer from."""

    def gradient(self, theta):
        found = super().gradient(theta.copy())
        theta[...] = 77.0
        return found


def test_what_a_gradient_does_to_its_argument_stays_there(path_of):
    _, theta, _ = path_of(Overwriting(), Shrinking())
    np.testing.assert_allclose(theta, 0.9 ** np.arange(11)[:, None] * [-1.2, 1.0], rtol=1e-12)


class Killed(BaseException):
    pass


class Killing(Saved):
    """Saves after every few steps; the process is killed after so many saves."""

    def __init__(self, path, saves, pieces):
        super().__init__(path, "key", 0.0)
        self.saves, self.pieces = saves, pieces

    def piece(self, run):
        return self.pieces

    def keep(self, run):
        super().keep(run)
        self.saves -= 1
        if self.saves == 0:
            raise Killed


@pytest.mark.parametrize("pieces", [3, 90])
@pytest.mark.parametrize(
    ("problem", "given"),
    [
        (Rosenbrock(), {}),
        (Means(), {"sampler": Shuffled(4)}),
        (
            Means(size=1),
            {"sampler": Shuffled(4), "budget": {"steps": 260, "target": {"loss": 0.6}}},
        ),
    ],
)
def test_a_run_that_is_resumed_continues_its_path(pieces, problem, given, run_of, tmp_path):
    given = {"budget": {"steps": 260}, "checkpoints": Checkpoints(count=12), "path": True, **given}
    optimizer = Momentum(lr=1e-3)
    whole = run_of(problem, optimizer, **given)
    kills = 0
    while True:
        try:
            saved = Killing(tmp_path / "run.npz", 12 if pieces == 3 else 2, pieces)
            run = run_of(problem, optimizer, **given, saved=saved)
            break
        except Killed:
            kills += 1
    assert kills > 1
    assert same(run, whole)


def test_a_saved_path_of_another_shape_is_not_used(run_of, tmp_path, capfd):
    given = {"budget": {"steps": 30}, "path": True}
    with pytest.raises(Killed):
        run_of(Rosenbrock(), SGD(lr=1e-3), **given, saved=Killing(tmp_path / "run.npz", 3, 5))
    with np.load(tmp_path / "run.npz") as file:
        contents = dict(file)
    assert contents["path"].shape == (3, 5)
    contents["path"] = contents["path"][:, :3]
    np.savez(tmp_path / "run.npz", **contents)
    run = run_of(Rosenbrock(), SGD(lr=1e-3), **given, saved=Saved(tmp_path / "run.npz", "key", 60))
    assert "found a path of shape (3, 3), expected 5 columns" in capfd.readouterr().err
    assert same(run, run_of(Rosenbrock(), SGD(lr=1e-3), **given))


@pytest.fixture
def both(run_of):
    """Run some learning rates as a batch and one at a time, and return the runs of each."""

    def run(problem, rates, make=SGD, **given):
        alone = [run_of(problem, make(lr=lr), path=True, **given) for lr in rates]
        setups = [one.setup for one in alone]
        runs = [Run(setup) for setup in setups]
        VectorizedRuns(runs, merged([s.optimizer for s in setups], setups[0].backend)).execute()
        return runs, alone

    return run


BATCHES = {
    "a function": (Rosenbrock(), {"budget": {"steps": 250}}),
    "a minibatch": (Means(), {"sampler": Shuffled(4), "budget": {"steps": 250}}),
    "noise": (Means(noisy=True), {"sampler": Shuffled(4)}),
    "one parameter": (Means(size=1), {"sampler": Shuffled(4)}),
    "a target": (
        Means(),
        {
            "sampler": Shuffled(4),
            "budget": {"steps": 900, "target": {"loss": 3.0}, "target_every": 30},
        },
    ),
    "a target at each step": (Rosenbrock(), {"budget": {"steps": 900, "target": 3.0}}),
}


@pytest.mark.parametrize("case", BATCHES)
@pytest.mark.parametrize("checkpoints", [FAR, Checkpoints(count=9)])
def test_a_batch_has_the_paths_of_its_runs_alone(case, checkpoints, both):
    problem, given = BATCHES[case]
    runs, alone = both(problem, [1e-4, 5e-3, 2e-3, 1e-3], **given, checkpoints=checkpoints)
    for run, other in zip(runs, alone, strict=True):
        assert (run.status, run.k) == (other.status, other.k)
        assert same(run, other)
    if "target" in case:
        assert len({run.k for run in runs}) > 2


def test_a_large_batch_records_checkpoints_only(both, monkeypatch):
    assert paths.MOST_RUNS == 100
    monkeypatch.setattr(paths, "MOST_RUNS", 3)
    budget = {"steps": 250, "target": 4.0}
    given = {"budget": budget, "checkpoints": Checkpoints(every_steps=100)}
    three, _ = both(Rosenbrock(), [1e-4, 2e-4, 1e-3], **given)
    assert {len(run.path.rows) for run in three} > {202}
    four, alone = both(Rosenbrock(), [1e-4, 2e-4, 3e-4, 1e-3], **given)
    for run, other in zip(four, alone, strict=True):
        steps, whole = parts(run)[0], other.path.table
        assert steps == run.curve[:, 0].tolist()
        there = np.isin(whole[:, 0], steps)
        assert run.path.table.tobytes() == whole[there].tobytes()
    assert four[-1].status == "converged"
    assert four[-1].k % 100


def test_a_study_keeps_paths_and_minimize_does_not_ask_for_them(record_of):
    record = record_of("rosenbrock", "sgd:lr=0.001")
    assert record.path.dtype == np.float64
    assert record.path.shape == (11, 5)
    assert record_of("sphere:size=3", "sgd:lr=0.001").path is None


def test_every_backend_has_the_same_path(backend, run_of):
    problem = optframe.make("rosenbrock").bind(
        optframe.Setting(backend, "float64", np.random.SeedSequence(0), None)
    )
    found = run_of(problem, SGD(lr=1e-3), backend=backend, path=True)
    expected = run_of(Rosenbrock(), SGD(lr=1e-3), path=True)
    assert same(found, expected, rtol=1e-12)


@dataclass(frozen=True)
class OneGradient(Rosenbrock):
    """It gives one gradient for all runs of a batch."""

    def gradient(self, theta):
        return super().gradient(theta if theta.ndim == 1 else theta[0])


def test_a_batch_whose_gradients_have_another_shape_is_refused(both):
    with pytest.raises(NotTogether, match=r"its gradient has shape \(2,\) for 2 runs"):
        both(OneGradient(), [1e-3, 1e-4])


@dataclass(frozen=True)
class NoMetrics(Rosenbrock):
    """It cannot be measured."""

    def metrics(self, theta):
        raise ArithmeticError("no")


def test_a_run_that_fails_at_once_has_no_path(tmp_path):
    registry = optframe.load_plugins()
    registry.add("problems", "unmeasured", NoMetrics())
    study = optframe.Study("one", {"steps": 3}, ["sgd"], [{"name": "unmeasured"}])
    results = optframe.run(study, tmp_path, registry=registry)
    assert results.trials["status"].tolist() == ["failed"]
    assert results.paths.empty
