"""A plugin whose component keeps no contract."""

from dataclasses import dataclass

from optframe import hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Stranger:
    x: float = 1.0


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


@hookimpl
def optframe_schedules():
    return {"stranger": Stranger}
