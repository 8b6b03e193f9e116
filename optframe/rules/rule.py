"""The decorator: a rule that finds the kernel of the backend in use."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from optframe.rules.namespace_printer import compile_for_namespace
from optframe.rules.trace import Trace, TraceError

if TYPE_CHECKING:
    from optframe.contracts.backend import Backend, Kernel

__all__ = ["Elementwise", "Rule", "computing_with", "elementwise"]

current_backend: ContextVar[Backend | None] = ContextVar("optframe_backend", default=None)


@contextmanager
def computing_with(backend: Backend) -> Iterator[None]:
    """Let every rule called inside use this backend's kernels."""
    token = current_backend.set(backend)
    try:
        yield
    finally:
        current_backend.reset(token)


_NONE_YET = object()


class Rule:
    """A traced update rule, and a kernel for each backend that has used it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.backend: object = _NONE_YET
        self.kernel: Kernel
        self._kernels: dict[Any, Kernel] = {}

    @cached_property
    def trace(self) -> Trace:
        """The rule as a straight-line program."""
        return Trace(self.function)

    def find(self, theta: Any) -> None:
        """Take the kernel of the backend in use, compiled at its first use.

        Outside a run there is none: then the namespace of θ computes, and is asked at each call.
        """
        backend = current_backend.get()
        key: Any = theta.__array_namespace__() if backend is None else backend
        if key not in self._kernels:
            if backend is None:
                self._kernels[key] = compile_for_namespace(self.trace, key)
            else:
                self._kernels[key] = backend.elementwise(self.trace)
        self.kernel = self._kernels[key]
        self.backend = _NONE_YET if backend is None else backend


class Elementwise(Protocol):
    """What `elementwise` returns: a function of arrays that knows its `rule`."""

    rule: Rule

    def __call__(self, theta: Any, *arguments: Any) -> Any:
        """Return the new θ and state, computed by the backend in use."""


_DISPATCH = """
def {name}({arguments}):
    if current_() is not rule_.backend:
        rule_.find({theta})
    return rule_.kernel({arguments})
"""


def elementwise(function: Callable[..., Any]) -> Elementwise:
    """Turn an update rule, written for scalars as in its paper, into one for arrays."""
    rule = Rule(function)
    if not function.__name__.isidentifier():
        raise TraceError("an update rule needs a name: write it with def, not as a lambda")
    names = list(inspect.signature(function).parameters)
    source = _DISPATCH.format(
        name=function.__name__, arguments=", ".join(names), theta=names[0] if names else "None"
    )
    # A function with the rule's own signature: `*arguments` would cost a fifth of a short step.
    scope: dict[str, Any] = {"rule_": rule, "current_": current_backend.get}
    exec(compile(source, f"<elementwise {function.__name__}>", "exec"), scope)
    dispatch: Any = functools.wraps(function)(scope[function.__name__])
    dispatch.rule = rule
    made: Elementwise = dispatch
    return made
