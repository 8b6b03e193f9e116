"""The base class of the components that are schedules of optax."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from optframe import Schedule

__all__ = ["OptaxSchedule"]

PIECE = 1024
"""How many steps are computed at a time."""


@dataclass(frozen=True, kw_only=True)
class OptaxSchedule(Schedule):
    """A schedule of optax, a function of the step, in double precision.

    Its parameters count steps: they do not depend on the budget.

    Raises
    ------
    ValueError
        If it cannot be made, with optax's own message.
    """

    target: ClassVar[Any]
    path: ClassVar[str]
    given: ClassVar[Any]

    def __post_init__(self) -> None:
        try:
            self(0, 0.0, 0.0)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"{self.path}: {type(error).__name__}: {reason}") from error

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return the value at step k."""
        piece, place = divmod(k, PIECE)
        if piece not in self._pieces:
            self._pieces[piece] = self._computed(piece * PIECE)
        return self._pieces[piece][place]

    @cached_property
    def _pieces(self) -> dict[int, list[float]]:
        return {}

    def _computed(self, first: int) -> list[float]:
        import jax  # late: this module is imported for its class alone
        import jax.numpy as jnp

        with jax.enable_x64(True):
            schedule = self.target(**self.given)
            steps = jnp.arange(first, first + PIECE)
            values = jax.jit(jax.vmap(lambda step: jnp.asarray(schedule(step), float)))(steps)
            found: list[float] = values.tolist()
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the values; they are computed again."""
        return {k: v for k, v in vars(self).items() if k != "_pieces"}
