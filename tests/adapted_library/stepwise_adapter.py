"""An adapter of the library ``stepwise``: as in the documentation, and for schedules, too."""

import sys
from dataclasses import dataclass

from optframe import Adapter, Optimizer, Schedule, hookimpl

optframe_api = 1


@dataclass(frozen=True, kw_only=True)
class Stepwise(Optimizer):
    """An optimizer of the library; its state is the library's object."""

    clip: float = float("inf")

    vectorized = False
    resumable = False

    @property
    def needs(self):
        return frozenset({"gradient"})

    def init(self, theta, oracle):
        return self.target([float(value) for value in theta], **self.given)

    def step(self, theta, state, oracle):
        state.step([float(value) for value in oracle.gradient(theta)])
        return oracle.xp.asarray(state.params, dtype=theta.dtype, device=theta.device), state


@dataclass(frozen=True, kw_only=True)
class StepwiseSchedule(Schedule):
    def __call__(self, k, epoch, progress):
        return float(self.target(**self.given).at(k))


class StepwiseAdapter(Adapter):
    """Adapts the optimizers and schedules of stepwise."""

    modules = ("stepwise.optim",)
    extra = "stepwise"

    def recognizes(self, found):
        library = sys.modules.get("stepwise.optim")
        if library is None or not isinstance(found, type):
            return None
        if issubclass(found, library.Ramp):
            return "schedules"
        return "optimizers" if issubclass(found, library.Base) else None

    def base(self, found, kind):
        return StepwiseSchedule if kind == "schedules" else Stepwise

    def leaves_out(self, found):
        return frozenset({"params", "defaults"})


@hookimpl
def optframe_adapters():
    return {"stepwise": "stepwise_adapter:StepwiseAdapter"}
