"""Numba on the CPU: one fused loop for each update rule, on as many threads as it may use."""

import contextlib
import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from optframe import Array, cache_folder
from optframe.rules.numba_printer import Kind, print_numba
from optframe.rules.numpy_printer import apart, compile_by_size, compile_for_numpy, in_place
from optframe.rules.trace import Trace
from optframe_plugins.host_backend import HostBackend

__all__ = ["NumbaBackend"]

FEW = 6
"""Operations of a rule that NumPy does in the time that it takes to start a fused loop, 3 µs."""

SHORT = 4_096
"""Up to so many elements, rules of few operations are left to NumPy's expressions."""

SHARE = 16_384
"""Elements that are worth a thread: 6 µs of Adam's work, where waking one takes 2 µs."""

_NUMBER = {float}

_threads: ContextVar[int | None] = ContextVar("optframe_numba_threads", default=None)


@dataclass(frozen=True)
class NumbaBackend(HostBackend):
    """Numba: NumPy's arrays, and update rules compiled into one fused loop, to the same bits.

    Compiled code is kept in the cache folder, so that only the first process waits for it. A
    study's ``threads`` limits the loops, and one thread starts no others; with more, Numba's
    threading layer runs (OpenMP where it can), after which a process must not fork. Calls from
    several Python threads take turns. Chosen by name only: it has to be installed and compiles.
    """

    priority: ClassVar[int] = -1

    def missing(self) -> str | None:
        """Say whether Numba is missing, or does not go with this NumPy."""
        try:
            import_module("numba")
        except ImportError as error:
            return (
                f"Numba is not installed ({error}); install optframe[numba], or use --backend numpy"
            )
        return None

    def elementwise(self, trace: Trace) -> Any:
        """Compile the rule when it is called, for what it is called with."""
        operations = sum(bool(node.operands) for node in trace.nodes)
        return compile_by_size(trace, SHORT if operations <= FEW else 0, Fused(trace))

    @contextlib.contextmanager
    def limit_threads(self, threads: int) -> Iterator[None]:
        """Divide loops among at most so many threads inside; by default, Numba's own number."""
        token = _threads.set(threads)
        try:
            yield
        finally:
            _threads.reset(token)


class Fused:
    """An update rule as fused loops that overwrite θ and the state, where that may be.

    There is a loop for each precision, for what the coefficients are (numbers, or arrays over runs
    or parameters), and for one thread or several. What cannot be overwritten, NumPy computes.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._states = slice(2, 1 + len(trace.outputs))
        self._coefficients = slice(1 + len(trace.outputs), None)
        self._numbers: tuple[Kind, ...] = tuple("number" for _ in trace.coefficients)
        self._otherwise = compile_for_numpy(trace)
        self._loops: dict[tuple[Any, ...], Callable[..., bool]] = {}

    def __call__(self, *arguments: Any) -> Any:
        theta, g = arguments[:2]
        own = (theta, *arguments[self._states])
        for array in own:
            if not in_place(array, theta):
                return self._otherwise(*arguments)
        if not _readable(g, theta):
            return self._otherwise(*arguments)
        kinds, values = self._numbers, arguments[self._coefficients]
        if set(map(type, values)) - _NUMBER:
            wider = any(np.ndim(value) > theta.ndim for value in values)
            # Shared memory is seen here, because what is laid out may be a copy.
            if wider or not apart(self.trace, arguments):
                return self._otherwise(*arguments)
            kinds, values = zip(*[_laid_out(value, theta) for value in values], strict=True)
        arrays = (theta, g, *own[1:])
        if theta.ndim > 1:
            arrays = tuple(array.reshape(-1) for array in arrays)
        parts = theta.size // SHARE
        if parts > 1:
            parts = min(parts, _most_threads())
        key = (theta.dtype.char, kinds, parts > 1)
        loop = self._loops.get(key) or self._compile(key)
        if not loop(parts, theta.shape[-1], *arrays, *values):
            return self._otherwise(*arguments)
        return theta if self.trace.single else own

    def _compile(self, key: tuple[str, tuple[Kind, ...], bool]) -> Callable[..., bool]:
        name = self.trace.name
        char, kinds, parallel = key

        def printed(cache: bool) -> str:
            return print_numba(
                self.trace, np.dtype(char).name, kinds, parallel=parallel, cache=cache
            )

        try:
            loop = _load_kept(name, printed(cache=True))
        except OSError:  # nothing can be kept: this process compiles for itself
            scope: dict[str, Any] = {}
            exec(compile(printed(cache=False), f"<numba {name}>", "exec"), scope)
            loop = scope["run"]
        self._loops[key] = loop
        return loop


def _readable(g: Array, theta: Array) -> bool:
    """Whether a loop can read the gradient beside θ, in a precision that it is printed for."""
    if not isinstance(g, np.ndarray) or g.shape != theta.shape or g.dtype != theta.dtype:
        return False
    flags = g.flags
    return flags.c_contiguous and flags.aligned and g.ndim > 0 and g.dtype.char in "fd"


def _laid_out(value: Any, theta: Array) -> tuple[Kind, Any]:
    """Say how a coefficient varies over θ, and lay it out flat for the loop."""
    if type(value) is float:
        return "number", value
    kind: Kind = "each"
    if value.shape != theta.shape and value.shape[-1] == 1:
        kind, value = "run", np.broadcast_to(value, (*theta.shape[:-1], 1))
    elif value.shape[-1] == value.size == theta.shape[-1]:
        kind = "parameter"
    else:
        value = np.broadcast_to(value, theta.shape)
    return kind, np.require(value, None, ["C", "A"]).reshape(-1)


def _most_threads() -> int:
    """The limit, or the number of threads that Numba has for itself."""
    own: int = import_module("numba").config.NUMBA_NUM_THREADS
    limit = _threads.get()
    return own if limit is None else min(limit, own)


def _load_kept(name: str, source: str) -> Callable[..., bool]:
    """Import printed source from a file that is named after its content and Numba's version.

    Numba keeps the compiled code beside it, and takes it from there in the next process.

    Raises
    ------
    OSError
        Where the cache folder cannot be written.
    """
    version = import_module("numba").__version__
    digest = hashlib.sha256(f"{version}\n{source}".encode()).hexdigest()[:16]
    module_name = f"optframe_numba_{name}_{digest}"
    if module_name not in sys.modules:
        path = cache_folder() / "numba" / f"{name}_{digest}.py"
        if not path.exists() or path.read_text(encoding="utf-8") != source:
            _write(path, source)
        spec = importlib.util.spec_from_file_location(module_name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module  # where Numba looks for it
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
    loop: Callable[..., bool] = sys.modules[module_name].run
    return loop


def _write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        file.write(source.encode())
    os.replace(file.name, path)
