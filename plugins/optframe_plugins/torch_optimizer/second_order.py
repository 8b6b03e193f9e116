"""Gradients that torch can differentiate: the backward pass is the oracle's product."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["differentiable_gradient"]


def differentiable_gradient(live: Any, oracle: Any) -> tuple[Any, ...]:
    """Return the gradient at θ by blocks; its derivative in a direction v is ``oracle.hvp(θ, v)``.

    The blocks are in fresh memory. Each product with the Hessian is counted by the oracle.
    """
    # Outside of the function, in which torch records nothing: the problem may be torch's, too.
    gradient = live.blocks_of(oracle.gradient(live.memory.read()))
    with torch.enable_grad():
        blocks: tuple[Any, ...] = _Gradient.apply(live, oracle, gradient, *live.parameters)
    return blocks


class _Gradient(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        context: Any, live: Any, oracle: Any, gradient: Any, *parameters: Any
    ) -> tuple[Any, ...]:
        context.live, context.oracle = live, oracle
        context.theta = live.memory.copy()
        return tuple(gradient)

    @staticmethod
    def backward(context: Any, *directions: Any) -> tuple[Any, ...]:
        live, oracle = context.live, context.oracle
        v = live.array_of(directions)
        with torch.enable_grad():
            products = live.blocks_of(oracle.hvp(context.theta, v))
        return (None, None, None, *products)
