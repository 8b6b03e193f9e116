"""A plugin that forgets to mark a hook."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


def optframe_samplers():
    return {}
