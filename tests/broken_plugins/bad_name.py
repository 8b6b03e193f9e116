"""A plugin that gives a component a name that cannot be typed."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


@hookimpl
def optframe_schedules():
    return {"My Schedule": "optframe_plugins.schedules.linear:Linear"}
