"""Optimizers that stay where they are and keep what the oracle shows them, for each trial."""

from collections import defaultdict
from dataclasses import dataclass

from optframe import Optimizer, hookimpl

optframe_api = 1

SEEN = defaultdict(dict)
"""By optimizer, then by (problem, sampler, seed): the start, then the gradient of every step."""

_current = []


@dataclass(frozen=True)
class Spy(Optimizer):
    """Spy: look at the gradient where the run started, and never move."""

    def init(self, theta, oracle):
        _current[:] = [theta.tobytes()]

    def step(self, theta, state, oracle):
        _current.append(oracle.gradient(theta).tobytes())
        return theta, state


@dataclass(frozen=True)
class OtherSpy(Spy):
    """The other spy: the same, but it asks twice and draws numbers of its own."""

    random = True

    def step(self, theta, state, oracle):
        oracle.random.standard_normal(7)
        oracle.gradient(theta + 1)
        return super().step(theta, state, oracle)


@hookimpl
def optframe_optimizers():
    return {"spy": Spy, "other-spy": OtherSpy}


@hookimpl
def optframe_trial_finished(trial):
    SEEN[trial.optimizer.name][trial.problem.name, trial.sampler.label, trial.seed] = [*_current]
