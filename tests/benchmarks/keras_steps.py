"""What a step of Keras's optimizers costs through the adapter, against Keras's own compiled step.

It prints a row for each optimizer, on the backend that KERAS_BACKEND names: CPU time of a step on a
784-32-10 network's parameters in float32, the smallest of seven, in microseconds. Gradients are
there already in both.
"""

import sys
import time

import numpy as np

import optframe
from optframe import Block, Function, Layout, Oracle
from optframe.contracts.counts import Counts
from optframe.rules import computing_with
from optframe_plugins.backends.numpy import NumpyBackend

SHAPES = ((784, 32), (32,), (32, 10), (10,))
LAYOUT = Layout(tuple(Block(f"block {i}", shape, "hidden") for i, shape in enumerate(SHAPES)))
GRADIENT = np.random.default_rng(0).normal(size=LAYOUT.size).astype("float32")


class Given(Function):
    """Answers with one gradient."""

    size = LAYOUT.size

    def layout(self):
        return LAYOUT

    def start(self, random):
        raise NotImplementedError

    def loss(self, theta):
        raise NotImplementedError

    def gradient(self, theta):
        return GRADIENT


def microseconds(step, number=1000):
    step()
    best = float("inf")
    for _ in range(7):
        begun = time.process_time()
        for _ in range(number):
            step()
        best = min(best, (time.process_time() - begun) / number)
    return best * 1e6


def ours(name):
    optimizer, backend = optframe.make(f"keras.optimizers.{name}"), NumpyBackend()
    oracle = Oracle(Given(), backend, Counts(), np.random.default_rng)
    theta = np.zeros(LAYOUT.size, "float32")
    run = [theta, optimizer.init(theta, oracle)]

    def step():
        run[:] = optimizer.step(*run, oracle)

    with computing_with(backend):
        return microseconds(step)


def theirs(name):
    import keras

    views = LAYOUT.views(GRADIENT).values()
    variables = [keras.Variable(np.zeros_like(view)) for view in views]
    optimizer = getattr(keras.optimizers, name)()
    optimizer.build(variables)
    if keras.config.backend() == "torch":
        import torch

        gradients = [torch.from_numpy(view.copy()) for view in views]
        with torch.no_grad():
            return microseconds(lambda: optimizer.apply(gradients))
    import jax

    apply = jax.jit(optimizer.stateless_apply)
    gradients = [jax.numpy.asarray(view) for view in views]
    run = [[v.value for v in variables], [v.value for v in optimizer.variables]]

    def step():
        run[:] = apply(run[1], gradients, run[0])
        run[0][0].block_until_ready()

    return microseconds(step)


def main(names=("SGD", "Adam", "AdamW")):
    for name in names:
        here = ours(name)
        print(f"{name}: Keras's own loop {theirs(name):.0f} µs, through optframe {here:.0f} µs")


if __name__ == "__main__":
    main(sys.argv[1:] or ("SGD", "Adam", "AdamW"))
