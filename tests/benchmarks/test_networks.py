"""Training steps of the named networks, against torch and JAX on the same minibatches.

Ours is a whole run of the framework: sampler, gathering of records, loop, update rule. Theirs is
the bare loop over the same indices. Before anything is timed both have to end at the same θ, where
there is no dropout. The data is random: only its shape matters here.
"""

import ctypes
import runpy
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import optframe
from optframe.components.binder import Binder
from optframe.contracts.seeds import Seeds
from optframe.trial.run import Run

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
BATCH = 128
SIZES = {"mnist": ((28, 28, 1), 5 * BATCH), "cifar10": ((32, 32, 3), 2 * BATCH)}
STEPS = {"mnist-lecture": 200, "mnist-mlp": 8, "cifar10-cnn": 2}
RATES = {"adam": 1e-3, "sgd": 0.05}
SIZE = " (784-32-10, batch 128)"
WITH_DROPOUT = " with dropout"


def random_data(name: str) -> optframe.Dataset:
    return RUNS["random_data"](name, *SIZES[name])


class Task:
    """A network with an optimizer: ours as a run, and the same minibatches for others."""

    def __init__(self, name: str, optimizer: str, steps: int = 0, **fields) -> None:
        registry = optframe.load_plugins()
        self.name, self.lr = name, RATES[optimizer]
        self.seeds, self.steps = Seeds(0, 0), steps or STEPS[name]
        backend, instance = Binder(registry).backend("numpy"), self.seeds.sequence("instance")
        setting = optframe.Setting(backend, "float32", instance, random_data)
        self.problem = registry.make("problems", name, fields).bind(setting)
        self.optimizer = registry.make("optimizers", optimizer, {"lr": self.lr})
        self.sampler = registry.make("samplers", "shuffled", {"batch_size": BATCH})
        self.start = self.problem.start(np.random.default_rng(0)).astype("float32")
        self.minibatches = RUNS["minibatches"](self.problem, self.sampler, self.seeds, self.steps)

    def run(self) -> Run:
        given = {"sampler": self.sampler, "budget": {"steps": self.steps}, "seeds": self.seeds}
        run = RUNS["run_of"](self.problem, self.optimizer, self.start, **given)
        run.execute()
        assert run.status == "finished", run.reason
        return run

    def blocks(self, theta):
        return [*self.problem.layout().views(theta).values()]


def torch_model(torch, task: Task, dropout: bool):
    """The same network in torch, with the same start and torch's own layout of images."""
    nn = torch.nn
    layers = {
        "mnist-lecture": lambda: [nn.Linear(784, 32), nn.Sigmoid(), nn.Linear(32, 10)],
        "mnist-mlp": lambda: [
            *((nn.Dropout(0.2),) if dropout else ()),
            *(nn.Linear(784, 1000), nn.ReLU(), *((nn.Dropout(0.5),) if dropout else ())),
            *(nn.Linear(1000, 1000), nn.ReLU(), *((nn.Dropout(0.5),) if dropout else ())),
            nn.Linear(1000, 10),
        ],
        "cifar10-cnn": lambda: [
            *((nn.Dropout(0.2),) if dropout else ()),
            *(nn.Conv2d(3, 64, 5, padding=2), nn.ReLU(), *same_pool(nn)),
            *(nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), *same_pool(nn)),
            *(nn.Conv2d(64, 128, 5, padding=2), nn.ReLU(), *same_pool(nn)),
            *(nn.Flatten(), nn.Linear(2048, 1000), nn.ReLU()),
            *((nn.Dropout(0.5),) if dropout else ()),
            nn.Linear(1000, 10),
        ],
    }[task.name]()
    model = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter, block in zip(model.parameters(), task.blocks(task.start), strict=True):
            parameter.copy_(torch.from_numpy(to_torch(block).copy()))
    return model


def same_pool(nn):
    return nn.ConstantPad2d((0, 1, 0, 1), -np.inf), nn.MaxPool2d(3, 2)


def to_torch(block):
    """Weights as torch lays them; after the flattening of images it is channels first."""
    if block.ndim == 4:
        return block.transpose(3, 2, 0, 1)
    if len(block) == 2048:
        block = block.reshape(4, 4, 128, -1).transpose(2, 0, 1, 3).reshape(block.shape)
    return block.T


def torch_loop(torch, task: Task, optimizer: str, dropout: bool):
    """A function that trains from the start and returns the seconds and the model."""
    part = task.problem.dataset.train
    inputs = part.inputs
    if task.name == "cifar10-cnn":
        inputs = np.ascontiguousarray(inputs.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2))
    inputs, targets = torch.from_numpy(inputs), torch.from_numpy(part.targets)
    minibatches = [torch.from_numpy(indices) for indices in task.minibatches]

    def train():
        model = torch_model(torch, task, dropout)
        rule = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer]
        rule = rule(model.parameters(), lr=task.lr)
        began = perf_counter()
        for indices in minibatches:
            rule.zero_grad()
            outputs = model(inputs[indices])
            torch.nn.functional.cross_entropy(outputs, targets[indices]).backward()
            rule.step()
        return perf_counter() - began, model

    return train


@pytest.fixture
def on_threads(threads):
    """As many threads for torch as for NumPy's BLAS."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    with threadpool_limits(threads):
        yield
    torch.set_num_threads(before)


@pytest.mark.row(
    "a step of {name}{words}, {optimizer}, threads: {threads}",
    "torch, eager",
    "{reach}",
    place="{place}",
)
@pytest.mark.parametrize(
    ("name", "words", "optimizer", "reach", "threads", "place"),
    [
        ("mnist-lecture", SIZE, "sgd", "≥ 2× faster", 1, 8),
        ("mnist-lecture", SIZE, "adam", "≥ 2× faster", 1, 8),
        ("mnist-lecture", SIZE, "adam", "≥ 2× faster", 2, None),
        ("mnist-mlp", "", "adam", "≥ 1× faster", 1, None),
        ("mnist-mlp", WITH_DROPOUT, "adam", "≥ 1× faster", 1, None),
        ("mnist-mlp", WITH_DROPOUT, "adam", "≥ 1× faster", 2, None),
        ("cifar10-cnn", WITH_DROPOUT, "adam", "≥ 0.7×", 1, None),
        ("cifar10-cnn", WITH_DROPOUT, "adam", "≥ 0.7×", 2, None),
    ],
)
def test_steps_against_torch(pairs, on_threads, name, words, optimizer, reach, threads, place):
    torch = import_module("torch")
    dropout = words == WITH_DROPOUT
    fields = {} if name == "mnist-lecture" else {"dropout": False}
    steps = 0 if pairs.enabled else 1
    plain = Task(name, optimizer, steps, **fields)
    ours, (_, model) = plain.run().theta, torch_loop(torch, plain, optimizer, False)()
    with torch.no_grad():
        for found, parameter in zip(plain.blocks(ours), model.parameters(), strict=True):
            np.testing.assert_allclose(to_torch(found), parameter.numpy(), atol=3e-3)
    moved = np.abs(ours - plain.start).max()
    assert moved > 3e-3 or plain.steps * plain.lr < 0.06

    task = Task(name, optimizer, steps) if dropout else plain
    theirs = torch_loop(torch, task, optimizer, dropout)
    pairs.compare(lambda: task.run().clock.seconds, lambda: theirs()[0])


@pytest.mark.row(
    f"a step of mnist-lecture{SIZE}, {{optimizer}}, threads: 1",
    "jax.jit and optax",
    "≥ 1× faster",
    place=8,
)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_steps_against_jax(pairs, optimizer):
    """JAX takes all cores; we take one, as trials do unless a study says otherwise."""
    jax = pytest.importorskip("jax", reason="jax is not installed")
    optax = pytest.importorskip("optax", reason="optax is not installed")
    task = Task("mnist-lecture", optimizer)
    rule = {"adam": optax.adam, "sgd": optax.sgd}[optimizer](task.lr)
    part = task.problem.dataset.train
    inputs, targets = jax.numpy.asarray(part.inputs), jax.numpy.asarray(part.targets)

    def loss(blocks, indices):
        w1, b1, w2, b2 = blocks
        scores = jax.nn.sigmoid(inputs[indices] @ w1 + b1) @ w2 + b2
        logs = jax.nn.log_softmax(scores)
        return -logs[jax.numpy.arange(BATCH), targets[indices]].mean()

    @jax.jit
    def step(blocks, state, indices):
        updates, state = rule.update(jax.grad(loss)(blocks, indices), state)
        return optax.apply_updates(blocks, updates), state

    def theirs():
        blocks = [jax.numpy.asarray(block) for block in task.blocks(task.start)]
        state = rule.init(blocks)
        began = perf_counter()
        for indices in task.minibatches:
            blocks, state = step(blocks, state, indices)
        jax.block_until_ready(blocks)
        return perf_counter() - began, blocks

    with threadpool_limits(1):
        for found, expected in zip(task.blocks(task.run().theta), theirs()[1], strict=True):
            np.testing.assert_allclose(found, expected, atol=3e-3)
        pairs.compare(lambda: task.run().clock.seconds, lambda: theirs()[0])


def print_growth(who: str, name: str) -> None:
    """Print how many MiB a few steps of Adam need beside what this process holds already."""
    task = Task(name, "adam")
    train = task.run
    if who == "torch":
        train = torch_loop(import_module("torch"), task, "adam", name != "mnist-lecture")
    train()  # once for what is made on first use

    def held(word: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(word))

    ctypes.CDLL(None).malloc_trim(0)  # give back what was freed
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak
    before = held("VmRSS")
    train()
    print((held("VmHWM") - before) / 1024)


@pytest.mark.row("memory of Adam on {name}", "torch")
@pytest.mark.parametrize("name", ["mnist-mlp", "cifar10-cnn"])
def test_memory_against_torch(pairs, name):
    pytest.importorskip("torch", reason="torch is not installed")
    if not pairs.enabled:
        if name == "cifar10-cnn":
            pytest.skip("measured with --benchmark-enable")
        name = "mnist-lecture"  # which is quick, and needs too little to be compared
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of a process's memory is read from Linux's /proc")

    def growth(who: str) -> float:
        code = f"import runpy; runpy.run_path({__file__!r})['print_growth']({who!r}, {name!r})"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        return float(done.stdout)

    ours, theirs = growth("ours"), growth("torch")
    assert min(ours, theirs) > 0
    pairs.benchmark.extra_info.update(ours_mib=ours, theirs_mib=theirs)
    pairs.exactly(theirs / ours)
