"""Traces a loss on a few records: whether it is a function that JAX can differentiate."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from optframe import OptframeError, UsageError
from optframe.errors import one_line
from optframe_problems.jax_models.compiled import Compiled, JaxBatch

__all__ = ["Facts", "check_loss", "is_mean"]

FEW = 8
"""On how many records a loss is tried."""

NEAR = 1e-5
"""How far the loss of a batch may be from the mean of its records' losses."""


@dataclass(frozen=True)
class Facts:
    """What was found."""

    unused: tuple[str, ...]
    """The names of leaves that the loss does not depend on."""


def check_loss(compiled: Compiled, records: Sequence[Any]) -> Facts:
    """Trace a loss with and without noise, and the metrics.

    Raises
    ------
    UsageError
        If it raises, returns something else than a number, keeps tracers, draws from the global
        generators of NumPy or Python, or does not depend on its parameters.
    """
    tree, loss = compiled.tree, compiled.loss
    theta = jax.ShapeDtypeStruct((sum(tree.sizes),), compiled.dtype)
    few = [jax.ShapeDtypeStruct((min(FEW, len(r)), *r.shape[1:]), r.dtype) for r in records]
    words = [jax.ShapeDtypeStruct((2,), np.uint32)] if loss.wants else []
    params = jax.eval_shape(tree.params, theta)
    with compiled.precision():
        before = _generators()
        traced = _traced("the loss", loss, params, *few, *words)
        if words:
            hint = "; checkpoints measure without noise, with key = None"
            _traced("the loss with key = None", loss, params, *few, hint=hint)
        _traced("a metric", loss.measure, params, *few)
    if _generators() != before:
        raise UsageError(
            "JaxProblem: the loss draws from NumPy's or Python's global generator, which is called "
            "once, when it is compiled; draw with jax.random from an argument `key`"
        )
    used = _used(traced.jaxpr)[: len(tree.names)]
    if not any(used):
        raise UsageError(
            "JaxProblem: the loss does not depend on params; compute it with jax.numpy from them"
        )
    names = zip(tree.names, used, tree.sizes, strict=True)
    return Facts(tuple(name for name, there, size in names if size and not there))


def is_mean(compiled: Compiled, records: Sequence[Any]) -> bool:
    """Whether the loss of some records is the mean of their losses, near a start."""
    few = tuple(part[:FEW] for part in records)
    theta = compiled.tree.start(np.zeros(2, np.uint32)).astype(compiled.dtype)
    theta += 0.1 * np.random.default_rng(0).standard_normal(theta.size).astype(compiled.dtype)
    batch = JaxBatch(few, None, len(few[-1]))
    whole, each = (compiled(word, batch, theta) for word in ("loss", "each"))
    if not np.isfinite(whole):
        return True
    return bool(np.allclose(whole, each.mean(), rtol=NEAR, atol=NEAR * np.abs(each).max()))


def _traced(what: str, function: Any, *arguments: Any, hint: str = "") -> Any:
    try:
        with jax.checking_leaks():
            return jax.make_jaxpr(function)(*arguments)
    except OptframeError:
        raise
    except Exception as error:
        first = one_line(str(error).partition("\n")[0])
        if first.startswith("Leaked"):
            raise UsageError(
                f"JaxProblem: {what} keeps a value of its computation after it has returned, in a "
                "list or an attribute perhaps; return all that is needed later"
            ) from error
        if isinstance(error, jax.errors.ConcretizationTypeError):
            first = "a Python number or condition was asked of a traced array"
            hint = "; use jax.numpy, jax.lax.cond or jnp.where on what depends on params or data"
        raise UsageError(
            f"JaxProblem: {what} raised {type(error).__name__}: {first}{hint}"
        ) from error


def _used(jaxpr: Any) -> list[bool]:
    """Return which inputs the output depends on."""
    needed = {id(variable) for variable in jaxpr.outvars}
    for equation in reversed(jaxpr.eqns):
        if any(id(variable) in needed for variable in equation.outvars):
            needed.update(id(variable) for variable in equation.invars)
    return [id(variable) in needed for variable in jaxpr.invars]


def _generators() -> Any:
    of_numpy: Any = np.random.get_state(legacy=False)
    return random.getstate(), str(of_numpy)
