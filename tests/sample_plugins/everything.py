"""A plugin as somebody wrote it for optframe 0.1.0, with a component of every kind but a backend.

It imports what the documentation names and what the modules that it imports from offer in their
`__all__`. It has to run unchanged with every later version: do not adapt it.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

import optframe.statistics as statistics
from optframe import (
    Budget,
    Count,
    Dataset,
    DatasetLoader,
    Executor,
    Figure,
    Fraction,
    Frames,
    Function,
    NonNegative,
    Number,
    Optimizer,
    Part,
    Point,
    Positive,
    Problem,
    Protocol,
    Reporter,
    Sampler,
    Schedule,
    Search,
    Solver,
    Space,
    StochasticProblem,
    Transform,
    Tuner,
    Wrapper,
    coefficient,
    elementwise,
    hookimpl,
    load_plugins,
    where,
)
from optframe.contracts import Array, EpochSeeds, Indices
from optframe.drawing import frames_of, picture, written
from optframe.errors import UnavailableError, UsageError, nearest, one_line
from optframe.execution import execute
from optframe.rules import maximum, sqrt
from optframe.store import Store
from optframe.study import NO_SAMPLER, STARTS, Checkpoints, RunSettings, Study, Trial
from optframe.trial import Run, Setup

optframe_api = 1

WATCHED: list[tuple[Any, ...]] = []


@elementwise
def update(theta, g, v, a, lr, momentum, decay, rest, eps):
    """v ← μv − εg,  a ← ρa + (1 − ρ)g²,  θ ← θ + v / max(1, √a)."""
    v = momentum * v - lr * g
    a = decay * a + rest * (g * g)
    size = maximum(sqrt(a), eps)
    return theta + where(size > 1, v / size, v), v, a


@dataclass
class Velocity:
    v: Any
    a: Any
    mean: Any
    k: int = 0


@dataclass(frozen=True)
class DampedBall(Optimizer):
    """Damped ball: a heavy ball that slows down where gradients are large."""

    lr: Positive = 0.01
    momentum: Fraction = 0.5
    decay: Fraction = 0.9
    eps: NonNegative = 1e-8
    average: bool = False

    def __post_init__(self) -> None:
        if self.average and np.ndim(self.momentum) == 0 and self.momentum == 0:
            raise ValueError("average needs a momentum")

    def init(self, theta, oracle):
        return Velocity(*(oracle.xp.zeros_like(theta) for _ in range(3)))

    def step(self, theta, state, oracle):
        numbers = (self.lr, self.momentum, self.decay, 1 - self.decay, self.eps)
        theta, state.v, state.a = update(theta, oracle.gradient(theta), state.v, state.a, *numbers)
        state.k += 1
        if self.average:
            state.mean = state.mean + (theta - state.mean) / state.k
        return theta, state

    def solution(self, theta, state):
        return state.mean if self.average else theta


@dataclass(frozen=True)
class PlainDescent(Optimizer):
    """Plain descent, which says what is true of it."""

    lr: Positive = 0.05

    def step(self, theta, state, oracle):
        lr = coefficient(oracle.xp, self.lr, theta)
        return theta - lr * oracle.gradient(theta), state

    def invariances(self):
        return frozenset({"rotation"})

    def displacement(self, gradient, steps):
        return -self.lr * steps * gradient


@dataclass(frozen=True)
class Trimmed(Search):
    """Trimmed: lengths that shrink until the loss is lower."""

    shrink: Fraction = 0.5
    evaluations: Count = 30

    needs = frozenset({"loss", "deterministic"})

    def along(self, start, direction, slope, first, oracle):
        t = first
        for _ in range(self.evaluations):
            theta = start.theta + t * direction
            loss = float(oracle.loss(theta))
            if loss < start.loss + 1e-4 * t * slope:
                return Point(theta, loss, None)
            t *= self.shrink
        return None


@dataclass(frozen=True)
class SearchingDescent(Optimizer):
    """Searching descent: along the gradient, as far as a search says."""

    search: Search = field(default_factory=Trimmed)
    first: Positive = 1.0

    needs = frozenset({"gradient", "loss", "deterministic"})
    vectorized = False

    def step(self, theta, state, oracle):
        loss, gradient = oracle.loss_and_gradient(theta)
        slope = -float(oracle.xp.sum(gradient * gradient))
        if slope == 0:
            oracle.stop("the gradient is zero")
            return theta, state
        start = Point(theta, float(loss), gradient)
        found = self.search.along(start, -gradient, slope, self.first, oracle)
        if found is None:
            oracle.stop("no lower loss was found")
            return theta, state
        return found.theta, state


@dataclass(frozen=True)
class OwnLoop(Solver):
    """Own loop: code that reports its iterates."""

    lr: Positive = 0.05

    def minimize(self, theta, oracle, report):
        while True:
            theta = theta - self.lr * oracle.gradient(theta)
            if not report(theta):
                return theta


@dataclass(frozen=True)
class Twice(Wrapper):
    """Twice: two steps inside are one, on gradients that are cut at a limit."""

    optimizer: Optimizer
    limit: Positive = 10.0

    def step(self, theta, state, oracle):
        cut = oracle.through(lambda g: oracle.xp.clip(g, -self.limit, self.limit))
        theta, state = self.optimizer.step(theta, state, cut)
        return self.optimizer.step(theta, state, cut)


@dataclass(frozen=True)
class Trough(Function):
    """Trough: f(x, y) = ½(x² + c·y²) + xy/2."""

    condition: Positive = 10.0

    size = 2
    minimum = 0.0
    minimizer = (0.0, 0.0)
    quadratic = True

    def start(self, random):
        return [4.0, -1.0]

    def loss(self, theta):
        x, y = theta[..., 0], theta[..., 1]
        return 0.5 * (x * x + self.condition * y * y) + 0.5 * x * y

    def gradient(self, theta):
        x, y = theta[..., 0], theta[..., 1]
        return self.xp.stack([x + 0.5 * y, self.condition * y + 0.5 * x], axis=-1)

    def hessian(self, theta):
        return self.xp.broadcast_to(self._matrix, (*theta.shape, 2))

    @cached_property
    def _matrix(self) -> Array:
        return self.asarray([[1.0, 0.5], [0.5, self.condition]])


@dataclass(frozen=True)
class Fit(StochasticProblem):
    """Fit: a plane through a data set's targets, ½ mean (wᵀx − y)²."""

    data: str = "ramp"

    @property
    def size(self):
        return self._parts[0][0].shape[1]

    @property
    def records(self):
        return len(self._parts[0][1])

    def start(self, random):
        return np.zeros(self.size)

    def draw(self, indices, random):
        inputs, targets = self._parts[0]
        return (inputs, targets) if indices is None else (inputs[indices], targets[indices])

    def loss(self, theta, batch):
        errors = self._errors(theta, batch)
        return 0.5 * self.xp.mean(errors * errors, axis=-1)

    def gradient(self, theta, batch):
        inputs, _ = batch
        return self._errors(theta, batch) @ inputs / inputs.shape[0]

    def metrics(self, theta):
        train, test = self._parts
        return {"loss": self.loss(theta, train), "test_loss": self.loss(theta, test)}

    def groups(self, by):
        return np.arange(self.records) // 4 if by == "subject" else None

    def _errors(self, theta, batch):
        inputs, targets = batch
        return theta @ inputs.T - targets

    @cached_property
    def _set(self) -> Dataset:
        if self.setting is None:
            raise UsageError(f"{type(self).__name__} reads {self.data!r} when it is bound")
        return self.setting.dataset(self.data)

    @cached_property
    def _parts(self):
        parts = (self._set.train, self._set.test)
        return [(self.asarray(part.inputs), self.asarray(part.targets)) for part in parts]


@dataclass(frozen=True)
class Lifted(Transform):
    """Lifted: the loss plus a number, with the noise of a normal draw on the gradient."""

    problem: Problem
    by: Number = 1.0
    sigma: NonNegative = 0.0

    deterministic = False
    draws_batch = True

    def draw(self, indices, random):
        noise = np.zeros(self.size) if random is None else random.standard_normal(self.size)
        return self.asarray(self.sigma * noise), self._draw_inside(indices, random)

    def loss(self, theta, batch):
        noise, inside = batch
        return self.inside.loss(theta, *inside) + self.by + self.xp.sum(noise * theta, axis=-1)

    def gradient(self, theta, batch):
        noise, inside = batch
        return self.inside.gradient(theta, *inside) + noise


@dataclass(frozen=True)
class Ramp(DatasetLoader):
    """Ramp: inputs on a grid, and targets that are linear in them but for a ripple."""

    records: Count = 24

    def load(self):
        x = np.linspace(-1, 1, self.records)
        inputs = np.stack([x, np.ones_like(x)], axis=1)
        targets = 2 * x - 1 + 0.1 * np.sin(9 * x)
        part = Part(inputs, targets)
        return Dataset("ramp", part, Part(inputs[::3], targets[::3]), part, 0)


@dataclass(frozen=True)
class Strips(Sampler):
    """Strips: neighbouring records, in a new random order of strips in each epoch."""

    batch_size: Count = 8

    def steps_per_epoch(self, records: int) -> int:
        return -(-records // self.batch_size)

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> list[Indices]:
        size = self.batch_size
        order = seeds.generator(epoch).permutation(self.steps_per_epoch(records))
        return [slice(i * size, min((i + 1) * size, records)) for i in order]

    def mistake(self, records: int) -> str | None:
        if self.batch_size <= records:
            return None
        return f"a strip of {self.batch_size} is longer"


@dataclass(frozen=True)
class Teeth(Schedule):
    """Teeth: from the value down to half of it, again and again."""

    value: Number
    steps: Count = 5

    def __call__(self, k, epoch, progress):
        return self.value * (1 - 0.5 * (k % self.steps) / self.steps)


@dataclass(frozen=True)
class Backwards(Executor):
    """Backwards: one trial after another, the last first."""

    def run(self, work, items, stop):
        for item in reversed(items):
            if stop.requested:
                return
            yield work(item)


@dataclass(frozen=True)
class Ends(Figure):
    """Ends: the median of what is left at the end, a bar for each optimizer."""

    metric: str = "loss"
    scale: Literal["linear", "log"] = "linear"

    def title(self):
        return f"final {self.metric}"

    def missing(self, frames: Frames) -> str | None:
        if self.metric in frames.trials:
            return None
        return f"no {self.metric}; {nearest(self.metric, frames.trials.columns)}"

    def data(self, frames: Frames):
        medians = frames.trials.groupby("optimizer", sort=False)[self.metric].median()
        every = statistics.final(frames.trials, self.metric)
        return medians.reset_index().assign(worst=float(every.max()))

    def draw(self, axes, frames: Frames) -> None:
        for _, row in self.data(frames).iterrows():
            name = row["optimizer"]
            axes.bar([name], [row[self.metric]], color=frames.colors[name])
        axes.set_yscale(self.scale)
        axes.set_title(self.title())


@dataclass(frozen=True)
class Listed(Reporter):
    """Listed: ``listed.json``, how the trials ended, and a picture."""

    def write(self, results, folder: Path, registry) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        frames = frames_of(results)
        ends = registry.make("figures", "ends", {"metric": "loss"})
        if ends.missing(frames) is None:
            (folder / "ends.svg").write_bytes(written(picture(ends, frames, 3.3), "svg"))
        told = {
            "study": results.study["name"],
            "statuses": Counter(frames.trials["status"]),
            "last steps": frames.curves.groupby("key")["step"].max().tolist(),
        }
        path = folder / "listed.json"
        path.write_text(json.dumps(told), encoding="utf-8")
        return path


def study(name: str, **settings: Any) -> Study:
    """Return a study of this plugin's, as somebody's script makes it."""
    return Study(
        name,
        Budget(steps=20),
        ["damped-ball:lr=0.02"],
        ["trough"],
        start=STARTS[1],
        run=RunSettings(checkpoints={"every_steps": 5}, **settings),
    )


class Draws:
    """Generators for a run that is made by hand."""

    def generator(self, axis: str, *path: int) -> np.random.Generator:
        return np.random.default_rng(path)


def one_run(problem: Problem, optimizer: Optimizer, steps: int) -> Run:
    """Run one optimizer by hand, as a notebook does that looks into a run."""
    setup = Setup(
        problem=problem,
        backend=load_plugins().make("backends", "numpy"),
        optimizer=optimizer,
        sampler=None,
        budget=Budget(steps=steps),
        checkpoints=Checkpoints(every_steps=1),
        seeds=Draws(),
        start=problem.start(Draws().generator("start")),
        dtype="float64",
    )
    run = Run(setup)
    run.execute()
    return run


def is_ours(trial: Trial) -> bool:
    """Whether a trial needs no data and is measured at every fifth step."""
    return trial.sampler == NO_SAMPLER and trial.checkpoints == Checkpoints(every_steps=5)


def opened(folder: Path) -> str:
    """Open a store for writing, and say in one line why that cannot be done."""
    try:
        with Store(folder) as store:
            return str(store.path)
    except (UnavailableError, OSError) as error:
        return one_line(error)


def records(executor: Executor, runner: Any, batches: Any, stop: Any) -> list[Any]:
    """Return the records of batches of trials that an executor runs."""
    return [record for some in execute(executor, runner, batches, stop) for record in some]


@dataclass(frozen=True)
class Ladder(Tuner):
    """Evenly spaced settings, then the middle between the best two."""

    adaptive = True
    deterministic = True

    rungs: Count = 3

    def ask(self, space, history, trials, seed):
        if not history:
            count = min(self.rungs, trials)
            return [{n: s.at((i + 0.5) / count) for n, s in space.items()} for i in range(count)]
        if len(history) == trials:
            return []
        one, other = (tried.setting for tried in sorted(history, key=lambda t: t.value)[:2])
        middle = {n: s.at((s.u_of(one[n]) + s.u_of(other[n])) / 2) for n, s in space.items()}
        return [middle]


@dataclass(frozen=True)
class Careful(Protocol):
    """A ladder of five for the learning rate, each setting with two seeds."""

    tuner: ClassVar[str] = "ladder:rungs=3"
    trials: ClassVar[int] = 5
    tuning_seeds: ClassVar[int | None] = 2
    source: ClassVar[str] = "made up"

    def space(self, optimizer, given, fields):
        return {"lr": Space(1e-3, 1e-1)} if "lr" in fields and "lr" not in given else None


@hookimpl
def optframe_tuners():
    return {"ladder": Ladder}


@hookimpl
def optframe_protocols():
    return {"careful": Careful}


@hookimpl
def optframe_optimizers():
    return {
        "damped-ball": DampedBall,
        "plain-descent": PlainDescent,
        "searching-descent": SearchingDescent,
        "own-loop": OwnLoop,
    }


@hookimpl
def optframe_searches():
    return {"trimmed": Trimmed}


@hookimpl
def optframe_wrappers():
    return {"twice": Twice}


@hookimpl
def optframe_problems():
    return {"trough": Trough, "fit": Fit}


@hookimpl
def optframe_transforms():
    return {"lifted": Lifted}


@hookimpl
def optframe_datasets():
    return {"ramp": Ramp}


@hookimpl
def optframe_samplers():
    return {"strips": Strips}


@hookimpl
def optframe_schedules():
    return {"teeth": Teeth}


@hookimpl
def optframe_executors():
    return {"backwards": Backwards}


@hookimpl
def optframe_figures():
    return {"ends": Ends}


@hookimpl
def optframe_reporters():
    return {"listed": Listed}


@hookimpl
def optframe_studies():
    return {"everything": str(Path(__file__).with_suffix(".toml"))}


@hookimpl
def optframe_study_started(name, planned, missing):
    WATCHED.append(("started", name, planned, missing))


@hookimpl
def optframe_round_started(stage, planned, missing):
    WATCHED.append(("round", stage, planned, missing))


@hookimpl
def optframe_trial_finished(trial, record):
    WATCHED.append(("finished", trial.optimizer.label, trial.seed, record.status))


@hookimpl
def optframe_study_finished(name, counts):
    WATCHED.append(("ended", name, dict(counts)))
