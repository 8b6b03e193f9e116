"""A plugin that ends the process when it is imported."""

import sys

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


sys.exit("this plugin needs a Mac")
