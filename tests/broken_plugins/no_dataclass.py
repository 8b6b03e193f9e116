"""A plugin whose component is no dataclass."""

from optframe import Schedule, hookimpl

optframe_api = 1


class Plain(Schedule):
    def __call__(self, k, epoch, progress):
        return 1.0


@hookimpl
def optframe_optimizers():
    return {"leftover": "optframe_plugins.optimizers.sgd:SGD"}


@hookimpl
def optframe_schedules():
    return {"plain": Plain}
