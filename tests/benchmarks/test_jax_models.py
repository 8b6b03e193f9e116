"""Training steps of a loss in JAX by optax, against a plain compiled loop on the same minibatches.

Ours is a whole run: sampler, gathering of records, loop, gradient and update. Both have to end at
the same θ before anything is timed. The data is random: only its shape matters here.
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
BATCH, MINIBATCHES, STEPS = 128, 60, 200
RATES = {"sgd": 0.05, "adam": 1e-3, "adamw": 1e-3}


def parameters() -> Any:
    random = np.random.default_rng(0)
    return {
        "layer1": {
            "w": (random.standard_normal((784, 32)) / 28).astype("float32"),
            "b": np.zeros(32, "float32"),
        },
        "layer2": {
            "w": (random.standard_normal((32, 10)) / 6).astype("float32"),
            "b": np.zeros(10, "float32"),
        },
    }


def loss(params: Any, x: Any, y: Any) -> Any:
    jax = import_module("jax")
    hidden = jax.nn.sigmoid(x @ params["layer1"]["w"] + params["layer1"]["b"])
    outputs = hidden @ params["layer2"]["w"] + params["layer2"]["b"]
    chosen = jax.numpy.take_along_axis(jax.nn.log_softmax(outputs), y[:, None], axis=1)
    return -jax.numpy.mean(chosen)


class Task:
    """The network on random records, bound to NumPy; and the same as a plain compiled loop."""

    def __init__(self, rule: str, steps: int) -> None:
        jax, optax = import_module("jax"), import_module("optax")
        self.steps, self.seeds = steps, Seeds(0, 0)
        random = np.random.default_rng(0)
        x = random.standard_normal((MINIBATCHES * BATCH, 784)).astype("float32")
        y = random.integers(10, size=len(x)).astype("int32")
        self.data = x, y
        registry = optframe.load_plugins()
        setting = optframe.Setting(
            Binder(registry).backend("numpy"),
            "float32",
            self.seeds.sequence("instance"),
            lambda name: None,
        )
        self.problem = optframe.JaxProblem(loss, parameters(), (x, y)).bind(setting)
        self.sampler = registry.make("samplers", "shuffled", {"batch_size": BATCH})
        given = self.problem, self.sampler, self.seeds, self.steps
        self.minibatches = RUNS["minibatches"](*given)
        self.optimizer = optframe.make(f"optax.{rule}:learning_rate={RATES[rule]}")
        self.rule = getattr(optax, rule)(RATES[rule])

        @jax.jit
        def step(params: Any, state: Any, x: Any, y: Any) -> Any:
            gradient = jax.grad(loss)(params, x, y)
            updates, state = self.rule.update(gradient, state, params)
            return optax.apply_updates(params, updates), state

        self.step = step

    def run(self) -> Any:
        given = {"sampler": self.sampler, "budget": {"steps": self.steps}, "seeds": self.seeds}
        start = self.problem.start(np.random.default_rng(0))
        run = RUNS["run_of"](self.problem, self.optimizer, start, **given)
        run.execute()
        assert run.status == "finished", run.reason
        return run

    def loop(self) -> tuple[float, np.ndarray]:
        """Train from the start as most people do; return the seconds and θ."""
        jax, (x, y) = import_module("jax"), self.data
        params = jax.tree.map(jax.numpy.asarray, parameters())
        state = self.rule.init(params)
        began = perf_counter()
        for rows in self.minibatches:
            params, state = self.step(params, state, x[rows], y[rows])
        jax.block_until_ready(params)
        seconds = perf_counter() - began
        return seconds, np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)])


@pytest.fixture(autouse=True)
def on_one_thread():
    pytest.importorskip("jax", reason="jax is not installed: pip install jax")
    pytest.importorskip("optax", reason="optax is not installed: pip install optax")
    with threadpool_limits(1):
        yield


@pytest.mark.row(
    "a step of optax.{rule} on a JaxProblem (784-32-10, batch 128)",
    "a plain compiled loop",
    "≤ 1.1×",
)
@pytest.mark.parametrize("rule", list(RATES))
def test_steps_of_optax(pairs, rule):
    task = Task(rule, STEPS if pairs.enabled else 3)
    np.testing.assert_allclose(task.run().theta, task.loop()[1], rtol=0, atol=2e-5)
    pairs.compare(lambda: task.run().clock.seconds, lambda: task.loop()[0])
