"""A gradient transformation: how it is made, what is traced of it, and what its update takes."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from optframe.errors import described

__all__ = ["KEYS", "Transformation", "transformation_of"]

RATES = ("learning_rate", "lr")
"""Parameters that are an argument of the compiled step, so that a grid compiles once.

No other is, unless a schedule gives it: in single precision 1 − β of a traced β is 6e-6 off.
"""

KEYS = "threefry2x32"
"""The generator of keys, whatever JAX's default is."""

EXTRA = ("value", "grad", "value_fn")


@dataclass(frozen=True)
class Transformation:
    """A transformation without the numbers that are arguments of its steps.

    ``takes`` are those of `EXTRA` that its update takes.
    """

    target: Any
    path: str
    constants: tuple[tuple[str, Any], ...]
    traced: tuple[str, ...]
    takes: frozenset[str] = frozenset()

    @property
    def draws(self) -> bool:
        """Whether it draws from a key; only its `init` does use what it is made with."""
        return "key" in inspect.signature(self.target).parameters

    def made(self, numbers: Mapping[str, Any], words: Any) -> Any:
        """Return the transformation with these numbers in place of the traced parameters.

        ``words`` are the two words of its key.
        """
        given = {**{name: _thawed(v) for name, v in self.constants}, **numbers}
        if self.draws:
            given["key"] = jax.random.wrap_key_data(words, impl=KEYS)
        made = self.target(**given)
        return optax.with_extra_args_support(made)


def transformation_of(
    target: Any, path: str, given: Mapping[str, Any], scheduled: frozenset[str]
) -> Transformation:
    """Return what is found of a function with these parameters; tried once.

    Raises
    ------
    ValueError
        If it cannot be made or cannot take a step.
    """
    traced = {
        name: float(value)
        for name, value in given.items()
        if name in scheduled or (name in RATES and type(value) in (int, float))
    }
    constants = tuple((n, _frozen(v)) for n, v in sorted(given.items()) if n not in traced)
    return _tried(target, path, constants, tuple(sorted(traced)), tuple(sorted(traced.items())))


@lru_cache(maxsize=512)
def _tried(
    target: Any,
    path: str,
    constants: tuple[tuple[str, Any], ...],
    traced: tuple[str, ...],
    numbers: tuple[tuple[str, float], ...],
) -> Transformation:
    found = Transformation(target, path, constants, traced)
    try:
        made = found.made(
            dict(numbers), jnp.zeros(2, jnp.uint32)
        )  # with numbers, so that what optax checks is checked
    except Exception as error:
        raise ValueError(f"{path}: {described(error)}") from error
    if not isinstance(made, optax.GradientTransformationExtraArgs):
        raise ValueError(f"{path} returned a {type(made).__name__}; expected a transformation")
    return Transformation(target, path, constants, traced, _takes(found))


@lru_cache(maxsize=512)
def _takes(found: Transformation) -> frozenset[str]:
    """Return what an update takes beside gradients: tried without, then with all of it."""
    toy = {"matrix": jnp.ones((4, 3)), "vector": jnp.ones(3)}
    numbers = {name: jnp.asarray(0.01) for name in found.traced}
    functions: list[str] = []

    def function(params: Any) -> Any:
        functions.append("value_fn")
        return sum(jnp.sum(leaf**2) for leaf in jax.tree_util.tree_leaves(params))

    def tried(names: Collection[str], *given: Any) -> Any:
        numbers, params, value, grad = given
        every = {"value": value, "grad": grad, "value_fn": function}
        made = found.made(numbers, jnp.zeros(2, jnp.uint32))
        extra = {name: every[name] for name in names}
        return made.update(params, made.init(params), params, **extra)

    given = numbers, toy, jnp.asarray(0.5), toy
    try:
        jax.make_jaxpr(partial(tried, ()))(*given)
        return frozenset()
    except Exception as error:
        missing = error
    try:
        traced = jax.make_jaxpr(partial(tried, EXTRA))(*given)
    except Exception as error:
        if "obj_fn" in str(missing):
            raise ValueError(
                f"{found.path} differentiates the objective itself (obj_fn), which a problem does "
                "not hand over"
            ) from error
        raise ValueError(f"{found.path}: {described(missing)}") from error
    there, first = _used(traced.jaxpr), len(numbers) + len(toy)
    names = {*(["value"] if there[first] else []), *(["grad"] if any(there[first + 1 :]) else [])}
    # An update may insist on an argument that it does not use.
    every = frozenset({*names, *functions})
    for one in EXTRA:
        try:
            jax.make_jaxpr(partial(tried, every))(*given)
            break
        except Exception:
            every |= {one}
    return every


def _used(jaxpr: Any) -> list[bool]:
    """Return which inputs the outputs of a traced function depend on."""
    needed = {id(variable) for variable in jaxpr.outvars}
    for equation in reversed(jaxpr.eqns):
        if any(id(variable) in needed for variable in equation.outvars):
            needed.update(id(variable) for variable in equation.invars)
    return [id(variable) in needed for variable in jaxpr.invars]


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ("dict", tuple((key, _frozen(one)) for key, one in value.items()))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, tuple(map(_frozen, value)))
    return value


def _thawed(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    kind, inside = value
    if kind == "dict":
        return {key: _thawed(one) for key, one in inside}
    made = [_thawed(one) for one in inside]
    return made if kind == "list" else tuple(made)
