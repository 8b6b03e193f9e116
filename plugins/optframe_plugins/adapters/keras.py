"""Keras 3: its optimizers and learning-rate schedules, on JAX or PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from optframe import Adapter, Space, UsageError
from optframe_plugins.keras_optimizer.backend import choose

__all__ = ["Keras"]

_HOLD_OTHERS = ("LossScaleOptimizer", "MultiOptimizer")


class Keras(Adapter):
    """The optimizers and learning-rate schedules of Keras 3, on JAX or PyTorch.

    Subclasses of ``keras.optimizers.Optimizer`` and of ``LearningRateSchedule`` are recognized.
    Keras has one backend per process, which it reads when it is imported. It is what
    ``KERAS_BACKEND`` says; else JAX where it is installed; else PyTorch. The backend's name and
    version are in the keys of trials.
    """

    modules: ClassVar[tuple[str, ...]] = ("keras.optimizers", "keras.optimizers.schedules")
    extra: ClassVar[str | None] = "keras"

    def prepare(self) -> None:
        """Choose the backend before keras is imported, or check what was chosen."""
        choose()

    def recognizes(self, found: object) -> str | None:
        """Return ``optimizers`` or ``schedules`` for a class of Keras; None for anything else."""
        optimizers: Any = getattr(sys.modules.get("keras"), "optimizers", None)
        if optimizers is None or not isinstance(found, type):
            return None
        if issubclass(found, optimizers.Optimizer) and found is not optimizers.Optimizer:
            return "optimizers"
        schedule = optimizers.schedules.LearningRateSchedule
        return "schedules" if issubclass(found, schedule) and found is not schedule else None

    def base(self, found: object, kind: str) -> type:
        """Return the base class of Keras's optimizers, or of its schedules.

        Raises
        ------
        UsageError
            If the class holds other optimizers.
        """
        choose()  # a file of the user's may have imported keras by itself
        if kind == "schedules":
            from optframe_plugins.keras_optimizer.schedule import KerasSchedule

            return KerasSchedule
        named: Any = found
        if any(base.__name__ in _HOLD_OTHERS for base in named.__mro__):
            instead = (
                "name the inner one; `loss_scale_factor` is a parameter of each"
                if named.__name__ == "LossScaleOptimizer"
                else "`split` gives each kind of block its optimizer"
            )
            raise UsageError(f"keras.optimizers.{named.__name__} holds other optimizers; {instead}")
        from optframe_plugins.keras_optimizer.component import KerasOptimizer

        return KerasOptimizer

    def spaces(self, found: object) -> Mapping[str, Space]:
        """Return the usual spaces of Keras's well-known optimizers; nothing for others."""
        from optframe_plugins.library_spaces import library_spaces

        return library_spaces(found, "keras")

    def leaves_out(self, found: object) -> frozenset[str]:
        """Return ``name``, which decides nothing, and Keras's ``kwargs``, which it refuses."""
        library = getattr(found, "__module__", "").partition(".")[0] == "keras"
        return frozenset({"name", "kwargs"} if library else {"name"})

    def computes_with(self, found: object) -> tuple[str, ...]:
        """Return the modules of Keras's backend."""
        keras: Any = sys.modules["keras"]
        return ("jax", "jaxlib") if keras.config.backend() == "jax" else ("torch",)
