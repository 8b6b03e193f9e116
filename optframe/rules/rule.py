"""The decorator: a rule that finds the kernel of the backend in use.

What takes the place of the function is printed from its trace: for short NumPy arrays the rule's
own expressions, without a further call, and for all else a call of the backend's kernel.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np

from optframe.rules.namespace_printer import (
    compile_for_namespace,
    compile_source,
    expression_lines,
)
from optframe.rules.trace import Trace, TraceError

__all__ = ["Elementwise", "Rule", "computing_with", "elementwise"]

Kernel = Callable[..., Any]
"""What a backend prints of a trace: called with a rule's arguments."""


class Printer(Protocol):
    """What a rule needs of a backend (`optframe.Backend`)."""

    def elementwise(self, trace: Trace) -> Kernel:
        """Return the kernel of a trace."""


current_backend: ContextVar[Printer | None] = ContextVar("optframe_backend", default=None)


@contextmanager
def computing_with(backend: Printer) -> Iterator[None]:
    """Let every rule called inside use this backend's kernels."""
    token = current_backend.set(backend)
    try:
        yield
    finally:
        current_backend.reset(token)


_NONE_YET = object()


class Rule:
    """A traced update rule, and a kernel for each backend that has used it."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.backend: object = _NONE_YET
        self.kernel: Kernel
        self.short = -1
        self._kernels: dict[Any, Kernel] = {}

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
        self.short = getattr(self.kernel, "short", -1)
        self.backend = _NONE_YET if backend is None else backend


class Elementwise(Protocol):
    """What `elementwise` returns: a function of arrays that knows its `rule`."""

    rule: Rule

    def __call__(self, theta: Any, *arguments: Any) -> Any:
        """Return the new θ and state, computed by the backend in use."""


def elementwise(function: Callable[..., Any]) -> Elementwise:
    """Turn an update rule, written for scalars as in its paper, into one for arrays.

    It is traced here. A kernel of a backend says in ``kernel.short`` up to how many elements of θ
    NumPy's expressions give the same; they are then computed right here.

    Raises
    ------
    TraceError
        Where the rule does what cannot be traced.
    """
    if not function.__name__.isidentifier():
        raise TraceError("an update rule needs a name: write it with def, not as a lambda")
    trace = Trace(function)
    rule = Rule(trace)
    made: Any = functools.wraps(function)(_print(trace, rule))
    made.rule = rule
    written: Elementwise = made
    return written


def _print(trace: Trace, rule: Rule) -> Any:
    """Print the function that takes a rule's place, with the rule's own signature.

    ``*arguments``, or one more call, would each cost a tenth of a short step.
    """
    theta, arguments = trace.arguments[0], ", ".join(trace.arguments)
    tests = [f"{theta}.size > rule_.short"]
    tests += [f"type({name}) is not float" for name in trace.coefficients]
    lines = [
        f"def {trace.name}({arguments}):",
        "    if current_() is not rule_.backend:",
        f"        rule_.find({theta})",
        f"    if {' or '.join(tests)}:",
        f"        return rule_.kernel({arguments})",
        *expression_lines(trace),
    ]
    return compile_source(trace, lines, np, rule_=rule, current_=current_backend.get)
