"""A plugin whose hook raises."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


@hookimpl
def optframe_schedules():
    raise LookupError("the schedules are lost")
