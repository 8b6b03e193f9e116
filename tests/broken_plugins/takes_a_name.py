"""A plugin that registers a name that is taken, after one that is free."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {
        "leftover": "optframe_plugins.optimizers.sgd:SGD",
        "adam": "optframe_plugins.optimizers.sgd:SGD",
    }
