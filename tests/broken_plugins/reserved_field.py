"""A plugin whose component has a field that no study could set."""

from dataclasses import dataclass

from optframe import Schedule, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Named(Schedule):
    name: str = "x"

    def __call__(self, k, epoch, progress):
        return 1.0


@hookimpl
def optframe_schedules():
    return {"named": Named}
