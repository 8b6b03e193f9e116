"""A plugin with a hook that there is not."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


@hookimpl
def optframe_optimisers():
    return {}
