"""The user's loss and metrics, called with parameters, records and a key, and checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optframe import UsageError
from optframe_problems.jax_models.tree import key_of

__all__ = ["Loss", "wants_key"]


def wants_key(loss: Callable[..., Any], arrays: int) -> str | None:
    """Return how a loss takes a key: by the name ``key``, by its ``place``, or not at all.

    ``arrays`` is the number of arrays of a record: the loss takes them after the parameters.
    """
    try:
        parameters = inspect.signature(loss).parameters.values()
    except (TypeError, ValueError):  # of a compiled function
        return None
    if any(p.name == "key" and p.kind is not p.VAR_KEYWORD for p in parameters):
        return "key"
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in places if p.default is p.empty]
    return "place" if arrays and len(required) == arrays + 2 else None


class Loss:
    """The loss of a pytree on records; ``arrays`` is how many arrays these are, 0 without data."""

    def __init__(
        self, loss: Callable[..., Any], metrics: Mapping[str, Callable[..., Any]], arrays: int
    ) -> None:
        self._loss = loss
        self._metrics = metrics
        self.arrays = arrays
        self.wants = wants_key(loss, arrays)
        """How the loss takes the key of the step's noise; None if it takes none."""

    def __call__(self, params: Any, *arguments: Any) -> Any:
        """Return the loss, one number; ``arguments`` are the records, and two words of a key.

        Without these words the key is None.
        """
        records, words = arguments[: self.arrays], arguments[self.arrays :]
        key = key_of(words[0]) if words else None
        if self.wants == "key":
            found = self._loss(params, *records, key=key)
        elif self.wants == "place":
            found = self._loss(params, *records, key)
        else:
            found = self._loss(params, *records)
        return _number("the loss", found, "the mean over the records" if records else "f(params)")

    def measure(self, params: Any, *records: Any) -> dict[str, Any]:
        """Return the loss without noise, and the metrics."""
        values = {"loss": self(params, *records)}
        for name, metric in self._metrics.items():
            values[name] = _number(f"the metric {name!r}", metric(params, *records), "one number")
        return values


def _number(what: str, found: Any, expected: str) -> Any:
    """Return one real number, of shape ()."""
    kind = getattr(found, "dtype", None)
    if isinstance(found, (int, float)) or (kind is not None and np.size(found) == 1):
        number = jnp.asarray(found).reshape(())
        if not jnp.iscomplexobj(number):
            return number.astype(jnp.result_type(number, float))
    described = f"a value of type {type(found).__name__}"
    if isinstance(found, jax.Array):
        size, shape = np.size(found), np.shape(found)
        described = f"{size} numbers of shape {shape}" if size != 1 else f"a {kind}"
    raise UsageError(f"JaxProblem: {what} returned {described}; expected {expected}, a real number")
