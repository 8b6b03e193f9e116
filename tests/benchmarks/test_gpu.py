"""CuPy against torch on the same CUDA device: one large update, and many small networks at once.

Every measurement begins and ends with the device at rest. Where there is no device the ordinary
suite runs the same code, small, with NumPy and torch on the CPU.
"""

import runpy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import optframe
from optframe.contracts.seeds import Seeds
from optframe.rules import computing_with
from optframe.trial.stacking import merged
from optframe.trial.vectorized import VectorizedRuns
from optframe_plugins.backends.cupy import CupyBackend
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.adam import Adam

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
LR = 1e-3
ADAM_MOVES, COPY_MOVES = 7, 2
"""Arrays read and written: θ, g, m, v and θ, m, v; the source and the target."""

BATCH, RECORDS, COUNT = 128, 5 * 128, 50


@dataclass(frozen=True)
class Device:
    """A device, as optframe and torch know it."""

    backend: optframe.Backend
    torch: Any
    name: str

    def wait(self) -> None:
        """Wait until both libraries have done all that they were given."""
        self.backend.synchronize()
        if self.name == "cuda":
            self.torch.cuda.synchronize()

    def seconds(self, work: Callable[[], object], count: int) -> float:
        """Return how long one piece of work takes when so many are queued, all of them done."""
        with computing_with(self.backend):
            self.wait()
            began = perf_counter()
            for _ in range(count):
                work()
            self.wait()
            return (perf_counter() - began) / count

    def tensor(self, values: np.ndarray) -> Any:
        return self.torch.from_numpy(np.ascontiguousarray(values)).to(self.name)


@pytest.fixture(scope="module")
def card() -> Device:
    """The CUDA device of this machine."""
    missing = CupyBackend().missing()
    if missing:
        pytest.skip(missing.partition(";")[0])
    torch = pytest.importorskip("torch", reason="torch is not installed")
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    return Device(CupyBackend(), torch, "cuda")


class Updates:
    """Adam's step on one long vector, by optframe and by torch's fused kernel; and a copy."""

    def __init__(self, device: Device, size: int) -> None:
        random = np.random.default_rng(0)
        theta, g = (random.standard_normal(size, np.float32) for _ in range(2))
        xp, torch = device.backend.xp, device.torch
        self.device, self.adam = device, Adam(lr=LR)
        self.theta, self.g = device.backend.asarray(theta), device.backend.asarray(g)
        self.oracle = SimpleNamespace(xp=xp, gradient=lambda theta: self.g)
        self.state = self.adam.init(self.theta, self.oracle)
        self.parameter = torch.nn.Parameter(device.tensor(theta.copy()))
        self.parameter.grad = device.tensor(g)
        self.torchs = torch.optim.Adam([self.parameter], lr=LR, fused=True).step
        self.target = xp.empty_like(self.g)

    def ours(self) -> None:
        self.theta, self.state = self.adam.step(self.theta, self.state, self.oracle)

    def copy(self) -> None:
        self.target[...] = self.g

    def check(self) -> None:
        """Do three steps on both sides, and hold the results together."""
        with computing_with(self.device.backend):
            for _ in range(3):
                self.ours()
                self.torchs()
            self.copy()
        self.device.wait()
        ours = self.device.backend.to_numpy(self.theta)
        theirs = self.parameter.detach().cpu().numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
        assert bool((self.target == self.g).all())


class Networks:
    """The 784-32-10 network from many starts, with Adam: a batch of runs, and torch's ways."""

    def __init__(self, device: Device, runs: int, steps: int, side: int = 28) -> None:
        self.device, self.steps = device, steps
        self.dataset = RUNS["random_data"]("random", (side, side, 1), RECORDS)
        registry = optframe.load_plugins()
        self.seeds = [Seeds(0, i) for i in range(runs)]
        setting = optframe.Setting(
            device.backend, "float32", self.seeds[0].sequence("instance"), lambda name: self.dataset
        )
        self.problem = registry.make("problems", "mnist-lecture").bind(setting)
        self.sampler = registry.make("samplers", "shuffled", {"batch_size": BATCH})
        self.starts = [
            self.problem.start(seeds.generator("start")).astype("float32") for seeds in self.seeds
        ]

    def together(self) -> VectorizedRuns:
        """Train all of them at once."""
        given = {"sampler": self.sampler, "budget": {"steps": self.steps}}
        runs = [
            RUNS["run_of"](self.problem, Adam(lr=LR), start, seeds=seeds, **given)
            for seeds, start in zip(self.seeds, self.starts, strict=True)
        ]
        batch = VectorizedRuns(
            runs, merged([run.setup.optimizer for run in runs], self.device.backend)
        )
        batch.execute()
        assert {run.status for run in runs} == {"finished"}
        return batch

    def ours(self) -> float:
        """The seconds of one step of one network."""
        return self.together().clock.seconds / (self.steps * len(self.seeds))

    @cached_property
    def indices(self) -> Any:
        """The records of every step, shape (steps, runs, batch), on the device."""
        found = [
            RUNS["minibatches"](self.problem, self.sampler, seeds, self.steps)
            for seeds in self.seeds
        ]
        return self.device.tensor(np.swapaxes(np.array(found), 0, 1))

    @cached_property
    def data(self) -> tuple[Any, Any]:
        part = self.dataset.train
        return self.device.tensor(part.inputs), self.device.tensor(part.targets)

    def blocks(self, start: np.ndarray) -> list[Any]:
        """The weights and biases of one θ, or of many, on the device."""
        return [self.device.tensor(block) for block in self.problem.layout().views(start).values()]

    def one_in_torch(self, run: int) -> tuple[float, list[Any]]:
        """Train one of them; return the seconds of a step, and the weights and biases."""
        torch, (inputs, targets), start = self.device.torch, self.data, self.starts[run]
        nn = torch.nn
        model = nn.Sequential(nn.Linear(self.data[0].shape[1], 32), nn.Sigmoid(), nn.Linear(32, 10))
        model = model.to(self.device.name)
        with torch.no_grad():
            for parameter, block in zip(model.parameters(), self.blocks(start), strict=True):
                parameter.copy_(turned(block))
        optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
        mine = iter(self.indices[:, run])

        def step() -> None:
            indices = next(mine)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs[indices]), targets[indices]).backward()
            optimizer.step()

        seconds = self.device.seconds(step, self.steps)
        return seconds, [turned(parameter.detach()) for parameter in model.parameters()]

    def all_in_torch(self) -> tuple[float, list[Any]]:
        """Train all of them by torch.func.vmap; return the same of one, and of all."""
        torch, (inputs, targets) = self.device.torch, self.data

        def loss(blocks: list[Any], x: Any, y: Any) -> Any:
            w1, b1, w2, b2 = blocks
            scores = torch.sigmoid(x @ w1 + b1) @ w2 + b2
            return torch.nn.functional.cross_entropy(scores, y)

        gradient = torch.func.vmap(torch.func.grad(loss))
        parameters = [torch.nn.Parameter(block) for block in self.blocks(np.array(self.starts))]
        optimizer = torch.optim.Adam(parameters, lr=LR, fused=True)
        steps = iter(self.indices)

        def step() -> None:
            indices = next(steps)
            held = [parameter.detach() for parameter in parameters]
            found = gradient(held, inputs[indices], targets[indices])
            for parameter, slope in zip(parameters, found, strict=True):
                parameter.grad = slope
            optimizer.step()

        seconds = self.device.seconds(step, self.steps) / len(self.seeds)
        return seconds, [parameter.detach() for parameter in parameters]

    def losses(self, blocks: list[Any]) -> np.ndarray:
        """The training loss of one network or of many, computed by torch."""
        inputs, targets = self.data
        w1, b1, w2, b2 = (block if block.ndim > 1 else block[None] for block in blocks)
        torch = self.device.torch
        scores = torch.sigmoid(inputs @ w1 + b1[..., None, :]) @ w2 + b2[..., None, :]
        scores = scores.reshape(-1, len(targets), 10)
        each = [torch.nn.functional.cross_entropy(one, targets) for one in scores]
        return torch.stack(each).detach().cpu().numpy()

    def check(self) -> None:
        """Train by all three ways, and hold what came of it together."""
        batch = self.together()
        column = batch.runs[0].columns.index("loss")
        before, ours = (np.array([run.rows[i][column] for run in batch.runs]) for i in (0, -1))
        assert np.abs(ours - before).min() > 0.01
        np.testing.assert_allclose(ours, self.losses(self.all_in_torch()[1]), rtol=1e-4)
        last = len(self.seeds) - 1
        np.testing.assert_allclose(ours[-1:], self.losses(self.one_in_torch(last)[1]), rtol=1e-4)


def turned(block: Any) -> Any:
    """Weights as torch's layers have them, or back; biases as they are."""
    return block.T if block.ndim == 2 else block


@pytest.fixture(scope="module")
def updates(card):
    """Adam's steps at a size, checked; those of another size are let go."""
    held: dict[int, Updates] = {}

    def make(size: int) -> Updates:
        if size not in held:
            held.clear()
            held[size] = Updates(card, size)
            held[size].check()
        return held[size]

    return make


@pytest.fixture(scope="module")
def networks(card):
    """The networks, checked."""
    made = Networks(card, runs=256, steps=20)
    made.check()
    return made


SIZES = pytest.mark.parametrize("size", [20_000_000, 200_000_000])


@pytest.mark.gpu
@pytest.mark.row(
    "Adam's update of {size:,} float32, CuPy",
    "torch.optim.Adam(fused=True), same card",
    "≥ 1× faster",
)
@SIZES
def test_adams_update_on_a_gpu(pairs, updates, size):
    adam = updates(size)
    pairs.compare(
        lambda: adam.device.seconds(adam.ours, COUNT),
        lambda: adam.device.seconds(adam.torchs, COUNT),
    )


@pytest.mark.gpu
@pytest.mark.row(
    "Adam's update of {size:,} float32, CuPy, share of the bandwidth", "a copy on the same card"
)
@SIZES
def test_share_of_the_bandwidth(pairs, updates, size):
    adam = updates(size)
    pairs.compare(
        lambda: adam.device.seconds(adam.ours, COUNT),
        lambda: adam.device.seconds(adam.copy, COUNT) * ADAM_MOVES / COPY_MOVES,
    )


@pytest.mark.gpu
@pytest.mark.row(
    "256 networks 784-32-10 at once, CuPy, adam, per step of one",
    "torch, same card, one at a time",
    "≥ 1× faster",
)
def test_networks_at_once_against_one_at_a_time(pairs, networks):
    pairs.compare(networks.ours, lambda: networks.one_in_torch(0)[0])


@pytest.mark.gpu
@pytest.mark.row(
    "256 networks 784-32-10 at once, CuPy, adam, per step of one",
    "torch.func.vmap, same card",
    "≥ 1× faster",
)
def test_networks_at_once_against_vmap(pairs, networks):
    pairs.compare(networks.ours, lambda: networks.all_in_torch()[0])


@pytest.fixture
def processor(torch) -> Device:
    return Device(NumpyBackend(), torch, "cpu")


def test_updates_on_the_cpu(processor):
    adam = Updates(processor, 1000)
    adam.check()
    assert min(processor.seconds(work, 2) for work in (adam.ours, adam.torchs, adam.copy)) > 0


def test_networks_on_the_cpu(processor):
    networks = Networks(processor, runs=3, steps=7, side=8)
    networks.check()
    assert min(networks.ours(), networks.one_in_torch(0)[0], networks.all_in_torch()[0]) > 0
