"""Lets Keras compute in the precision of a run, on the CPU, and as it was set afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras

__all__ = ["computing_in", "x64"]


def x64(dtype: str) -> AbstractContextManager[Any]:
    """Let JAX have float64, or not, in this thread."""
    import jax

    context: AbstractContextManager[Any] = jax.enable_x64(dtype == "float64")
    return context


@contextmanager
def computing_in(dtype: str) -> Iterator[None]:
    """Make the learning rate and all constants of Keras of this dtype, by its ``floatx``.

    Else a float64 run would have a float32 learning rate.
    """
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        with keras.device("cpu"), _backends_own(dtype):
            yield
    finally:
        keras.config.set_floatx(before)


def _backends_own(dtype: str) -> AbstractContextManager[Any]:
    if keras.config.backend() == "jax":
        return x64(dtype)
    import torch

    context: AbstractContextManager[Any] = torch.no_grad()
    return context
