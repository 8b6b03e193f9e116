"""Adam's update, float32, by everybody: whole steps on the same θ and gradient, all in one run.

The roof is a loop that reads four arrays and writes three of them, as Adam must, on all cores.
"""

import contextlib
from collections.abc import Callable
from functools import cache, partial
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
THREADS = 2
SIZES = {10: 2_000, 25_000: 500, 20_000_000: 1}
"""Parameters, and how many steps one measurement takes."""

ROUNDS = 25

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
    if backend.missing():
        pytest.skip(backend.missing())
    adam = Adam(lr=LR, beta1=BETA1, beta2=BETA2, eps=EPS)
    oracle = SimpleNamespace(xp=np, gradient=lambda theta: own.g)
    state = adam.init(own.theta, oracle)

    def step() -> None:
        own.theta, _ = adam.step(own.theta, state, oracle)

    step.scope = (backend, threads)
    return step


def torchs(own: Arrays) -> Step:
    """The fused optimizer of torch; where arrays are short, more threads only cost it time."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(THREADS if own.theta.size > 100_000 else 1)
    parameter = torch.nn.Parameter(torch.from_numpy(own.theta))
    parameter.grad = torch.from_numpy(own.g)
    return torch.optim.Adam([parameter], LR, (BETA1, BETA2), EPS, fused=True).step


def optaxs(own: Arrays) -> Step:
    """The update of optax, compiled as a whole, in memory that is given to it."""
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
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
    numba = pytest.importorskip("numba")

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
ROWS = [
    (20_000_000, "plain NumPy", "numpy", "≥ 2.2×"),
    (20_000_000, "torch fused", "numba", "≥ 1×"),
    (20_000_000, "torch fused", "numba, one thread", "–"),
    (20_000_000, "optax jit", "numba", "–"),
    (20_000_000, "roof", "numba", "≥ 0.9×"),
    *[
        (size, theirs, name, "–")
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


def measure(size: int, count: int, rounds: int) -> dict[str, list[float]]:
    """Time everybody's steps in turn, in random order, and hold their results together."""
    theta, g = np.random.default_rng(size).standard_normal((2, size), np.float32)
    steps, arrays = {}, {}
    rows = [row for row in ROWS if row[0] == size or rounds == 1]
    for name in dict.fromkeys(name for row in rows for name in row[1:3]):
        make, own = CONTENDERS[name], Arrays(theta, g)
        with contextlib.suppress(pytest.skip.Exception):  # it is not installed
            steps[name], arrays[name] = make(own), own
    order, times = Random(0), {name: [] for name in steps}
    for _ in range(rounds):
        for name in order.sample([*steps], len(steps)):
            times[name].append(seconds(steps[name], count))
    plainly = arrays["plain NumPy"].theta
    for name in steps.keys() - {"plain NumPy", "roof"}:
        # Ours do the operations of the expression; the others divide in another order.
        near = {"rtol": 0, "atol": 0} if name.startswith("num") else {"rtol": 1e-4, "atol": 1e-5}
        np.testing.assert_allclose(np.asarray(arrays[name].theta), plainly, **near)
    return times


@pytest.fixture(scope="module")
def measured():
    """The times of all contenders at a size, measured once."""
    return cache(measure)


@pytest.mark.parametrize(("size", "theirs", "name", "reach"), ROWS)
def test_adams_update(pairs, measured, size, theirs, name, reach):
    if pairs.benchmark.disabled:
        size, count, rounds = 10, 1, 1
    else:
        count, rounds = SIZES[size], ROUNDS
    times = measured(size, count, rounds)
    for contender in (theirs, name):
        if contender not in times:
            pytest.skip(f"what {contender!r} needs is not installed")
    ratios = np.array(times[theirs]) / np.array(times[name])
    low, ratio, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    slow, fast = (f"{1e6 * np.median(times[who]):,.3g} µs" for who in (theirs, name))
    pairs.report(
        f"Adam's update of {size:,} float32, {theirs} against {name}",
        f"{ratio:.2f}× (quartiles {low:.2f}–{high:.2f}; {slow} to {fast})",
        reach,
        ratio,
    )
