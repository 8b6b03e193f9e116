"""A plugin for another version of the hooks."""

from optframe import hookimpl

optframe_api = 99


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}
