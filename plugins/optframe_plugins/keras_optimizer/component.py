"""The base class of the components that are optimizers of Keras."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from optframe import Array, Optimizer, Oracle, Schedule

__all__ = ["KerasOptimizer"]

RATE = "learning_rate"

NUMBERS = frozenset(
    {"weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"}
    | {"ema_overwrite_frequency", "gradient_accumulation_steps"}
)
"""The parameters of all classes whose default is None: their type is known nowhere else."""


@dataclass(frozen=True, kw_only=True)
class KerasOptimizer(Optimizer):
    """A ``keras.optimizers.Optimizer``: its own class computes the steps, on JAX or PyTorch.

    Its fields are the parameters of the class. Runs go one by one, on the CPU. With ``use_ema``,
    checkpoints measure the average. The learning rate is a variable of Keras. Other parameters are
    constants there: if one is a schedule, steps on JAX are not compiled.

    Raises
    ------
    ValueError
        If Keras refuses the parameters, with its own message, or keeps none of the name of one that
        is a schedule.
    """

    target: ClassVar[Any]
    path: ClassVar[str]
    given: ClassVar[Any]
    vectorized: ClassVar[bool] = False

    def __post_init__(self) -> None:
        made = self.made()
        scheduled: dict[str, tuple[str, bool]] = {}
        """By names of Keras: the field, and whether its default is a whole number."""
        for field in fields(self):
            name = str(field.metadata.get("parameter", field.name))
            value = getattr(self, field.name)
            if name in NUMBERS and not isinstance(value, (int, float, Schedule, type(None))):
                raise ValueError(f"{name}: expected a number, found {value!r}")
            if isinstance(value, Schedule) and name != RATE:
                if not hasattr(made, name):
                    raise ValueError(f"{name}: {self.path} keeps none of this name; give a number")
                scheduled[name] = field.name, type(field.metadata.get("default")) is int
        # The loop puts the schedules' values in their place, in a copy, which has this, too.
        self.__dict__["scheduled"] = scheduled

    def made(self) -> Any:
        """Return a new optimizer of Keras, with the first values of schedules."""
        given = self.given.items()
        first = {k: v(0, 0.0, 0.0) if isinstance(v, Schedule) else v for k, v in given}
        return self.target(**first)

    def init(self, theta: Array, oracle: Oracle) -> Any:
        """Make the optimizer on the blocks of θ."""
        import keras

        from optframe_plugins.keras_optimizer.live import Live

        if keras.config.backend() == "jax":
            from optframe_plugins.keras_optimizer.on_backends.jax import OnJax as Rule
        else:
            from optframe_plugins.keras_optimizer.on_backends.torch import (  # type: ignore[assignment]
                OnTorch as Rule,
            )
        blocks = tuple((block.name, block.shape) for block in oracle.layout)
        host = np.asarray(oracle.backend.to_numpy(theta))
        return Live(Rule(self, blocks, host), oracle.xp, oracle.backend.to_numpy)

    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Do one step of the class."""
        rate = getattr(self, RATE, None)
        values = {}
        for name, (attribute, whole) in vars(self)["scheduled"].items():
            value = getattr(self, attribute)
            values[name] = int(value) if whole and value.is_integer() else value
        return state.step(theta, oracle.gradient(theta), rate, values), state

    def solution(self, theta: Array, state: Any) -> Array:
        """Return the average, for ``use_ema``; else θ."""
        return state.solution(theta)

    def dump(self, state: Any) -> Any:
        """Return the variables of the optimizer as arrays, in its order."""
        return {"variables": state.rule.arrays()}

    def load(self, theta: Array, plain: Any, oracle: Oracle) -> Any:
        """Make the optimizer again, and give it the variables that `dump` has returned."""
        state = self.init(theta, oracle)
        state.rule.restore(plain["variables"])
        return state
