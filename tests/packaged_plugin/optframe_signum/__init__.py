"""The plugin: it names its component, which is imported when it is used."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers():
    return {"signum": "optframe_signum.signum:Signum"}
