"""A plugin whose component lacks what its contract asks for."""

from dataclasses import dataclass

from optframe import Problem, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Shapeless(Problem):
    x: float = 1.0


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


@hookimpl
def optframe_problems():
    return {"shapeless": Shapeless}
