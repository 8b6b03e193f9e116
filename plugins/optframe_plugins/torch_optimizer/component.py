"""The base class of the components that are optimizers of torch, and of those around another."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from optframe import Array, Optimizer, Oracle, UsageError
from optframe_plugins.torch_optimizer.facts import Facts
from optframe_plugins.torch_optimizer.grouping import check_groups
from optframe_plugins.torch_optimizer.rates import base_of, given_to, schedules_of

if TYPE_CHECKING:
    from optframe_plugins.torch_optimizer.live import Live

__all__ = ["TorchOptimizer"]


@dataclass(frozen=True, kw_only=True)
class TorchOptimizer(Optimizer):
    """A ``torch.optim.Optimizer`` of any package: its own class computes the steps.

    Its fields are the parameters of the class. What it wants of its caller, such as a closure, is
    found by a probe when it is made. Runs go one by one.

    Parameters
    ----------
    groups
        Parameter groups by the kind or the name of blocks, with what differs there:
        ``[{ kind = "bias", weight_decay = 0 }, { name = "layers.0.*", lr = 1e-4 }]``. The first
        that fits a block decides.

    Raises
    ------
    ValueError
        If the class cannot be made or cannot run, with its own message.
    """

    groups: tuple[dict[str, Any], ...] = field(default=())

    target: ClassVar[Any]
    path: ClassVar[str]
    given: ClassVar[Any]
    vectorized: ClassVar[bool] = False

    def __post_init__(self) -> None:
        # The loop puts the schedules' values in their place, in a copy, which has this, too.
        self.__dict__["_schedules"] = schedules_of(self)
        check_groups(self.groups)
        for name, inside in self.inside.items():
            if not isinstance(inside, TorchOptimizer):
                raise ValueError(
                    f"{name}: expected an optimizer of PyTorch such as 'torch.optim.AdamW', found "
                    f"{type(inside).__name__}"
                )
        from optframe_plugins.torch_optimizer.probe import check_construction

        check_construction(self, self.facts)

    @property
    def inside(self) -> dict[str, Any]:
        """The optimizers that it goes around, by the names of their fields."""
        return {k: v for k, v in vars(self).items() if isinstance(v, Optimizer)}

    @property
    def facts(self) -> Facts:
        """What the class wants with these parameters."""
        from optframe_plugins.torch_optimizer.probe import Asked, facts_of

        found: Facts | None = vars(self).get("_facts")
        if found is None:
            probed = copy.copy(self)
            for attribute, schedule in schedules_of(self).items():
                object.__setattr__(probed, attribute, base_of(schedule))
            found = facts_of(Asked(self.target, key_of(self), probed))
            self.__dict__["_facts"] = found
        return found

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """What it asks of the oracle; ``matrices`` where it takes nothing else."""
        return self.facts.needs

    @property
    def random(self) -> bool:  # type: ignore[override]
        """Whether it draws random numbers; these follow from ``oracle.random``."""
        return bool(self.facts.draws)

    @property
    def resumable(self) -> bool:  # type: ignore[override]
        """Whether it goes on to the bit from a saved state."""
        return self.facts.unsaved is None

    def init(self, theta: Array, oracle: Oracle) -> Live:
        """Make the optimizer on the blocks of θ."""
        from optframe_plugins.torch_optimizer.live import Live

        try:
            return Live(self, theta, oracle, self.facts)
        except ValueError as error:
            raise UsageError(f"{self.path}: {error}") from error

    def step(self, theta: Array, state: Live, oracle: Oracle) -> tuple[Array, Live]:
        """Do one step of the class."""
        return state.step(theta, self, oracle), state

    def solution(self, theta: Array, state: Live) -> Array:
        """Return θ in evaluation mode, for classes that have one."""
        return state.solution(theta)

    def dump(self, state: Live) -> Any:
        """Return the state, the groups and the attributes of the class as plain data."""
        return state.dump()

    def load(self, theta: Array, plain: Any, oracle: Oracle) -> Live:
        """Make the optimizer again, and give it what `dump` has returned."""
        state = self.init(theta, oracle)
        state.load(plain)
        return state


def key_of(component: TorchOptimizer) -> str:
    """Return a text that is equal for components of a class that want the same.

    A number decides only by whether it is 0: the values of a grid are not probed one by one.
    """
    parts = {k: key_of(v) for k, v in component.inside.items()}
    given = {k: _kind(v) for k, v in given_to(component).items()}
    scheduled = sorted(schedules_of(component))
    return repr((component.path, given, scheduled, component.groups, parts))


def _kind(value: Any) -> Any:
    return ("number", value == 0) if type(value) in (int, float) else value
