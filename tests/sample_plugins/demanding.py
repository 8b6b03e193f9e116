"""Optimizers that ask for what not every problem offers, and ones with unusual fields."""

from dataclasses import dataclass, field
from typing import Any

from optframe import Number, Optimizer, Schedule, hookimpl

optframe_api = 1


class _Descent(Optimizer):
    """Gradient descent."""

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta), state


@dataclass(frozen=True)
class Lunar(_Descent):
    """Lunar: asks for the moon."""

    lr: Number = 0.001
    needs = frozenset({"gradient", "moon"})


@dataclass(frozen=True)
class Cautious(_Descent):
    """Cautious: asks for the same loss at every step."""

    lr: Number = 0.001
    needs = frozenset({"gradient", "deterministic"})


@dataclass(frozen=True)
class Square(_Descent):
    """Square: asks for matrices alone."""

    lr: Number = 0.001
    needs = frozenset({"gradient", "matrices"})


@dataclass(frozen=True)
class Shaped(_Descent):
    """Shaped: asks for the layout, which every problem has."""

    lr: Number = 0.001
    needs = frozenset({"gradient", "layout"})


@dataclass(frozen=True)
class Gambler(_Descent):
    """Gambler: draws numbers of its own."""

    lr: Number = 0.001
    random = True

    def step(self, theta, state, oracle):
        noise = oracle.random.standard_normal(theta.shape)
        return theta - self.lr * (oracle.gradient(theta) + noise), state


@dataclass(frozen=True)
class Fading(Schedule):
    """Fading: 0.001, then ever less."""

    start: Number = 0.001

    def __call__(self, k, epoch, progress):
        return self.start / (1 + k)


@dataclass(frozen=True)
class Unusual(_Descent):
    """Unusual: a default that is a schedule, a field that is derived, and a sequence."""

    lr: Number = Fading()
    sizes: tuple[int, ...] = (1, 2)
    derived: Any = field(default=None, init=False)

    def __post_init__(self):
        object.__setattr__(self, "derived", sum(self.sizes))


@hookimpl
def optframe_optimizers():
    return {
        "lunar": Lunar,
        "cautious": Cautious,
        "square": Square,
        "shaped": Shaped,
        "gambler": Gambler,
        "unusual": Unusual,
    }


@hookimpl
def optframe_schedules():
    return {"fading": Fading}
