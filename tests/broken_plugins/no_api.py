"""A plugin that does not say which version of the hooks it is for."""

from optframe import hookimpl


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}
