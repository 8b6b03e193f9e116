"""A plugin that is fine until its components are used."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {
        "fine": "optframe_plugins.optimizers.sgd:SGD",
        "lost": "no_such_package.lost:Lost",
        "classless": "optframe_plugins.optimizers.sgd:NoSuchClass",
        "misplaced": "optframe_plugins.schedules.linear:Linear",
    }
