"""Losses at further points, which a compiled step asks for: of the oracle, or counted."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import io_callback

from optframe import Oracle

__all__ = ["Asks"]


class Asks:
    """The losses that the steps of one compilation ask for.

    A compilation serves several runs, one after the other: each tells its oracle before a step.
    """

    def __init__(self, dtype: str) -> None:
        self._dtype = dtype
        self._oracle: Any = None
        self._context: Any = None
        self._losses = self._gradients = 0

    def hold(self, oracle: Oracle) -> None:
        """Ask this oracle from now on."""
        self._oracle, self._context = oracle, contextvars.copy_context()

    def taken(self) -> tuple[int, int]:
        """Return how many losses and gradients were counted since the last call."""
        taken = self._losses, self._gradients
        self._losses = self._gradients = 0
        return taken

    def counted(self, value: Callable[[Any], Any]) -> Any:
        """Return a traceable loss that counts its evaluations when it runs."""

        @jax.custom_jvp
        def loss(blocks: Any) -> Any:
            jax.debug.callback(self._count, gradients=0)
            return value(blocks)

        @loss.defjvp
        def slope(primals: Any, tangents: Any) -> Any:
            jax.debug.callback(self._count, gradients=1)
            return jax.jvp(value, primals, tangents)

        return loss

    def _count(self, gradients: int) -> None:
        self._losses += 1
        self._gradients += int(gradients)

    def outside(self, theta: Any) -> Any:
        """Return the loss at θ by the oracle, differentiable once; within a compilation.

        The oracle is asked from another thread, in which double precision is not there: doubles go
        through as pairs of words.
        """
        return self._outside(theta)

    @property
    def _outside(self) -> Any:
        def through(theta: Any, method: Any, size: int) -> Any:
            bits = jax.lax.bitcast_convert_type(theta, jnp.uint32).reshape(theta.size, -1)
            shape = jax.ShapeDtypeStruct((size, bits.shape[1]), jnp.uint32)

            def call(bits: Any) -> Any:
                at = np.array(bits).view(self._dtype).reshape(-1)
                answer = np.ascontiguousarray(self._context.run(method, at), self._dtype)
                return answer.view(np.uint32).reshape(size, -1)

            found = io_callback(call, shape, bits)
            words = found if self._dtype == "float64" else found[:, 0]
            return jax.lax.bitcast_convert_type(words, self._dtype)

        @jax.custom_vjp
        def loss(theta: Any) -> Any:
            return through(theta, self._loss, 1)[0]

        def forward(theta: Any) -> Any:
            both = through(theta, self._loss_and_gradient, theta.size + 1)
            return both[0], both[1:]

        loss.defvjp(forward, lambda slope, factor: (factor * slope,))
        return loss

    def _loss(self, theta: Any) -> Any:
        oracle = self._oracle
        return np.reshape(float(oracle.loss(oracle.backend.asarray(theta, self._dtype))), 1)

    def _loss_and_gradient(self, theta: Any) -> Any:
        oracle = self._oracle
        there = oracle.backend.asarray(theta, self._dtype)
        loss, slope = oracle.loss_and_gradient(there)
        return np.append(float(loss), oracle.backend.to_numpy(slope))
