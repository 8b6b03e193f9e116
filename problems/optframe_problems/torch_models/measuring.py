"""What a checkpoint measures: losses and metrics of all records, with the module in evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import Any

import numpy as np
import torch

from optframe import Array, PluginError
from optframe_problems.data_loading.parts import PARTS
from optframe_problems.torch_models.live_module import LiveModule
from optframe_problems.torch_models.probe import HELD, Facts
from optframe_problems.torch_models.records import Records

__all__ = ["Measuring"]

BATCHES, BATCH = 20, 128
"""From how many batches the statistics of batch normalization come, and of how many records."""


class Measuring:
    """Measures θ on the parts of the data.

    The statistics of batch normalization are worked out from θ: the means of the statistics of up
    to 20 batches of up to 128 training records, which are drawn once, and always the same. So they
    depend on nothing that was asked before.
    """

    def __init__(
        self,
        live: LiveModule,
        parts: Mapping[str, Records],
        metrics: Mapping[str, Callable[..., Any]],
        facts: Facts,
    ) -> None:
        self._live = live
        self._parts = parts
        self._functions = {name: live.own(function) for name, function in metrics.items()}
        self._facts = facts
        self._batches: list[torch.Tensor] = []
        if live.batch_norms:
            count = len(parts["train"][-1])
            rows = np.random.default_rng(0).permutation(count)[: BATCHES * BATCH]
            self._batches = [
                live.rows(part) for part in np.array_split(rows, ceil(len(rows) / BATCH))
            ]

    def __call__(self, theta: Array) -> dict[str, float]:
        """Return losses and metrics of each part."""
        self.at(theta)
        values: dict[str, float] = {}
        with torch.no_grad():
            for part, prefix in PARTS.items():
                if part in self._parts:
                    found = self._means(self._parts[part])
                    values.update((prefix + name, value) for name, value in found.items())
        return values

    def at(self, theta: Array) -> None:
        """Bring the module to θ, in evaluation, with the statistics that belong to θ."""
        live = self._live
        live.place(theta)
        if live.batch_norms:
            self._recompute()
        live.enter("measure")
        if self._facts.draws_always:
            live.seed(0)

    def _recompute(self) -> None:
        live = self._live
        live.enter("still")
        if self._facts.draws_always:
            live.seed(0)
        for norm, _ in live.batch_norms:
            norm.track_running_stats, norm.momentum = True, None  # the mean over the batches
            norm.reset_running_stats()
        try:
            with torch.no_grad():
                for rows in self._batches:
                    inputs = self._parts["train"][:-1]
                    live.module(*(part.index_select(0, rows) for part in inputs))
        finally:
            for norm, momentum in live.batch_norms:
                norm.track_running_stats, norm.momentum = False, momentum

    def _means(self, records: Records) -> dict[str, float]:
        """Return the mean loss and metrics over records."""
        sums = dict.fromkeys(("loss", *self._functions), 0.0)
        for outputs, targets in self._outputs(records):
            share = len(targets) / len(records[-1])
            sums["loss"] += share * float(self._live.checked(outputs, targets))
            for name, function in self._functions.items():
                sums[name] += share * _number(name, function(outputs, targets))
        return sums

    def _outputs(self, records: Records) -> Iterator[tuple[Any, torch.Tensor]]:
        """Yield the outputs of records with the targets: of all at once, where they can be held.

        The records go through the module in pieces. Outputs that are no tensor with a row for each
        record are those of a piece.
        """
        most = self._live.most
        held: list[tuple[torch.Tensor, torch.Tensor]] = []
        for first in range(0, len(records[-1]), most):
            *inputs, targets = (part[first : first + most] for part in records)
            outputs = self._live.module(*inputs)
            rows = isinstance(outputs, torch.Tensor) and outputs.shape[:1] == targets.shape[:1]
            if not rows:
                yield outputs, targets
                continue
            held.append((outputs, targets))
            if sum(one.numel() for one, _ in held) >= HELD:
                yield _joined(held)
                held = []
        if held:
            yield _joined(held)


def _joined(held: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    if len(held) == 1:
        return held[0]
    outputs, targets = zip(*held, strict=True)
    return torch.cat(outputs), torch.cat(targets)


def _number(name: str, value: Any) -> float:
    """Return what a metric returned as a number."""
    size = getattr(value, "numel", lambda: 1)()
    try:
        if size == 1:
            return float(value)
    except (TypeError, ValueError):
        size = 0
    what = f"{size} numbers" if size > 1 else f"a {type(value).__name__}"
    raise PluginError(
        f"TorchProblem: the metric {name!r} returned {what}; expected one number for all records"
    )
