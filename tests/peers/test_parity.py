"""A comparison finds, of a library's optimizer, the line of docs/conventions.md that it is on.

The libraries' optimizers are made here by hand, from their signatures; no adapter is needed.
"""

import ast
import importlib
import importlib.util
import os
import re
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import optframe
from optframe import Optimizer
from optframe.components.signatures import component_class
from optframe.gate.parity.comparison import compare

ABSENT = "peers are not installed: pip install 'optframe-bench[peers]'"
if "KERAS_BACKEND" not in os.environ:  # read once, when Keras is imported
    os.environ["KERAS_BACKEND"] = "jax" if importlib.util.find_spec("jax") else "torch"

PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"
LINES = re.findall(r"^\| `(\w+\..*?)` \| `(.*?)` \|$", PAGE.read_text(encoding="utf-8"), re.M)
REGISTRY = optframe.load_plugins()
ALIKE = {"SGD": "weight-decay:decay=0.1", "initial_accumulator_value=0.0": "adagrad:"}
"""Calls that more than one line fits: of SGD λ in the gradient and with ε, a guard with δ > 0."""


@dataclass(frozen=True, kw_only=True)
class Torch(Optimizer):
    def init(self, theta, oracle):
        torch = importlib.import_module("torch")
        parameter = torch.nn.Parameter(torch.tensor(theta))
        return parameter, self.target([parameter], **{**self.given, "lr": self.lr})

    def step(self, theta, state, oracle):
        torch = importlib.import_module("torch")
        parameter, optimizer = state
        optimizer.param_groups[0]["lr"] = self.lr
        parameter.grad = torch.tensor(oracle.gradient(theta))
        optimizer.step()
        return parameter.detach().numpy().copy(), state


COMPILED = {}
"""The steps of optax by optimizer and precision; the learning rate is their argument."""


@dataclass(frozen=True, kw_only=True)
class Optax(Optimizer):
    def made(self, rate):
        return self.target(**{**self.given, "learning_rate": rate})

    def init(self, theta, oracle):
        jax = importlib.import_module("jax")
        with jax.enable_x64(True):
            return self.made(1.0).init(jax.numpy.asarray(theta))

    def step(self, theta, state, oracle):
        jax, optax = importlib.import_module("jax"), importlib.import_module("optax")

        def step(rate, theta, state, gradient):
            updates, state = self.made(rate.astype(theta.dtype)).update(gradient, state, theta)
            return optax.apply_updates(theta, updates), state

        given = {k: v for k, v in self.given.items() if k != "learning_rate"}
        with jax.enable_x64(True):
            run = COMPILED.setdefault((self.path, repr(given), str(theta.dtype)), jax.jit(step))
            rate = jax.numpy.asarray(self.learning_rate, "float64")
            arrays = [jax.numpy.asarray(one) for one in (theta, oracle.gradient(theta))]
            theta, state = run(rate, arrays[0], state, arrays[1])
            return np.array(theta), state


@dataclass(frozen=True, kw_only=True)
class Keras(Optimizer):
    def around(self, keras):
        jax = keras.backend.backend() == "jax" and importlib.import_module("jax")
        return jax.enable_x64(True) if jax else nullcontext()

    def init(self, theta, oracle):
        keras = importlib.import_module("keras")
        with self.around(keras):
            variable = keras.Variable(theta, dtype=str(theta.dtype))
            optimizer = self.target(**{**self.given, "learning_rate": self.learning_rate})
            optimizer.build([variable])
            return variable, optimizer

    def step(self, theta, state, oracle):
        keras = importlib.import_module("keras")
        variable, optimizer = state
        with self.around(keras):
            optimizer.learning_rate = self.learning_rate
            gradient = keras.ops.convert_to_tensor(oracle.gradient(theta), str(theta.dtype))
            optimizer.apply([gradient])
            return keras.ops.convert_to_numpy(variable.value).copy(), state


BY_HAND = {"torch": Torch, "optax": Optax, "keras": Keras}


def made(call):
    """Return the optimizer of a call, with its signature's parameters as fields."""
    tree = ast.parse(call, mode="eval").body
    path = ast.unparse(tree.func)
    name = path.partition(".")[0]
    found = pytest.importorskip(name, reason=ABSENT)
    for part in path.split(".")[1:]:
        found = getattr(found, part)
    kind = component_class(found, path, BY_HAND[name], frozenset({"params"}), frozenset())
    return kind(**{one.arg: ast.literal_eval(one.value) for one in tree.keywords})


@pytest.mark.parametrize(("call", "notation"), LINES, ids=[call for call, _ in LINES])
def test_the_line_of_a_call_is_found(call, notation):
    first = "sgd" if "adagrad" in call.lower() else "adagrad"
    verdict = compare([first, made(call)], REGISTRY).verdicts[1]
    assert verdict.explained
    assert verdict.difference <= (1e-6 if "keras" in call or "NAdam" in call else 1e-9)
    alike = [found for word, found in ALIKE.items() if word in call and found in notation]
    if alike:
        assert alike[0] in verdict.own
    else:
        assert optframe.make(verdict.own) == optframe.make(notation)


@pytest.mark.parametrize(
    ("call", "notation"),
    [
        (
            "keras.optimizers.Adam(global_clipnorm=1.0)",
            "adam:eps=1e-7,eps_hat=true+clip-norm:max=1",
        ),
        ("keras.optimizers.SGD(clipvalue=0.5)", "sgd+clip-value:max=0.5"),
    ],
)
def test_what_keras_clips_is_a_wrapper(call, notation):
    verdict = compare(["adagrad", made(call)], REGISTRY).verdicts[1]
    assert optframe.make(verdict.own) == optframe.make(notation)


def test_libraries_are_compared_with_each_other():
    calls = "torch.optim.Adam()", "keras.optimizers.Adam()", "optax.adam(learning_rate=0.001)"
    comparison = compare([made(call) for call in calls], REGISTRY)
    torch, keras, optax = comparison.verdicts
    assert comparison.explained
    assert (torch.notation, keras.notation) == ("adam", "adam:eps_hat=true")
    assert optax.equal
    assert keras.own == "adam:eps=1e-07,eps_hat=true"


def test_a_method_that_is_no_built_in_is_located():
    verdict = compare(["adam", made("torch.optim.RAdam()")], REGISTRY).verdicts[1]
    assert not verdict.explained
    assert (verdict.place.sequence, verdict.place.block) == ("normal", "weights")
