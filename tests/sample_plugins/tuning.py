"""A tuner that learns, one that repeats itself, and a protocol."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import Optimizer, Positive, Protocol, Space, Tuner, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Halves(Tuner):
    """Two at a time, each field near the best so far; deterministic."""

    adaptive = True

    def ask(self, space, history, trials, seed):
        count = min(2, trials - len(history))
        if not history:
            places = [0.1, 0.9][:count]
            return [{name: one.at(u) for name, one in space.items()} for u in places]
        best = min(history, key=lambda tried: tried.value).setting
        move = 0.3 / len(history)
        return [
            {n: one.at(min(max(one.u_of(best[n]) + by, 0), 1)) for n, one in space.items()}
            for by in (-move, move)[:count]
        ]


@dataclass(frozen=True)
class Stubborn(Tuner):
    """The same setting each time but the last."""

    def ask(self, space, history, trials, seed):
        middle = {name: one.at(0.5) for name, one in space.items()}
        low = {name: one.at(0.25) for name, one in space.items()}
        return [*[middle] * (trials - 1), low][len(history) :]


@dataclass(frozen=True)
class Picky(Optimizer):
    """Gradient descent, with a gap in the rates that it takes.

    ::

        θ ← θ − ε·g
    """

    lr: Positive = 0.01

    def __post_init__(self):
        if 1.5e-3 < self.lr < 3e-3:
            raise ValueError(f"lr: found {self.lr}, expected another")

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta), state


@dataclass(frozen=True)
class Paper(Protocol):
    """A protocol of a paper."""

    tuner: ClassVar = "random"
    trials: ClassVar = 3
    tuning_seeds: ClassVar = 2
    final_seeds: ClassVar = 4
    at: ClassVar = "best"
    source: ClassVar = "a paper"

    def space(self, optimizer, given, *others):
        return {"lr": Space(1e-4, 1e-3)} if optimizer == "sgd" else None


@hookimpl
def optframe_optimizers():
    return {"picky": Picky}


@hookimpl
def optframe_tuners():
    return {"halves": Halves, "stubborn": Stubborn}


@hookimpl
def optframe_protocols():
    return {"paper": Paper}
