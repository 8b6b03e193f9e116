"""Tries a module on a few records: what it draws, what it keeps, and what it leaves unused."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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
        before, elsewhere = _kept(live), others()
        first, again, still = (_tried(live, few, mode, who) for mode in ("step", "step", "measure"))
        _refuse_pairs(live, few, who)
        if not _same(others(), elsewhere):
            raise UsageError(
                f"{who}: its forward draws from NumPy's or Python's global generator, which is not "
                "seeded in each step; draw with torch, such as torch.rand"
            )
        changed = _changed(before, _kept(live))
    if changed:
        raise UsageError(
            f"{who}: its forward changes the {changed[0]}, so that the loss would depend on what "
            "was asked before; hold it fixed in the module, or leave out the layer that changes it "
            "(only the buffers of batch normalization are worked out again)"
        )
    if not torch.allclose(first.loss, again.loss, rtol=1e-5, equal_nan=True):
        raise UsageError(
            f"{who}: the same records and seed give the loss {float(first.loss):.9g}, then "
            f"{float(again.loss):.9g}; its forward keeps something between calls, or draws from a "
            "generator of its own: let it depend on its inputs, parameters and torch's global "
            "generator alone"
        )
    each = max(1, first.numbers // len(few[-1]))
    return Facts(first.drew, still.drew, first.unused, max(FEW, HELD // each))


class _Trial(NamedTuple):
    """A loss, whether it drew, unused parameters, and how many numbers its gradient keeps."""

    loss: Any
    drew: bool
    unused: tuple[str, ...]
    numbers: int


def _tried(live: LiveModule, few: Records, mode: str, who: str) -> _Trial:
    sizes: dict[int, int] = {}
    own = {parameter.data_ptr() for parameter in live.parameters}

    def pack(tensor: Any) -> Any:
        if tensor.data_ptr() not in own:
            sizes[tensor.data_ptr()] = tensor.numel()
        return tensor

    live.enter(mode)
    live.seed(0)
    before = [generator.get_state() for generator in live.generators]
    try:
        with (
            warnings.catch_warnings(record=True) as told,
            torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        ):
            warnings.simplefilter("always")
            loss = live.value(few)
    except OptframeError:
        raise
    except Exception as error:
        raise UsageError(
            f"{who}: its forward and loss on {len(few[-1])} records raised {described(error)}"
        ) from error
    _refuse_broadcasts(told, who)
    after = [generator.get_state() for generator in live.generators]
    drew = any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))
    if not loss.requires_grad:
        raise UsageError(
            f"{who}: the loss does not depend on its parameters; its forward may use no_grad, "
            "detach, or leave torch"
        )
    found = torch.autograd.grad(loss, live.parameters, allow_unused=True)
    unused = tuple(n for n, g in zip(live.names, found, strict=True) if g is None)
    return _Trial(loss.detach(), drew, unused, sum(sizes.values()))


def _first_norm(live: LiveModule) -> str:
    norm = live.batch_norms[0][0]
    return next(repr(name) for name, module in live.module.named_modules() if module is norm)


def _kept(live: LiveModule) -> Mapping[str, Any]:
    """Return copies of all that the module holds, by what it is."""
    module = live.module
    buffers = {f"buffer {name!r}": held.clone() for name, held in module.named_buffers()}
    parameters = {
        f"parameter {name!r}": held.detach().clone() for name, held in module.named_parameters()
    }
    return {**buffers, **parameters}


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
    """Raise where torch warned that outputs and targets have different shapes.

    Other warnings come again when the module runs.
    """
    for warning in told:
        text = str(warning.message)
        if "target size" in text and "broadcast" in text:
            raise UsageError(f"{who}: the loss warned: {one_line(text)}")


def _refuse_pairs(live: LiveModule, few: Records, who: str) -> None:
    """Raise where the loss is the mean over all pairs of an output and a target.

    Outputs (B, 1) and targets (B,) broadcast to (B, B), in most losses without a warning. The loss
    then is the same when the targets change places.
    """
    targets = few[-1]
    live.enter("measure")
    losses = []
    with torch.no_grad():
        live.seed(0)
        outputs = live.module(*few[:-1])
        if not isinstance(outputs, torch.Tensor) or outputs.shape[:1] != targets.shape[:1]:
            return
        shapes = {tuple(outputs.shape[1:]), tuple(targets.shape[1:])}
        if shapes != {(), (1,)} or outputs.unique().numel() == 1 or targets.unique().numel() == 1:
            return
        for changed in (targets, targets.roll(1, 0), torch.zeros_like(targets)):
            live.seed(0)
            losses.append(live.checked(outputs, changed))
    loss, moved, without = losses
    ignores = torch.allclose(loss, without, rtol=1e-6, atol=0)
    if torch.allclose(loss, moved, rtol=1e-6, atol=0) and not ignores:
        raise UsageError(
            f"{who}: outputs of shape {tuple(outputs.shape)} and targets of shape "
            f"{tuple(targets.shape)} are paired each with each: the loss does not depend on which "
            "target belongs to which record; give both the same shape"
        )
