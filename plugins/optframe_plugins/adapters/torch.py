"""PyTorch: optimizers of any package, and learning-rate schedulers."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from optframe import Adapter, Optimizer, Space

__all__ = ["Torch"]


class Torch(Adapter):
    """Every subclass of ``torch.optim.Optimizer`` is an optimizer, and schedulers are schedules."""

    modules: ClassVar[tuple[str, ...]] = ("torch.optim",)
    extra: ClassVar[str | None] = "torch"

    def recognizes(self, found: object) -> str | None:
        """Return ``optimizers`` or ``schedules`` for a class of torch; None for anything else."""
        torch = sys.modules.get("torch")
        optim: Any = getattr(torch, "optim", None)
        if optim is None or not isinstance(found, type):
            return None
        if issubclass(found, optim.Optimizer) and found is not optim.Optimizer:
            return "optimizers"
        schedulers = optim.lr_scheduler
        if issubclass(found, (schedulers.LRScheduler, schedulers.ReduceLROnPlateau)):
            return "schedules"
        return None

    def base(self, found: object, kind: str) -> type:
        """Return the base class: with a field for each optimizer that the class goes around."""
        return _scheduler(found) if kind == "schedules" else _optimizer(found)

    def spaces(self, found: object) -> Mapping[str, Space]:
        """Return the usual spaces of PyTorch's well-known optimizers; nothing for others."""
        from optframe_plugins.library_spaces import library_spaces

        return library_spaces(found, "torch")

    def leaves_out(self, found: object) -> frozenset[str]:
        """Return the first parameter, which takes the optimizer's parameters or the optimizer."""
        names = list(inspect.signature(found).parameters)  # type: ignore[arg-type]
        return frozenset({*names[:1], "model", "last_epoch", "verbose"})


def _scheduler(found: Any) -> type:
    from optframe_plugins.torch_optimizer.schedule import TorchSchedule, TorchScheduleFrom, refused

    rates = {"max_lr", "base_lr"} & inspect.signature(found).parameters.keys()
    return TorchSchedule if rates or refused(found) else TorchScheduleFrom


@lru_cache(maxsize=1024)
def _optimizer(found: Any) -> type:
    from optframe_plugins.torch_optimizer.component import TorchOptimizer
    from optframe_plugins.torch_optimizer.construction import wanted

    fields = [(name, Optimizer) for name in wanted(found)]
    if not fields:
        return TorchOptimizer
    return dataclasses.make_dataclass(
        "TorchOptimizerAround",
        fields,
        bases=(TorchOptimizer,),
        namespace={"__doc__": TorchOptimizer.__doc__, "__module__": TorchOptimizer.__module__},
        frozen=True,
        kw_only=True,
    )
