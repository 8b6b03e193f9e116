"""optax: functions that return a gradient transformation, and its schedules."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from optframe import Adapter, Space

__all__ = ["Optax"]


class Optax(Adapter):
    """A function that is annotated with ``GradientTransformation`` is an optimizer.

    So is one with ``GradientTransformationExtraArgs``; one with ``optax.Schedule`` is a schedule.
    Functions of any package count, if they say what they return.
    """

    modules: ClassVar[tuple[str, ...]] = ("optax", "optax.contrib")
    extra: ClassVar[str | None] = "jax"

    def recognizes(self, found: object) -> str | None:
        """Return ``optimizers`` or ``schedules`` for what a function returns, else None."""
        optax: Any = sys.modules.get("optax")
        if optax is None or not inspect.isfunction(found):
            return None
        try:
            signature = inspect.signature(found, eval_str=True)
            returned = signature.return_annotation
            # optax.contrib.dog and dowg do not say what they return.
            if returned is signature.empty and found.__module__.startswith("optax."):
                return "optimizers" if "learning_rate" in signature.parameters else None
        except (NameError, TypeError, ValueError, AttributeError):
            returned = found.__annotations__.get("return")
        if returned in (optax.GradientTransformation, optax.GradientTransformationExtraArgs):
            return "optimizers"
        name = str(returned).rpartition(".")[2]
        if name in ("GradientTransformation", "GradientTransformationExtraArgs"):
            return "optimizers"
        return "schedules" if returned == optax.Schedule else None

    def base(self, found: object, kind: str) -> type:
        """Return the base class of the components."""
        if kind == "schedules":
            from optframe_plugins.optax_optimizer.schedule import OptaxSchedule

            return OptaxSchedule
        from optframe_plugins.optax_optimizer.component import OptaxOptimizer

        return OptaxOptimizer

    def computes_with(self, found: object) -> tuple[str, ...]:
        """Return the modules that compute the steps."""
        return ("jax", "jaxlib")

    def spaces(self, found: object) -> Mapping[str, Space]:
        """Return the usual spaces of optax's well-known optimizers; nothing for others."""
        from optframe_plugins.library_spaces import library_spaces

        return library_spaces(found, "optax")

    def leaves_out(self, found: object) -> frozenset[str]:
        """Return the key of its draws, and the seed of this key: the run's seed decides."""
        names = inspect.signature(found).parameters  # type: ignore[arg-type]
        return frozenset({"key", "seed"} if "key" in names else ())
