"""Training steps of a PyTorch module as a problem, against the plain loop on the same minibatches.

Ours is a whole run: sampler, gathering of records, loop, update. Both have to end at the same θ
before anything is timed. The data is random: only its shape matters here.
"""

import runpy
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import optframe
from optframe.components.binder import Binder
from optframe.contracts.seeds import Seeds

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
BATCH = 128
SIZES = {"784-32-10": ((784,), 60, 200), "small CNN": ((3, 32, 32), 5, 2)}
"""The shape of a record, the minibatches in an epoch, and the number of steps."""


def module_of(name: str) -> Any:
    nn = import_module("torch").nn
    if name == "784-32-10":
        return nn.Sequential(nn.Linear(784, 32), nn.Sigmoid(), nn.Linear(32, 10))
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.2), nn.Linear(1152, 10)),
    )


RULES = {
    "SGD": ("SGD", {"lr": 0.05}),
    "AdamW": ("AdamW", {"weight_decay": 0.0}),
    "AdamW, foreach": ("AdamW", {"weight_decay": 0.0, "foreach": True}),
    "AdamW, fused": ("AdamW", {"weight_decay": 0.0, "fused": True}),
}
"""The class in ``torch.optim``, and its flags, which are the same on both sides."""


def rule_of(name: str, parameters: Any) -> Any:
    found, given = RULES[name]
    return getattr(import_module("torch").optim, found)(parameters, **given)


def adapted(name: str) -> Any:
    """Return the same optimizer by its import path; it steps the problem's own parameters."""
    found, given = RULES[name]
    return optframe.make(f"torch.optim.{found}", **given)


class Task:
    """A module on random records, bound to a backend; and the same as a plain loop."""

    def __init__(self, name: str, steps: int = 0, backend: str = "numpy") -> None:
        torch = import_module("torch")
        shape, epoch, usual = SIZES[name]
        self.steps, self.seeds = steps or usual, Seeds(0, 0)
        random = np.random.default_rng(0)
        x = random.standard_normal((epoch * BATCH, *shape)).astype("float32")
        y = random.integers(10, size=len(x))
        self.data = torch.from_numpy(x), torch.from_numpy(y)
        self.loss = torch.nn.functional.cross_entropy
        self.template = module_of(name)
        registry = optframe.load_plugins()
        problem = optframe.TorchProblem(lambda: module_of(name), self.loss, (x, y))
        self.problem = problem.bind(
            optframe.Setting(
                Binder(registry).backend(backend),
                "float32",
                self.seeds.sequence("instance"),
                lambda name: None,
            )
        )
        self.start = self.problem.start(np.random.default_rng(0))
        self.sampler = registry.make("samplers", "shuffled", {"batch_size": BATCH})
        given = self.problem, self.sampler, self.seeds, self.steps
        self.minibatches = [torch.from_numpy(rows) for rows in RUNS["minibatches"](*given)]

    def run(self, optimizer: Any) -> Any:
        given = {"sampler": self.sampler, "budget": {"steps": self.steps}, "seeds": self.seeds}
        run = RUNS["run_of"](self.problem, optimizer, self.start.copy(), **given)
        run.execute()
        assert run.status == "finished", run.reason
        return run

    def loop(self, rule: str) -> tuple[float, np.ndarray]:
        """Train from the start as most people do; return the seconds and θ."""
        torch = import_module("torch")
        model, (x, y) = self.template, self.data
        model.train()
        torch.nn.utils.vector_to_parameters(torch.from_numpy(self.start.copy()), model.parameters())
        optimizer = rule_of(rule, model.parameters())
        began = perf_counter()
        for rows in self.minibatches:
            optimizer.zero_grad()
            self.loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
        seconds = perf_counter() - began
        with torch.no_grad():
            return seconds, torch.nn.utils.parameters_to_vector(model.parameters()).numpy()


@pytest.fixture(autouse=True)
def on_one_thread():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


@pytest.mark.row(
    "a step of torch.optim.{rule} on the parameters of a TorchProblem ({name}, batch 128)",
    "the plain torch loop",
    "≤ 1.05×",
)
@pytest.mark.parametrize("name", list(SIZES))
@pytest.mark.parametrize("rule", list(RULES))
def test_steps_of_torchs_optimizers(pairs, rule, name):
    task = Task(name, 0 if pairs.enabled else 2)
    if name == "784-32-10":  # the other one has dropout
        np.testing.assert_array_equal(task.run(adapted(rule)).theta, task.loop(rule)[1])
    pairs.compare(lambda: task.run(adapted(rule)).clock.seconds, lambda: task.loop(rule)[0])


@pytest.mark.row(
    "a step of adam on a TorchProblem (784-32-10, batch 128), {backend}",
    "the plain loop with torch's fused AdamW",
    "≥ 1× faster",
)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_steps_of_built_in_optimizers(pairs, backend):
    if backend == "numba":
        pytest.importorskip("numba", reason="numba is not installed")
    adam = optframe.make("adam", lr=1e-3)
    task = Task("784-32-10", 0 if pairs.enabled else 2, backend)
    ours, theirs = task.run(adam).theta, task.loop("AdamW, fused")[1]
    np.testing.assert_allclose(ours, theirs, atol=3e-3)
    assert np.abs(ours - task.start).max() > 1e-3
    pairs.compare(lambda: task.run(adam).clock.seconds, lambda: task.loop("AdamW, fused")[0])
