"""The base class of the components that are gradient transformations of optax."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from optframe import Array, Optimizer, Oracle, Schedule

if TYPE_CHECKING:
    from optframe_plugins.optax_optimizer.live import Live
    from optframe_plugins.optax_optimizer.transformation import Transformation

__all__ = ["OptaxOptimizer"]


@dataclass(frozen=True, kw_only=True)
class OptaxOptimizer(Optimizer):
    """A function that returns a ``GradientTransformation``, which computes the steps.

    ::

        u, state ← update(∇f(θ), state, θ, ...),    θ ← θ + u

    Its fields are the parameters of the function. The parameters of the transformation are a dict
    of the problem's blocks, so that each has its shape. What ``update`` takes beside gradients
    (``value``, ``grad``, ``value_fn``) is found when it is made. The step is compiled once for each
    shape and precision: the learning rate, and what a schedule gives, are arguments of it, and all
    other parameters are constants. On a problem that is written in JAX the gradient is compiled
    with it. Runs go one by one.

    Raises
    ------
    ValueError
        If the transformation cannot be made, or cannot take a step, with optax's own message.
    """

    target: ClassVar[Any]
    path: ClassVar[str]
    given: ClassVar[Any]
    vectorized: ClassVar[bool] = False

    def __post_init__(self) -> None:
        fields = vars(self).items()
        # The loop puts the schedules' values in their place, in a copy, which has this, too.
        self.__dict__["_scheduled"] = [k for k, value in fields if isinstance(value, Schedule)]
        _ = self.transformation

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """The gradient, and the loss if ``update`` takes it or a function of it."""
        return frozenset({"gradient", *(["loss"] if self.transformation.takes else [])})

    @property
    def random(self) -> bool:  # type: ignore[override]
        """Whether it draws from a key, which then follows from the run's seed."""
        return self.transformation.draws

    @property
    def transformation(self) -> Transformation:
        """What is found of the function with these parameters; equal ones share what is compiled.

        The numbers that are arguments of a step do not belong to it.
        """
        from optframe_plugins.optax_optimizer.transformation import transformation_of

        found: Transformation | None = vars(self).get("_transformation")
        if found is None:
            names = self.library_names
            scheduled = {names[field]: 1e-3 for field in vars(self)["_scheduled"]}
            given = {**self.given, **scheduled}
            found = transformation_of(self.target, self.path, given, frozenset(scheduled))
            self.__dict__["_transformation"] = found
        return found

    @property
    def library_names(self) -> dict[str, str]:
        """The names of the function's parameters, by the fields that they are."""
        fields = dataclasses.fields(self)
        return {f.name: f.metadata["parameter"] for f in fields if "parameter" in f.metadata}

    def init(self, theta: Array, oracle: Oracle) -> Live:
        """Return the state of the transformation at θ."""
        from optframe_plugins.optax_optimizer.live import Live

        return Live(self, theta, oracle)

    def step(self, theta: Array, state: Live, oracle: Oracle) -> tuple[Array, Live]:
        """Add the updates to θ."""
        return state.step(theta, self, oracle), state

    def solution(self, theta: Array, state: Live) -> Array:
        """Return θ; of the schedule-free methods, the point at which they are evaluated."""
        return state.solution(theta)

    def dump(self, state: Live) -> Any:
        """Return the arrays of the state, on the host."""
        return state.dump()

    def load(self, theta: Array, plain: Any, oracle: Oracle) -> Live:
        """Make the state again of its arrays."""
        from optframe_plugins.optax_optimizer.live import Live

        return Live(self, theta, oracle, plain)
