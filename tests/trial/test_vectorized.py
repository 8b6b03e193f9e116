"""Many runs at once leave what they leave one at a time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe import Function, Optimizer, StochasticProblem, Study, load_plugins
from optframe.cli import main
from optframe.components.binder import Binder
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Component
from optframe.execution.grouping import companions
from optframe.execution.trial_runner import TrialRunner
from optframe.statistics import summary
from optframe.study.settings import RunSettings
from optframe.trial.minibatches import Minibatches
from optframe.trial.stacking import StackedMinibatches

RESULTS = ["status", "reason", "steps", "epochs", "samples", "losses", "gradients", "derived_seed"]


@pytest.fixture
def both(tmp_path):
    """Run a study one run at a time and together; return both results."""

    def run(**fields):
        given = {"name": "both", "budget": {"steps": 150}, "problems": "rosenbrock", "seeds": 3}
        made = []
        for together in (False, True):
            settings = RunSettings(together=together)
            study = Study(**{**given, "start": "random", **fields}, run=settings)
            made.append(optframe.run(study, tmp_path / str(together)))
        return made

    return run


def batched(results):
    return results.trials["together"].gt(1)


@pytest.fixture
def compared(both):
    """Run both ways, compare all but the times, and return the results of the runs together."""

    def run(rtol=0.0, **fields):
        alone, together = both(**fields)
        left, right = alone.trials, together.trials
        assert (left["key"] == right["key"]).all()
        assert (left["together"] == 1).all()
        for name in RESULTS:
            pd.testing.assert_series_equal(left[name], right[name])
        ours, theirs = (r.curves.drop(columns="seconds") for r in (alone, together))
        if rtol:
            pd.testing.assert_frame_equal(ours, theirs, rtol=rtol, atol=rtol)
        else:
            pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
        return together

    return run


def rates(*lr, name="sgd"):
    return [{"name": name, "lr": [*lr]}]


SWEEPS = {
    "sgd": {"lr": [1e-4, 1e-3, 10.0]},
    "momentum": {"lr": [1e-4, 1e-3], "momentum": [0.0, 0.5]},
    "momentum:form=torch": {"lr": [1e-4, 1e-3], "dampening": [0.0, 0.5]},
    "nesterov": {"lr": [1e-4, 1e-3]},
    "adagrad": {"lr": [0.1, 1.0]},
    "rmsprop": {"lr": [0.01, 0.1], "momentum": [0.0, 0.5]},
    "adadelta": {"rho": [0.9, 0.95]},
    "adam": {"lr": [0.01, 0.1], "beta1": [0.8, 0.9], "beta2": [0.9, 0.999]},
    "adamw": {"lr": [0.01], "weight_decay": [0.0, 0.1]},
    "amsgrad": {"lr": [0.01, 0.1]},
    "nadam": {"lr": [0.01, 0.1]},
    "lion": {"lr": [0.001, 0.01]},
    "delta-bar-delta": {"lr": [1e-4, 1e-3]},
}


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_on_a_function_is_the_same_to_the_bit(name, compared):
    table = {**optframe.components.notation.parse(name), **SWEEPS[name]}
    together = compared(optimizers=[table])
    assert batched(together).all()
    assert together.trials["together"].nunique() == 1


def test_wrappers_schedules_and_numbers_inside_of_them(compared):
    fading = [{"schedule": "linear", "start": 0.1, "end": 0.0, "steps": 100}]
    clips = [{"name": "adam", "wrap": [{"name": "clip-norm", "max": m}]} for m in (0.1, 1.0)]
    averages = [{"name": "sgd", "lr": lr, "wrap": [{"name": "polyak"}]} for lr in (1e-4, 1e-3)]
    together = compared(
        optimizers=[{"name": "adam", "lr": fading, "beta1": [0.8, 0.9]}, *clips, *averages]
    )
    assert together.trials["together"].tolist() == [6] * 6 + [6] * 6 + [6] * 6


def test_runs_that_end_leave_without_disturbing_the_others(compared):
    together = compared(
        optimizers=[*rates(0.003, 0.05, 0.3, name="adam"), *rates(1e-3, 1.0)],
        budget={"steps": 400, "target": 0.5, "patience": 12},
    )
    assert batched(together).all()
    assert {"converged", "stopped", "diverged"} <= set(together.trials["status"])
    assert together.trials["steps"].nunique() > 8


def test_divergence_is_located_to_the_step(compared):
    together = compared(optimizers=rates(1e-3, 2e-3, 0.01, 0.1, 1.0), budget={"steps": 5000})
    lost = together.trials["status"] == "diverged"
    assert 6 < lost.sum() < 15
    assert together.trials["reason"][lost].nunique() > 2


@pytest.mark.parametrize(
    "problem", ["quadratic:size=6,rotate=true", "rosenbrock+noise:sigma=0.3", "noisy-quadratic"]
)
def test_what_is_drawn_is_each_runs_own(problem, compared):
    together = compared(optimizers=rates(1e-4, 1e-3), problems=problem)
    assert batched(together).all()
    assert together.trials["loss"].nunique() == 6


@pytest.mark.parametrize(
    ("problem", "sampler", "rtol"),
    [
        ("softmax", "shuffled:batch_size=50", 1e-6),
        ("mlp:hidden=[8]", "with-replacement", 1e-3),
        ("mlp:hidden=[8],dropout_hidden=0.5,dropout_input=0.1", "shuffled:batch_size=64", 1e-3),
        ("ridge:data=diabetes", "shuffled", 1e-9),
        ("logistic:data=breast-cancer", "full", 1e-9),
        ("logistic:data=breast-cancer", "sequential", 1e-9),
    ],
)
def test_minibatches_and_masks_are_each_runs_own(problem, sampler, rtol, compared):
    fields = {"problems": problem, "samplers": [sampler], "budget": {"epochs": 2}}
    assert batched(compared(rtol, optimizers=rates(0.001, 0.01, name="adam"), **fields)).all()


@pytest.mark.parametrize(
    ("problem", "rtol"), [("softmax", 1e-6), ("mlp:hidden=[8],dropout_hidden=0.5", 1e-3)]
)
def test_runs_of_one_seed_end_as_they_do_alone(problem, rtol, compared):
    fields = {"problems": problem, "samplers": ["shuffled"], "budget": {"steps": 30}, "seeds": 1}
    assert batched(compared(rtol, optimizers=rates(0.01, 0.1, 1.0), **fields)).all()


def test_the_records_of_one_seed_are_taken_once():
    problem = Binder(load_plugins()).problem(
        Component("softmax", '{"data":"digits"}', "softmax"), "numpy", "float32", Seeds(0, 0)
    )
    sampler = load_plugins().make("samplers", "shuffled", {"batch_size": 8})
    for others, shared in ((0, True), (1, False)):
        seeds = Seeds(0, 0), Seeds(0, others), Seeds(0, 0)
        alone = [Minibatches(problem, sampler, each) for each in seeds]
        batch, size = StackedMinibatches(alone, sampler).draw(3)
        assert (batch.inputs.shape, batch.targets.shape, size) == ((3, 8, 65), (3, 8), 8)
        assert (batch.inputs.strides[0] == 0) is shared
        for row, one in enumerate(alone):
            assert (batch.inputs[row] == one.draw(3)[0].inputs).all()
            assert (batch.targets[row] == one.draw(3)[0].targets).all()


def test_what_cannot_share_a_batch_runs_alone(compared):
    together = compared(
        optimizers=["lbfgs", "bfgs:search=armijo", "newton", "coordinate-descent:step=gradient"],
        budget={"steps": 20},
    )
    assert not batched(together).any()


@pytest.mark.parametrize(
    "fields",
    [
        {"budget": {"seconds": 0.01}},
        {"problems": "ridge:data=diabetes", "samplers": ["stream"]},
    ],
)
def test_seconds_and_streams_are_a_runs_own(fields, both):
    _, together = both(optimizers=rates(1e-4, 1e-5), **fields)
    assert not batched(together).any()


@dataclass(frozen=True)
class MixesRuns(Function):
    """It has not thought of leading axes."""

    size = 3

    def start(self, random):
        return np.ones(3)

    def loss(self, theta):
        return self.xp.sum(theta * theta, axis=-1)

    def gradient(self, theta):
        return 2 * theta * (1 + self.xp.sum(theta * theta))


@dataclass(frozen=True)
class OneBatchForAll(StochasticProblem):
    """Its minibatches have no run axis."""

    records = 40
    size = 2

    def start(self, random):
        return np.ones(2)

    def draw(self, indices, random):
        return self._x[np.ravel(indices)] if indices is not None else self._x

    def loss(self, theta, batch):
        return self.xp.mean((theta[..., None, :] - batch) ** 2, axis=(-2, -1))

    def gradient(self, theta, batch):
        return theta - self.xp.mean(batch, axis=0)

    def metrics(self, theta):
        return {"loss": self.loss(theta, self._x)}

    @cached_property
    def _x(self):
        return self.asarray(np.random.default_rng(0).standard_normal((40, 2)))


@dataclass(frozen=True)
class MixesByAMean(MixesRuns):
    """Runs that start at one point do not show it."""

    def gradient(self, theta):
        return 2 * theta - self.xp.mean(theta)


@dataclass(frozen=True)
class MeasuresWithoutAnAxis(MixesRuns):
    def gradient(self, theta):
        return 2 * theta

    def metrics(self, theta):
        return {"loss": self.xp.sum(theta * theta)}


@dataclass(frozen=True)
class NormalizesAll(Optimizer):
    lr: optframe.Number = 0.1

    def step(self, theta, state, oracle):
        g = oracle.gradient(theta)
        return theta - self.lr * g / oracle.xp.sqrt(oracle.xp.sum(g * g)), state


@dataclass
class Scales:
    scales: object


@dataclass(frozen=True)
class SharesItsState(Optimizer):
    """Its state is one array for all runs, of a shape that rows of two runs have, too."""

    lr: optframe.Number = 0.1

    def init(self, theta, oracle):
        return Scales(oracle.xp.asarray([1.0, 0.5]))

    def step(self, theta, state, oracle):
        return theta - self.lr * state.scales * oracle.gradient(theta), state


@dataclass(frozen=True)
class DrawsANumber(Optimizer):
    """One number per step and run, for all parameters."""

    lr: optframe.Number = 0.001

    random = True

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.random.uniform() * oracle.gradient(theta), state


@pytest.mark.parametrize(
    "fields",
    [
        {"optimizers": rates(0.01, 0.1, name="adam"), "budget": {"gradients": 57}},
        {
            "optimizers": rates(0.01, 0.1, name="adam"),
            "budget": {"steps": 300, "gradient_norm": 1.0},
        },
        {"optimizers": rates(0.01, 0.1, name="adam"), "budget": {"steps": 1}},
        # Two runs of two parameters: what broadcasts the wrong way would not raise.
        {"optimizers": [DrawsANumber()], "seeds": 2},
        {"problems": "rosenbrock+multiplicative-noise:sigma=0.0005", "seeds": 2},
        {"problems": "rosenbrock+multiplicative-noise:sigma=0.5", "seeds": 2},
    ],
    ids=["gradients", "gradient norm", "one step", "a number", "small factors", "large factors"],
)
def test_every_budget_and_single_numbers_that_are_drawn(fields, compared):
    assert batched(compared(**{"optimizers": ["sgd:lr=1e-4"], **fields})).all()


@dataclass(frozen=True)
class Exits(Optimizer):
    lr: optframe.Number = 0.1
    after: int = 0

    def step(self, theta, state, oracle):
        if oracle.step == self.after:
            raise SystemExit(3)
        return theta - self.lr * oracle.gradient(theta), state


@pytest.mark.parametrize("after", [0, 4])
def test_an_exit_is_a_failed_run(after, compared):
    together = compared(optimizers=[Exits(1e-4, after), Exits(2e-4, after)])
    assert set(together.trials["status"]) == {"failed"}


def test_the_reason_to_run_alone_is_said(both, capsys):
    both(problems=[MixesByAMean()], optimizers=rates(0.01, 0.02))
    assert (
        "runs like sgd:lr=0.01 on mixesbyamean run one at a time: its gradient in a batch "
        "differs from that of a run alone"
    ) in capsys.readouterr().err


def test_a_target_passed_on_the_way_is_no_divergence(compared):
    """With targets tested rarely a run may pass one, and diverge before anybody looks."""
    together = compared(
        optimizers=rates(1.0, 3.0),
        problems="quadratic:size=3,condition=1+noise:sigma=0.5",
        budget={"steps": 400, "target": 0.3, "target_every": 50},
    )
    assert "diverged" in set(together.trials["status"])


@dataclass(frozen=True)
class Stops(Optimizer):
    lr: optframe.Number = 0.1

    def step(self, theta, state, oracle):
        if oracle.step == 7:
            oracle.stop("seven is enough")
        return theta - self.lr * oracle.gradient(theta), state


@dataclass(frozen=True)
class Raises(Optimizer):
    lr: optframe.Number = 0.1

    def step(self, theta, state, oracle):
        if oracle.step == 5 and float(np.max(self.lr)) > 0.0015:
            raise ValueError("too large a rate")
        return theta - self.lr * oracle.gradient(theta), state


ALONE = {
    "mixes runs": {"problems": [MixesRuns()]},
    "one batch for all": {"problems": [OneBatchForAll()]},
    "mixes by a mean": {"problems": [MixesByAMean()], "start": "standard"},
    "no axis": {"problems": [MeasuresWithoutAnAxis()]},
    "stops": {"optimizers": [Stops(0.001), Stops(0.002)]},
    "normalizes all": {"optimizers": [NormalizesAll(0.001), NormalizesAll(0.002)]},
    "shares its state": {"optimizers": [SharesItsState(1e-4)], "seeds": 2},
    "minibatches of several sizes": {
        "problems": "logistic:data=breast-cancer",
        "samplers": ["grouped:by=class,how=stratified"],
    },
}


@pytest.mark.parametrize("what", ALONE)
def test_what_turns_out_to_take_one_run_at_a_time_gets_its_way(what, compared):
    assert not batched(compared(**{"optimizers": rates(0.01, 0.02), **ALONE[what]})).any()


def test_an_exception_is_that_of_its_run_and_the_others_are_there(compared):
    together = compared(optimizers=[Raises(0.001), Raises(0.002)], seeds=2)
    failed = together.trials["status"] == "failed"
    assert failed.tolist() == [False, False, True, True]
    assert together.trials["reason"][failed].unique() == ["ValueError: too large a rate"]


def test_a_batch_is_as_large_as_memory_allows():
    registry = load_plugins()
    adams, problem = rates(0.1, 0.2, name="adam"), "quadratic:size=20000"
    study = Study("x", {"steps": 5}, adams, problem, seeds=40, start="random")
    trials = study.trials(registry)
    runner = TrialRunner(registry, Binder(registry))
    (whole,) = companions(trials, runner, memory=1024.0)
    assert len(whole) == 80
    parts = companions(trials, runner, memory=16.0)
    assert 3 < max(map(len, parts)) < 40
    assert [trial for part in parts for trial in part] == trials


def test_times_stay_out_of_tables_and_one_landscape_per_batch_is_kept(both):
    alone, together = both(optimizers=rates(1e-4, 1e-3))
    for results, shown in ((alone, True), (together, False)):
        table = summary(results.trials)
        assert table["seconds_per_step"].notna().all() == shown
    assert (together.trials["seconds"] > 0).all()
    assert (len(alone.landscapes), len(together.landscapes)) == (6, 1)


def test_the_command_line_says_so(tmp_path, monkeypatch):
    words = "optframe run -o sgd:lr=0.001 -o sgd:lr=0.002 -p rosenbrock --steps 9 --together"
    monkeypatch.setattr("sys.argv", [*words.split(), "--no-report", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert optframe.load(tmp_path).trials["together"].tolist() == [2, 2]


def test_a_long_batch_is_rehearsed_from_where_it_begins(tmp_path):
    """From some size on, an update overwrites its θ, and with it what was not copied."""
    study = Study(
        "long",
        {"steps": 2},
        rates(*np.geomspace(1e-5, 1e-4, 4_000).tolist()),
        "rosenbrock-extended:size=10",
        run=RunSettings(together=True, checkpoints=1),
    )
    results = optframe.run(study, tmp_path)
    assert (results.trials["together"] > 1_000).all()
