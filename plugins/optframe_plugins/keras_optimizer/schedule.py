"""The base class of the components that are learning-rate schedules of Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from optframe import Schedule

__all__ = ["KerasSchedule"]


@dataclass(frozen=True, kw_only=True)
class KerasSchedule(Schedule):
    """A schedule of ``keras.optimizers.schedules``, for any hyperparameter of any optimizer.

    Its value for step k is that of Keras for its iteration k, in float64.

    Raises
    ------
    ValueError
        If Keras refuses its parameters, with its own message.
    """

    target: ClassVar[Any]
    path: ClassVar[str]
    given: ClassVar[Any]

    def __post_init__(self) -> None:
        self.target(**self.given)

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return the value after k steps."""
        from optframe_plugins.keras_optimizer.on_backends.precision import computing_in

        with computing_in("float64"):
            return float(self._value(k))

    @cached_property
    def _value(self) -> Callable[[int], Any]:
        import keras

        made: Callable[[int], Any] = self.target(**self.given)
        if keras.config.backend() != "jax":
            return made
        import jax

        compiled: Callable[[int], Any] = jax.jit(made)
        return compiled

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is compiled out; it is made again."""
        return {name: value for name, value in vars(self).items() if name != "_value"}
