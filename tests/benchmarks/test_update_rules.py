"""Adam's update, float32, by everybody: whole steps on the same θ and gradient, taken in turn.

The roof is a loop that reads four arrays and writes three of them, as Adam must, on all cores.
"""

import contextlib
import os
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from random import Random
from time import perf_counter
from types import SimpleNamespace

import numpy as np
import pytest

from optframe.rules import computing_with
from optframe_plugins.backends.numba import NumbaBackend
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.adam import Adam

LR, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8
THREADS = os.cpu_count() or 1
SIZES = {10: 2_000, 25_000: 500, 20_000_000: 1}
"""Parameters, and how many steps one measurement takes."""

ROUNDS = {10: 25, 25_000: 25, 20_000_000: 15}

Step = Callable[[], object]


class Arrays:
    """A contender's own copies of θ and the gradient, and zeros for the state."""

    def __init__(self, theta, g) -> None:
        self.theta, self.g = theta.copy(), g.copy()
        self.m, self.v, self.t = np.zeros_like(theta), np.zeros_like(theta), 0


def plain(own: Arrays) -> Step:
    """The expression, as one writes it."""

    def step() -> None:
        own.t += 1
        own.m = BETA1 * own.m + (1 - BETA1) * own.g
        own.v = BETA2 * own.v + (1 - BETA2) * own.g * own.g
        m_hat = own.m / (1 - BETA1**own.t)
        v_hat = own.v / (1 - BETA2**own.t)
        own.theta = own.theta - LR * m_hat / (np.sqrt(v_hat) + EPS)

    return step


def ours(backend, threads: int, own: Arrays) -> Step:
    """Adam's step on a backend, with a gradient that costs nothing."""
    adam = Adam(lr=LR, beta1=BETA1, beta2=BETA2, eps=EPS)
    oracle = SimpleNamespace(xp=np, gradient=lambda theta: own.g)
    state = adam.init(own.theta, oracle)

    def step() -> None:
        own.theta, _ = adam.step(own.theta, state, oracle)

    step.scope = (backend, threads)
    return step


def torchs(own: Arrays) -> Step:
    """The fused optimizer of torch; where arrays are short, more threads only cost it time."""
    torch = import_module("torch")
    torch.set_num_threads(THREADS if own.theta.size > 100_000 else 1)
    parameter = torch.nn.Parameter(torch.from_numpy(own.theta))
    parameter.grad = torch.from_numpy(own.g)
    return torch.optim.Adam([parameter], LR, (BETA1, BETA2), EPS, fused=True).step


def optaxs(own: Arrays) -> Step:
    """The update of optax, compiled as a whole, in memory that is given to it."""
    jax, optax = import_module("jax"), import_module("optax")
    adam = optax.adam(LR, BETA1, BETA2, EPS)
    theta, g = jax.numpy.asarray(own.theta), jax.numpy.asarray(own.g)
    state = adam.init(theta)

    def update(theta, g, state):
        updates, state = adam.update(g, state, theta)
        return optax.apply_updates(theta, updates), state

    compiled = jax.jit(update, donate_argnums=(0, 2))

    def step() -> None:
        nonlocal theta, state
        theta, state = compiled(theta, g, state)
        own.theta = theta.block_until_ready()

    return step


def roof(own: Arrays) -> Step:
    """Four reads, three writes, hardly any arithmetic."""
    numba = import_module("numba")

    @numba.njit(parallel=True)
    def touch(theta, g, m, v):
        for i in numba.prange(theta.size):
            theta[i] += g[i]
            m[i] += g[i]
            v[i] += g[i]

    return lambda: touch(own.theta, own.g, own.m, own.v)


CONTENDERS = {
    "plain NumPy": plain,
    "numpy": partial(ours, NumpyBackend(), 1),
    "numba, one thread": partial(ours, NumbaBackend(), 1),
    "numba": partial(ours, NumbaBackend(), THREADS),
    "torch fused": torchs,
    "optax jit": optaxs,
    "roof": roof,
}
LIBRARIES = {
    "numba": ("numba",),
    "numba, one thread": ("numba",),
    "torch fused": ("torch",),
    "optax jit": ("jax", "optax"),
    "roof": ("numba",),
}
ROWS = [
    (20_000_000, "numpy", "plain NumPy", "≥ 2.2× faster", 6),
    (20_000_000, "numba", "torch fused", "≥ 1× faster", 7),
    (20_000_000, "numba", "roof", "≥ 0.9×", 7),
    (20_000_000, "numba, one thread", "torch fused", "–", None),
    (20_000_000, "numba", "optax jit", "–", None),
    *[
        (size, name, theirs, "–", None)
        for size in (25_000, 10)
        for name, theirs in (
            ("numpy", "plain NumPy"),
            ("numba", "plain NumPy"),
            ("numba", "torch fused"),
            ("numba", "optax jit"),
        )
    ],
]


def seconds(step: Step, count: int) -> float:
    """The time of one step, after one that is not timed."""
    with contextlib.ExitStack() as scope:
        for backend, threads in [step.scope] if hasattr(step, "scope") else []:
            scope.enter_context(computing_with(backend))
            scope.enter_context(backend.limit_threads(threads))
        step()
        began = perf_counter()
        for _ in range(count):
            step()
        return (perf_counter() - began) / count


def missing(names) -> str | None:
    """Say what is not installed of what contenders need."""
    for name in names:
        for library in LIBRARIES.get(name, ()):
            if find_spec(library) is None:
                return f"{library} is not installed"
    return None


def measure(size: int, count: int, rounds: int) -> dict[str, list[float]]:
    """Hold everybody's results together; then time their steps in turn, in random order."""
    theta, g = np.random.default_rng(size).standard_normal((2, size), np.float32)
    rows = [row for row in ROWS if row[0] == size or rounds == 1]
    names = dict.fromkeys(name for row in rows for name in row[1:3])
    arrays = {name: Arrays(theta, g) for name in names if not missing([name])}
    steps = {name: CONTENDERS[name](own) for name, own in arrays.items()}
    for step in steps.values():
        seconds(step, 2)
    plainly = arrays["plain NumPy"].theta
    for name in steps.keys() - {"plain NumPy", "roof"}:
        # Ours do the operations of the expression; the others divide in another order.
        near = {"rtol": 0, "atol": 0} if name.startswith("num") else {"rtol": 1e-4, "atol": 1e-5}
        np.testing.assert_allclose(np.asarray(arrays[name].theta), plainly, **near)
    order, times = Random(0), {name: [] for name in steps}
    for _ in range(rounds):
        for name in order.sample([*steps], len(steps)):
            times[name].append(seconds(steps[name], count))
    return times


@pytest.fixture(scope="module")
def measured():
    """The times of all contenders at a size, measured once."""
    torch = import_module("torch") if find_spec("torch") else None
    threads = torch.get_num_threads() if torch else 0
    yield cache(measure)
    if torch:
        torch.set_num_threads(threads)


@pytest.mark.row(
    "Adam's update of {size:,} float32, {name}", "{theirs}", "{reach}", place="{place}"
)
@pytest.mark.parametrize(("size", "name", "theirs", "reach", "place"), ROWS)
def test_adams_update(pairs, measured, size, name, theirs, reach, place):
    if missing((name, theirs)):
        pytest.skip(missing((name, theirs)))
    times = measured(size, SIZES[size], ROUNDS[size]) if pairs.enabled else measured(10, 1, 1)
    pairs.given(times.get(name, []), times.get(theirs, []))
