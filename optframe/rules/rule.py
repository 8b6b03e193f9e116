"""The decorator `elementwise`, which turns an update rule into a function for the backend in use.

The decorated function is replaced by one that is printed from its trace. The printed function
computes short NumPy arrays itself, with the rule's own expressions and without a further call. For
all other arrays it calls the backend's kernel.
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
"""A rule compiled by a backend, called with the rule's arguments."""


class Printer(Protocol):
    """The method of a backend (`optframe.Backend`) that a rule uses."""

    def elementwise(self, trace: Trace) -> Kernel:
        """Return the kernel of a trace."""


current_backend: ContextVar[Printer | None] = ContextVar("optframe_backend", default=None)


@contextmanager
def computing_with(backend: Printer) -> Iterator[None]:
    """Use this backend's kernels for every rule that is called in the ``with`` block."""
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
        """Select the kernel of the backend in use; compile it if this is its first use.

        Outside a run no backend is in use. Then the rule computes with the array namespace of θ,
        which is looked up at each call.
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
    """What `elementwise` returns: a function of arrays, with its `rule` as an attribute."""

    rule: Rule

    def __call__(self, theta: Any, *arguments: Any) -> Any:
        """Return the new θ and state, computed by the backend in use."""


def elementwise(function: Callable[..., Any]) -> Elementwise:
    """Turn an update rule, written for scalars as in its paper, into one for arrays.

    The function is called once, with symbols, to record its operations. It takes
    ``(theta, g, *state, *coefficients)`` and returns the new ``(theta, *state)``. In the result θ,
    gradient and state have shape (..., P), and coefficients are numbers or arrays that broadcast
    against θ.

    A call may write its results into the θ and the state that are passed to it: NumPy if θ has more
    than 32,768 elements, Numba and CuPy also in short arrays.

    Raises
    ------
    TraceError
        If the rule uses something that cannot be traced; the message says what to write instead.

    Examples
    --------
    >>> import numpy as np, optframe
    >>> @optframe.elementwise
    ... def descend(theta, g, lr):
    ...     return theta - lr * g
    >>> descend(np.array([1.0, 2.0]), np.array([2.0, 2.0]), 0.5)
    array([0., 1.])
    """
    # A backend's kernel has `kernel.short`, the number of elements of θ up to which NumPy's
    # expressions compute the same. The function that is returned then computes them itself.
    if not function.__name__.isidentifier():
        raise TraceError("an update rule needs a name: write it with def, not as a lambda")
    trace = Trace(function)
    rule = Rule(trace)
    made: Any = functools.wraps(function)(_print(trace, rule))
    made.rule = rule
    written: Elementwise = made
    return written


def _print(trace: Trace, rule: Rule) -> Any:
    """Print the function that replaces a rule, with the rule's own signature.

    A signature with ``*arguments`` would cost a tenth of a short step, and so would one more call.
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
