"""The base class of the components that are optimizers of Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optframe import Array, Optimizer, Oracle, Schedule

__all__ = ["KerasOptimizer"]

RATE = "learning_rate"


@dataclass(frozen=True, kw_only=True)
class KerasOptimizer(Optimizer):
    """A ``keras.optimizers.Optimizer``: its own class computes the steps, on JAX or PyTorch.

    Its fields are the parameters of the class. Runs go one by one, on the CPU. The learning rate
    may be a schedule. With ``use_ema``, checkpoints measure the average.

    Raises
    ------
    ValueError
        If another parameter is a schedule, or Keras refuses the parameters, with its own message.
    """

    target: ClassVar[Any]
    path: ClassVar[str]
    given: ClassVar[Any]
    vectorized: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, value in self.given.items():
            if name != RATE and isinstance(value, Schedule):
                raise ValueError(
                    f"{name}: Keras keeps it as a constant; only {RATE} may be a schedule"
                )
        self.made()

    def made(self) -> Any:
        """Return a new optimizer of Keras."""
        given = dict(self.given)
        if isinstance(given.get(RATE), Schedule):
            given[RATE] = 1.0  # each step sets it
        return self.target(**given)

    def init(self, theta: Array, oracle: Oracle) -> Any:
        """Make the optimizer on the blocks of θ."""
        import keras

        from optframe_plugins.keras_optimizer.live import Live

        if keras.config.backend() == "jax":
            from optframe_plugins.keras_optimizer.on_jax import OnJax as Rule
        else:
            from optframe_plugins.keras_optimizer.on_torch import (  # type: ignore[assignment]
                OnTorch as Rule,
            )
        blocks = tuple((block.name, block.shape) for block in oracle.layout)
        host = np.asarray(oracle.backend.to_numpy(theta))
        return Live(Rule(self, blocks, host), oracle.xp, oracle.backend.to_numpy)

    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Do one step of the class."""
        return state.step(theta, oracle.gradient(theta), getattr(self, RATE, None)), state

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
