"""What a `TorchProblem` was made of: checked, read once, and shared by all its runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from optframe import UnavailableError, UsageError

if TYPE_CHECKING:
    from optframe_problems.torch_models.live_module import LiveModule
    from optframe_problems.torch_models.records import Records
    from optframe_problems.torch_models.template import Template

__all__ = ["Given"]


@dataclass(frozen=True, eq=False)
class Given:
    """What a problem was made of, and what all that are bound to a setting share of it."""

    module: Any
    criterion: Any
    data: Any
    test: Any
    validation: Any
    metrics: dict[str, Any]
    batch_norm: str
    on_devices: dict[Any, dict[str, Records]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            import torch
        except ImportError as error:
            raise UnavailableError(
                f"TorchProblem: PyTorch is not installed ({error}); pip install "
                "'optframe-bench[torch]'"
            ) from error
        for name, function in (("loss", self.criterion), *self.metrics.items()):
            if not callable(function):
                raise UsageError(
                    f"TorchProblem: {name} is {function!r:.60}; expected a function of (outputs, "
                    "targets)"
                )
        if "loss" in self.metrics:
            raise UsageError("TorchProblem: a metric is named 'loss', which is measured; rename it")
        if self.batch_norm not in ("recompute", "refuse"):
            raise UsageError(
                f"TorchProblem: batch_norm is {self.batch_norm!r}; expected 'recompute' or 'refuse'"
            )
        if isinstance(self.module, torch.nn.Module):
            _ = self.template  # a copy of it as it is now

    @cached_property
    def template(self) -> Template:
        """The module."""
        from optframe_problems.torch_models.template import Template

        return Template(self.module)

    @cached_property
    def parts(self) -> dict[str, Records]:
        """The records of each part, on the host."""
        from optframe_problems.torch_models.records import all_parts

        return all_parts(self.data, self.validation, self.test)

    def parts_on(self, live: LiveModule) -> dict[str, Records]:
        """Return the records of each part on a module's device, in its precision; made once."""
        place = live.device, live.dtype
        if place not in self.on_devices:
            made = {name: live.tensors(part) for name, part in self.parts.items()}
            self.on_devices[place] = made
        return self.on_devices[place]

    def tell(self, unused: Sequence[str]) -> None:
        """Print which parameters do not move, once."""
        if self.told:
            return
        lines = [
            f"optframe: {self.template.title}: {what}: {_listed(names)}"
            for names, what in (
                (self.template.frozen, "no part of θ, since requires_grad = False"),
                (unused, "the loss does not depend on these, whose gradient is 0"),
            )
            if names
        ]
        self.told.extend(lines or [""])
        for line in lines:
            print(line, file=sys.stderr)


def _listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
