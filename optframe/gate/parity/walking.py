"""Takes the steps of an optimizer whose gradients are given, and compares two ways."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optframe.contracts import Array, Block, Function, Layout, Optimizer, Schedule
from optframe.contracts.oracle import Counts, Oracle
from optframe.errors import OptframeError, UsageError, described
from optframe.rules import computing_with
from optframe.testing.stepping import PLAIN
from optframe.trial.checks import check_step
from optframe.trial.schedules import ScheduledFields

__all__ = ["EXACT", "FALLS", "LAYOUTS", "Falling", "Place", "apart", "first_apart", "way"]

LAYOUTS = (
    Layout((Block("weights", (3, 4), "hidden"), Block("bias", (3,), "bias"))),
    Layout((Block("weights", (3, 4), "hidden"), Block("outputs", (2, 3), "output"))),
)
"""The blocks of θ, and those for optimizers that take matrices alone."""

EXACT = 1e-9
"""Ways that are apart by less than this are equal."""

ROUNDING = {"float64": 1e-6, "float32": 1e-3}
"""The shortest way that differences are relative to, as a share of the start."""

FALLS = 12
"""The number of steps after which the learning rate falls."""


@dataclass(frozen=True)
class Falling(Schedule):
    """A learning rate that falls to a tenth in the middle: so it shows where it stands.

    ``decay`` is that of the schedule ``inverse-time``, which falls, too.
    """

    start: float
    falls: bool = True
    decay: float = 0.0

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return the learning rate of a step."""
        start = self.start / 10 if self.falls and k >= FALLS else self.start
        return start / (1 + self.decay * k)


@dataclass
class Given(Function):
    """Answers with the gradient of a step, wherever it is asked for."""

    gradients: NDArray[Any]
    blocks: Layout
    k: int = 0

    @property
    def size(self) -> int:
        """The number of parameters."""
        return self.blocks.size

    def layout(self) -> Layout:
        """Return the blocks."""
        return self.blocks

    def start(self, random: np.random.Generator) -> Array:
        """Return zeros; the start is given, too."""
        return np.zeros(self.size)

    def loss(self, theta: Array) -> Array:
        """Raise `LookupError`: there is none."""
        raise LookupError("there are gradients alone")

    def gradient(self, theta: Array) -> Array:
        """Return the gradient of this step."""
        return self.gradients[self.k]


def way(
    optimizer: Optimizer,
    sequence: tuple[NDArray[Any], NDArray[Any]],
    layout: Layout,
    dtype: str = "float64",
    steps: int | None = None,
) -> NDArray[Any]:
    """Return the start and the θ after each step, shape (steps + 1, P), in float64.

    Raises
    ------
    UsageError
        If the optimizer raises.
    PluginError
        If it returns something else than the next θ and state.
    """
    start, gradients = sequence
    rows = gradients[:steps].astype(dtype)
    rows.flags.writeable = False
    problem, fields = Given(rows, layout), ScheduledFields()
    oracle = Oracle(problem, PLAIN, Counts(), np.random.default_rng)
    theta: Array = start.astype(dtype)
    found = [theta.astype("float64")]
    own = fields.own(optimizer)
    with computing_with(PLAIN), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fields.set(0, 0.0, _no_budget)
        state = _tried(own, 0, own.init, theta, oracle)
        for k in range(len(rows)):
            oracle.step = problem.k = k
            fields.set(k, 0.0, _no_budget)
            returned = _tried(own, k + 1, own.step, theta, state, oracle)
            check_step(own, returned, theta.shape, theta.dtype)
            theta, state = returned
            found.append(np.array(PLAIN.to_numpy(theta), "float64"))
    return np.stack(found)


def _tried(optimizer: Optimizer, step: int, method: Callable[..., Any], *arguments: Any) -> Any:
    """Call a method of an optimizer; step 0 is its start."""
    try:
        return method(*arguments)
    except OptframeError:
        raise
    except Exception as error:
        who = type(optimizer).__name__
        raise UsageError(
            f"{who} fails at step {step} of given gradients: {described(error)}"
        ) from error


def apart(one: NDArray[Any], other: NDArray[Any], dtype: str = "float64") -> NDArray[Any]:
    """Return how far two ways are apart after 1, 2, ... steps, relative to the way gone, (k,).

    ::

        max |θ − θ'| / max(max |θ − start|, ρ max |start|)

    The maxima are over all steps so far, and over both ways in the divisor. With ρ = 1e-6, or 1e-3
    in float32, a short way is not measured in rounding. θ that are not finite in both are equal,
    and infinitely far apart where one is.
    """
    largest: NDArray[Any] = _relative(one, other, ROUNDING[dtype]).max(axis=1)
    return largest


class Place(NamedTuple):
    """Where two ways part."""

    sequence: str
    step: int
    block: str


def first_apart(
    ways: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], layout: Layout, tolerance: float
) -> Place | None:
    """Return the first sequence, step and block in which two ways are apart by more than that."""
    for name, pair in ways.items():
        far = _relative(*pair, ROUNDING["float64"]) > tolerance
        if far.any():
            step = int(far.any(axis=1).argmax())
            index, end = int(far[step].argmax()), 0
            for block in layout:
                end += block.size
                if index < end:
                    return Place(name, step + 1, block.name)
    return None


def _relative(one: NDArray[Any], other: NDArray[Any], rounding: float) -> NDArray[Any]:
    """Return the largest difference so far of each parameter, relative to the way gone, (k, P)."""
    with np.errstate(all="ignore"):
        apart = abs(one[1:] - other[1:])
        neither = ~np.isfinite(one[1:]) & ~np.isfinite(other[1:])
        apart = np.where(neither, 0.0, np.where(np.isfinite(apart), apart, np.inf))
        gone = [np.nan_to_num(abs(way[1:] - way[:1]), nan=0.0, posinf=0.0) for way in (one, other)]
        far = np.maximum.accumulate(np.maximum(*gone).max(axis=1))[:, None]
        far = np.maximum(far, rounding * abs(one[0]).max())
        relative = np.where(apart == 0, 0.0, apart / far)
    largest: NDArray[Any] = np.maximum.accumulate(relative, axis=0)
    return largest


def _no_budget(k: int, epoch: float) -> float:
    return 0.0
