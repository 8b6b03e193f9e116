"""The decorator: a rule that finds the kernel of the backend in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any

from optframe.rules.namespace_printer import compile_for_namespace
from optframe.rules.trace import Trace

if TYPE_CHECKING:
    from optframe.contracts.backend import Backend, Kernel

__all__ = ["Elementwise", "computing_with", "elementwise"]

_backend: ContextVar[Backend | None] = ContextVar("optframe_backend", default=None)


@contextmanager
def computing_with(backend: Backend) -> Iterator[None]:
    """Let every rule called inside use this backend's kernels."""
    token = _backend.set(backend)
    try:
        yield
    finally:
        _backend.reset(token)


class Elementwise:
    """An update rule: its source, its trace, and a kernel for each backend that has used it.

    Called outside a run, it computes with the namespace of the arrays that it is given.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self._kernels: dict[Backend, Kernel] = {}

    @cached_property
    def trace(self) -> Trace:
        """The rule as a straight-line program."""
        return Trace(self.function)

    def __call__(self, theta: Any, *arguments: Any) -> Any:
        """Return the new θ and state, computed by the backend in use."""
        backend = _backend.get()
        kernel = self._kernels.get(backend)  # type: ignore[arg-type]
        if kernel is None:
            if backend is None:
                kernel = compile_for_namespace(self.trace, theta.__array_namespace__())
            else:
                kernel = self._kernels[backend] = backend.elementwise(self.trace)
        return kernel(theta, *arguments)

    def __repr__(self) -> str:
        return f"<elementwise rule {self.__name__}>"


def elementwise(function: Callable[..., Any]) -> Elementwise:
    """Turn an update rule, written for scalars as in its paper, into one for arrays."""
    return Elementwise(function)
