"""A plugin that cannot be imported."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


raise RuntimeError("the licence server is down")
