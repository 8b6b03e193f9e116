"""Tries a module on a few records: what it draws, what it keeps, and what it leaves unused."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from optframe import OptframeError, UsageError
from optframe.errors import described, one_line
from optframe_problems.torch_models.live_module import LiveModule
from optframe_problems.torch_models.random_state import drawing_from, others
from optframe_problems.torch_models.records import Records

__all__ = ["Facts", "facts_of"]

FEW = 8
"""How many records it is tried on."""

HELD = 2**26
"""How many numbers a piece of a large batch may keep for its gradient."""


@dataclass(frozen=True)
class Facts:
    """What was found."""

    draws: bool
    """Whether the module draws while it trains."""
    draws_always: bool
    """Whether it draws while it is evaluated, too."""
    unused: tuple[str, ...]
    """The names of parameters without a gradient."""
    most: int
    """How many records may go through at a time."""


def facts_of(live: LiveModule, records: Records, batch_norm: str) -> Facts:
    """Try a module on the first records, in training and in evaluation.

    Raises
    ------
    UsageError
        If its forward or its loss raises, if it changes buffers other than those of batch
        normalization, if it draws from generators that cannot be seeded here, or gives another loss
        for the same records and seed.
    """
    who = f"TorchProblem: {type(live.module).__name__}"
    if live.batch_norms and batch_norm == "refuse":
        name = _first_norm(live)
        raise UsageError(
            f"{who}: {name} is a batch normalization, and batch_norm = 'refuse'; use another "
            "normalization, or batch_norm = 'recompute'"
        )
    few = tuple(part[:FEW] for part in records)
    with drawing_from(0):
        states, elsewhere = [], others()
        kept: list[str] = []
        for mode in ("step", "step", "measure"):
            before = _buffers(live)
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                states.append(_tried(live, few, mode, who))
            _refuse_broadcasts(told, who)
            for warning in told if not kept else ():
                warnings.warn_explicit(
                    warning.message, warning.category, warning.filename, warning.lineno
                )
            kept += _changed(before, _buffers(live))
        if not _same(others(), elsewhere):
            raise UsageError(
                f"{who}: its forward draws from NumPy's or Python's global generator, which is not "
                "seeded in each step; draw with torch, such as torch.rand"
            )
    if kept:
        raise UsageError(
            f"{who}: its forward changes the buffer {kept[0]!r}, so that the loss would depend on "
            "what was asked before; hold it fixed in the module, or leave out the layer that keeps "
            "it (only the buffers of batch normalization are worked out again)"
        )
    (loss, drew, unused, numbers), (again, *_), (_, drew_later, *_) = states
    if not torch.allclose(loss, again, rtol=1e-5, equal_nan=True):
        raise UsageError(
            f"{who}: the same records and seed give the loss {float(loss):.9g}, then "
            f"{float(again):.9g}; its forward keeps something between calls, or draws from a "
            "generator of its own: let it depend on its inputs, parameters and torch's global "
            "generator alone"
        )
    each = max(1, numbers // len(few[-1]))
    return Facts(drew, drew_later, unused, max(FEW, HELD // each))


def _tried(live: LiveModule, few: Records, mode: str, who: str) -> tuple[Any, bool, Any, int]:
    """Return the loss, whether it drew, the unused parameters, and the numbers kept for them."""
    sizes: dict[int, int] = {}
    own = {parameter.data_ptr() for parameter in live.parameters}

    def pack(tensor: Any) -> Any:
        if tensor.data_ptr() not in own:
            sizes[tensor.data_ptr()] = tensor.numel()
        return tensor

    live.enter(mode)
    live.seed(0)
    before = [generator.get_state() for generator in live._generators]
    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = live.value(few)
    except OptframeError:
        raise
    except Exception as error:
        raise UsageError(
            f"{who}: its forward and loss on {len(few[-1])} records raised {described(error)}"
        ) from error
    after = [generator.get_state() for generator in live._generators]
    drew = any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))
    if not loss.requires_grad:
        raise UsageError(
            f"{who}: the loss does not depend on its parameters; its forward may use no_grad, "
            "detach, or leave torch"
        )
    found = torch.autograd.grad(loss, live.parameters, allow_unused=True)
    unused = tuple(n for n, g in zip(live.names, found, strict=True) if g is None)
    return loss.detach(), drew, unused, sum(sizes.values())


def _first_norm(live: LiveModule) -> str:
    norm = live.batch_norms[0][0]
    return next(repr(name) for name, module in live.module.named_modules() if module is norm)


def _buffers(live: LiveModule) -> Mapping[str, Any]:
    return {name: buffer.clone() for name, buffer in live.module.named_buffers()}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name in after
        if name not in before
        or before[name].shape != after[name].shape
        or not torch.allclose(before[name], after[name], rtol=0, atol=0, equal_nan=True)
    ]


def _same(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    (python, numpy), (python_then, numpy_then) = one, other
    keys, keys_then = numpy["state"], numpy_then["state"]
    return bool(
        python == python_then
        and keys["pos"] == keys_then["pos"]
        and (keys["key"] == keys_then["key"]).all()
        and numpy["has_gauss"] == numpy_then["has_gauss"]
    )


def _refuse_broadcasts(told: list[warnings.WarningMessage], who: str) -> None:
    """Raise where torch warned that outputs and targets have different shapes."""
    for warning in told:
        text = str(warning.message)
        if "target size" in text and "broadcast" in text:
            raise UsageError(f"{who}: the loss warned: {one_line(text)}")
