"""Runs optimizers of Keras through the adapter and in a bare loop, on the backend of the process.

As a program it prints what `examined` finds for each class, as JSON.
"""

import json
import sys
from functools import cache

import numpy as np

import optframe
from optframe import Block, Function, Layout, Oracle, load_plugins
from optframe.components.building import make_wrapped
from optframe.components.notation import parse
from optframe.contracts.counts import Counts
from optframe.rules import computing_with
from optframe_plugins.backends.numpy import NumpyBackend

CLASSES = (
    *("Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion"),
    *("LossScaleOptimizer", "MultiOptimizer", "Muon", "Nadam", "RMSprop", "SGD"),
    "ScheduleFreeAdamW",
)
TWINS = {
    "Adadelta": "adadelta:lr=0.001,eps=1e-7",
    "Adagrad": "adagrad:lr=0.001,eps_inside_root=true,initial=0.1",
    "Adam": "adam:eps=1e-7,eps_hat=true",
    "AdamW": "adamw:eps=1e-7,eps_hat=true,weight_decay=0.004",
    "Lion": "lion:lr=0.001",
    "Nadam": "nadam:lr=0.001,eps=1e-7,momentum_decay=1",
    "RMSprop": "rmsprop:eps=1e-7",
    "SGD": "sgd",
}
STEPS = 12
LAYOUT = Layout(
    tuple(
        Block(name, shape, kind)
        for name, shape, kind in (
            ("dense/kernel", (6, 4), "input"),
            ("dense/bias", (4,), "bias"),
            ("conv/kernel", (3, 3, 2, 4), "hidden"),
            ("conv/scale", (4,), "scale"),
        )
    )
)


@cache
def registry():
    return load_plugins()


def made(notation):
    return make_wrapped(registry(), "optimizers", parse(notation), notation)


class Bowl(Function):
    """½ Σ aᵢ (θᵢ − cᵢ)², with blocks."""

    size = LAYOUT.size

    def __init__(self):
        draw = np.random.default_rng(0)
        self.a, self.c = draw.uniform(0.5, 2, self.size), draw.normal(size=self.size)

    def layout(self):
        return LAYOUT

    def start(self, random):
        return np.random.default_rng(1).normal(size=self.size)

    def loss(self, theta):
        return ((theta - self.c) ** 2 @ self.a) / 2

    def gradient(self, theta):
        return (self.a * (theta - self.c)).astype(theta.dtype)


BOWL = Bowl()


def begun(dtype):
    return BOWL.start(None).astype(dtype)


class Loop:
    """Steps of an optimizer of optframe, without its loop."""

    def __init__(self, optimizer, dtype):
        self.backend, self.optimizer = NumpyBackend(), optimizer
        self.oracle = Oracle(BOWL, self.backend, Counts(), np.random.default_rng)
        self.theta, self.dtype = begun(dtype), dtype

    def begin(self, theta=None, plain=None):
        if plain is None:
            self.state = self.optimizer.init(self.theta, self.oracle)
        else:
            self.theta = theta
            self.state = self.optimizer.load(theta, plain, self.oracle)
        return self

    def steps(self, number):
        with computing_with(self.backend):
            for _ in range(number):
                self.theta, self.state = self.optimizer.step(self.theta, self.state, self.oracle)
        return self.theta.copy()


def theirs(build, dtype, steps=STEPS, rates=None, compiled=True):
    """Return θ after a loop of Keras's own, as its trainers do it, and what it finalizes it to."""
    import keras

    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        loop = _jax_loop if keras.config.backend() == "jax" else _torch_loop
        return loop(keras, build, dtype, steps, rates, compiled)
    finally:
        keras.config.set_floatx(before)


def _variables(keras, dtype):
    views = LAYOUT.views(begun(dtype))
    names = [block.name.replace("/", "_") for block in LAYOUT]
    return [
        keras.Variable(view, dtype=dtype, name=name)
        for name, view in zip(names, views.values(), strict=True)
    ]


def _flat(values):
    return np.concatenate([np.asarray(value).ravel() for value in values])


def _jax_loop(keras, build, dtype, steps, rates, compiled):
    import jax

    with jax.enable_x64(dtype == "float64"):
        variables = _variables(keras, dtype)
        optimizer = build()
        optimizer.build(variables)
        apply = jax.jit(optimizer.stateless_apply) if compiled else optimizer.stateless_apply
        values = [variable.value for variable in variables]
        state = [variable.value for variable in optimizer.variables]
        for k in range(steps):
            gradient = LAYOUT.views(BOWL.gradient(_flat(values)))
            if rates:
                state[1] = jax.numpy.asarray(rates[k], dtype)
            values, state = apply(state, [*map(jax.numpy.asarray, gradient.values())], values)
        theta = _flat(values)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        for variable, value in zip(optimizer.variables, state, strict=True):
            variable.assign(value)
        optimizer.finalize_variable_values(variables)
        return theta, _flat([variable.value for variable in variables])


def _torch_loop(keras, build, dtype, steps, rates, compiled):
    import torch

    with torch.no_grad():
        variables = _variables(keras, dtype)
        optimizer = build()
        optimizer.build(variables)
        for k in range(steps):
            theta = _flat([variable.value.detach().numpy() for variable in variables])
            if rates:
                optimizer.learning_rate = rates[k]
            gradient = LAYOUT.views(BOWL.gradient(theta)).values()
            optimizer.apply([torch.from_numpy(view.copy()) for view in gradient])
        theta = _flat([variable.value.detach().numpy() for variable in variables])
        optimizer.finalize_variable_values(variables)
        return theta, _flat([variable.value.detach().numpy() for variable in variables])


def examined(name):
    """Return how a class does: whether it runs, agrees and resumes to the bit, and with whom."""
    try:
        optimizer = made(f"keras.optimizers.{name}")
    except optframe.UsageError as error:
        return {"refused": str(error)}
    found = {"agrees": True, "resumes": True}
    import keras

    for dtype in ("float32", "float64"):
        whole = Loop(optimizer, dtype).begin()
        half = whole.steps(STEPS // 2)
        plain = optimizer.dump(whole.state)
        last = whole.steps(STEPS // 2)
        again = Loop(optimizer, dtype).begin(half, plain).steps(STEPS // 2)
        assert np.isfinite(last).all()
        expected, _ = theirs(getattr(keras.optimizers, name), dtype)
        found["agrees"] &= bool((last == expected).all())
        found["resumes"] &= bool((last == again).all())
    if name in TWINS:
        twin = Loop(made(TWINS[name]), "float64").begin().steps(STEPS)
        found["twin"] = float(abs(last - twin).max() / abs(last - begun("float64")).max())
    return found


if __name__ == "__main__":
    print(json.dumps({name: examined(name) for name in sys.argv[1:] or CLASSES}))
