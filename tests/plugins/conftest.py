"""Taking an optimizer through given gradients, step by step, without the loop of `optframe`."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from optframe import Backend, Function, Optimizer, Oracle
from optframe.contracts.oracle import Counts
from optframe.rules import computing_with
from optframe_plugins.backends.numpy import NumpyBackend


class Given(Function):
    """Answers with ``gradient(theta, k)`` at step k, and watches that its answers stay."""

    def __init__(self, gradient: Callable[[Any, int], Any], size: int, backend: Backend) -> None:
        self.given = gradient
        self.parameters = size
        self.backend = backend
        self.step = 0
        self.answers: list[tuple[Any, Any]] = []

    @property
    def size(self):
        return self.parameters

    def start(self, random):
        raise NotImplementedError

    def loss(self, theta):
        raise NotImplementedError

    def gradient(self, theta):
        answer = self.given(theta, self.step)
        if answer is not theta:  # which may be overwritten
            self.answers.append((answer, self.backend.to_numpy(answer).copy()))
        return answer

    def check(self) -> None:
        for answer, copy in self.answers:
            np.testing.assert_array_equal(self.backend.to_numpy(answer), copy)


@pytest.fixture
def iterate():
    """Take steps: ``iterate(optimizer, gradient, theta, steps, backend=..., dtype="float64")``.

    ``gradient(theta, k)`` gets and returns the backend's arrays; a NumPy array stands for a
    gradient that does not depend on θ, or a sequence of them, one row per step. Returns
    ``iterates`` of shape (steps + 1, ..., P), the last ``state``, and the ``oracle``.
    """

    def run(
        optimizer: Optimizer,
        gradient: Any,
        theta: Any,
        steps: int,
        backend: Backend | None = None,
        dtype: str = "float64",
    ) -> SimpleNamespace:
        backend = backend or NumpyBackend()
        theta = backend.asarray(np.array(theta), dtype)
        if not callable(gradient):
            rows = np.broadcast_to(gradient, (steps, *theta.shape))
            given = [backend.asarray(row.copy(), dtype) for row in rows]

            def gradient(theta: Any, k: int) -> Any:
                return given[k]

        problem = Given(gradient, theta.shape[-1], backend)
        oracle = Oracle(problem, backend, Counts(), np.random.default_rng, theta.ndim - 1)
        iterates = [backend.to_numpy(theta).copy()]
        with computing_with(backend):
            state = optimizer.init(theta, oracle)
            for k in range(steps):
                oracle.step = problem.step = k
                theta, state = optimizer.step(theta, state, oracle)
                iterates.append(backend.to_numpy(theta).copy())
        problem.check()
        return SimpleNamespace(iterates=np.stack(iterates), state=state, oracle=oracle)

    return run


@pytest.fixture
def assert_follows(iterate, random):
    """Compare 100 steps with a plain implementation for one parameter, in Python's numbers.

    The gradient is a random sequence plus a slope times θ, so that it matters where it is asked.
    ``rule(slope)`` is a generator of one parameter's iterates: it is sent gradients at the points
    that it yields, as ``gradient = yield look, theta``.
    """

    def compare(optimizer: Optimizer, rule: Callable[[float], Any], rtol: float = 1e-11) -> None:
        steps, size = 100, 5
        noise = random.standard_normal((steps, size)) * 10 ** random.uniform(-2, 1, size)
        slope = random.uniform(0.1, 0.5, size)
        start = random.standard_normal(size)
        expected = np.empty((steps + 1, size))
        for i in range(size):
            expected[0, i] = start[i]
            follower = rule(float(start[i]))
            look, _ = next(follower)
            for k in range(steps):
                gradient = float(noise[k, i]) + float(slope[i]) * look
                look, expected[k + 1, i] = follower.send(gradient)
        found = iterate(optimizer, lambda theta, k: noise[k] + slope * theta, start, steps)
        np.testing.assert_allclose(found.iterates, expected, rtol=rtol, atol=rtol)
        assert np.ptp(expected, axis=0).min() > 1e-3

    return compare
