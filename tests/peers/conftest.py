"""A shared sequence of gradients, on which our steps are held against a peer's, in float64."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from optframe import Function, Oracle
from optframe.contracts.oracle import Counts
from optframe.rules import computing_with
from optframe_plugins.backends.numpy import NumpyBackend

STEPS, SIZE = 200, 5
NUMBERS = {
    "lr": st.floats(1e-4, 0.5),
    **dict.fromkeys(("rho", "beta1", "beta2"), st.floats(0.1, 0.999)),
    "eps": st.floats(1e-10, 1e-2),
    "initial": st.floats(0.0, 2.0),
    "any_momentum": st.floats(0.0, 0.99),
    "momentum": st.floats(0.01, 0.99),
    "dampening": st.floats(0.0, 0.99),
    "weight_decay": st.floats(0.0, 1.0),
    "psi": st.floats(0.001, 0.1),
}
settings.register_profile(
    "peers", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


class Given(Function):
    """Answers with the next gradient of a sequence."""

    size = SIZE

    def __init__(self, gradients):
        self.gradients = iter(gradients)

    def start(self, random):
        raise NotImplementedError

    def loss(self, theta):
        raise NotImplementedError

    def gradient(self, theta):
        return next(self.gradients)


@pytest.fixture(scope="session")
def numbers():
    """Return the strategy of hyperparameters, by their names."""
    return lambda names: st.tuples(*(NUMBERS[name] for name in names))


@pytest.fixture(scope="session")
def compare():
    """Take the same steps as ``iterates(gradients, start)``, a peer's.

    ``change`` is a step and the learning rate from then on.
    """

    def compare(optimizer, iterates, seed, change=None):
        random = np.random.default_rng(seed)
        scale = 10 ** random.uniform(-2, 2, SIZE)
        gradients = random.standard_normal((STEPS, SIZE)) * scale
        start = random.standard_normal(SIZE)
        expected = iterates(gradients, start)
        backend, theta = NumpyBackend(), start.copy()
        oracle = Oracle(Given(gradients), backend, Counts(), np.random.default_rng)
        with computing_with(backend):
            state = optimizer.init(theta, oracle)
            for k, row in enumerate(expected):
                if change and k == change[0]:
                    optimizer = dataclasses.replace(optimizer, lr=change[1])
                theta, state = optimizer.step(theta, state, oracle)
                np.testing.assert_allclose(theta, row, rtol=1e-10, atol=1e-10, err_msg=f"step {k}")

    return compare
