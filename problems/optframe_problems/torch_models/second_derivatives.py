"""The Hessian of a module's loss and its products, by differentiating the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from optframe import Array, UsageError
from optframe_problems.torch_models.live_module import UNUSED, LiveModule, TorchBatch, total
from optframe_problems.torch_models.records import Records
from optframe_problems.torch_models.template import Template

__all__ = ["check_second_derivatives", "hessian", "hvp"]

COLUMNS = 64
"""How many columns of the Hessian are worked out together."""

TRIES, STEP, NEAR = 3, 1e-7, 1e-4
"""How products are compared with differences: in how many directions, the step, what may differ."""


def hvp(live: LiveModule, theta: Array, v: Array, batch: TorchBatch) -> torch.Tensor:
    """Return the Hessian of the batch's loss times v, (P,)."""
    live.place(theta)
    parts = live.tensor(v).split(live.sizes)
    along = [part.view(shape) for part, shape in zip(parts, live.shapes, strict=True)]
    with sdpa_kernel(SDPBackend.MATH):  # the other kernels of attention differentiate once
        return total(
            [
                share * live.joined(_differentiated(live, value, along))
                for share, value in live.values(batch)
            ]
        )


def _differentiated(live: LiveModule, value: Any, along: Sequence[Any]) -> Sequence[Any]:
    slopes = torch.autograd.grad(value, live.parameters, create_graph=True, **UNUSED)
    pairs = [(s, a) for s, a in zip(slopes, along, strict=True) if s is not None]
    pairs = [(slope, at) for slope, at in pairs if slope.requires_grad]
    if not pairs:  # the loss is linear
        return [None] * len(live.parameters)
    outputs, weights = zip(*pairs, strict=True)
    products: Sequence[Any] = torch.autograd.grad(outputs, live.parameters, weights, **UNUSED)
    return products


def hessian(live: LiveModule, theta: Array, batch: TorchBatch) -> torch.Tensor:
    """Return the Hessian of the batch's loss, (P, P), some columns at a time."""
    live.place(theta)
    size = sum(live.sizes)
    found = torch.zeros(size, size, dtype=live.dtype, device=live.device)
    unit = torch.eye(size, dtype=live.dtype, device=live.device)
    with sdpa_kernel(SDPBackend.MATH):
        for share, value in live.values(batch):
            slopes = torch.autograd.grad(value, live.parameters, create_graph=True, **UNUSED)
            slope = live.joined(slopes)
            if not slope.requires_grad:  # the loss is linear
                continue
            for first in range(0, size, COLUMNS):
                rows = slice(first, min(first + COLUMNS, size))
                found[rows] += share * _columns(live, slope, unit[rows])
    return 0.5 * (found + found.mT)


def _columns(live: LiveModule, slope: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
    """Return columns of the Hessian; one by one where torch cannot work them out together."""
    kept: Any = {"retain_graph": True, **UNUSED}
    try:
        found = torch.autograd.grad(slope, live.parameters, unit, is_grads_batched=True, **kept)
    except RuntimeError:
        each = [torch.autograd.grad(slope, live.parameters, one, **kept) for one in unit]
        return torch.stack([live.joined(one) for one in each])
    return torch.cat(
        [
            part.reshape(len(unit), -1) if part is not None else unit.new_zeros(len(unit), size)
            for part, size in zip(found, live.sizes, strict=True)
        ],
        dim=1,
    )


def check_second_derivatives(
    template: Template, criterion: Any, records: Records, seed: int | None
) -> None:
    """Compare a product with the Hessian with differences of the gradient, in double precision.

    An operation may have a right first and a wrong second derivative: in torch 2.13 its own
    ``weight_norm`` on a CPU, or an ``autograd.Function`` of the user.

    Raises
    ------
    UsageError
        If they differ in each of some directions. (In one direction a kink may lie between.)
    """
    live = LiveModule(template, criterion, None, "float64")
    batch = TorchBatch(live.tensors(records), seed)
    random = np.random.default_rng(0)
    theta = template.start(0).astype(np.float64)
    theta += 0.01 * random.standard_normal(theta.size)  # away from kinks at 0
    for _ in range(TRIES):
        v = random.standard_normal(theta.size)
        product = hvp(live, theta, v, batch)
        above, below = (
            live.loss_and_gradient(theta + sign * STEP * v, batch)[1] for sign in (1, -1)
        )
        differences = (above - below) / (2 * STEP)
        reach = float(torch.maximum(product.abs().max(), differences.abs().max()))
        if float((product - differences).abs().max()) <= NEAR * reach or reach < NEAR:
            return
    worst = int((product - differences).abs().argmax())
    name = next(
        name for name, where in template.layout.slices.items() if where.start <= worst < where.stop
    )
    raise UsageError(
        f"TorchProblem: {template.title}: its second derivatives by {name!r} are wrong: torch has "
        f"{float(product[worst]):.6g} where differences of the gradient have "
        f"{float(differences[worst]):.6g}; an operation in its forward (weight_norm, or an "
        "autograd.Function) cannot be differentiated twice"
    )
