"""Numba on the CPU: one fused loop for each update rule, on one or several threads."""

import contextlib
import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from optframe import Array, cache_folder
from optframe.contracts.whole_file import replacing
from optframe.rules.numba_printer import Kind, print_numba
from optframe.rules.numpy_printer import apart, compile_by_size, compile_for_numpy, in_place
from optframe.rules.trace import Trace
from optframe_plugins.host_backend import HostBackend

__all__ = ["NumbaBackend"]

FEW = 6
"""The operations of a rule that NumPy does in 3 µs, the time to start a fused loop."""

SHORT = 4_096
"""The number of elements up to which NumPy computes rules of few operations."""

SHARE = 16_384
"""Elements for each thread: 6 µs of Adam's work, while waking a thread takes 2 µs."""

_NUMBER = {float}

_threads: ContextVar[int | None] = ContextVar("optframe_numba_threads", default=None)


@dataclass(frozen=True)
class NumbaBackend(HostBackend):
    """Numba: NumPy arrays, and update rules compiled into one fused loop with the same bits.

    Compiled code is kept in the cache folder, so that only the first process waits for the
    compiler. A study's ``threads`` limits the threads of a loop; with one, no thread is started.
    With more, Numba's threading layer starts (OpenMP where available), and the process must not
    fork afterwards. Calls from several Python threads take turns. The backend ``auto`` never
    chooses it, since it has to be installed and takes time to compile.
    """

    priority: ClassVar[int] = -1

    def missing(self) -> str | None:
        """Return why Numba cannot be imported, and what to do; None if it can."""
        try:
            import_module("numba")
        except ImportError as error:
            return (
                f"Numba is not installed ({error}); pip install 'optframe-bench[numba]', or "
                "use --backend numpy"
            )
        return None

    def elementwise(self, trace: Trace) -> Any:
        """Return the rule, which is compiled when it is called, for the types of its arguments."""
        operations = sum(bool(node.operands) for node in trace.nodes)
        return compile_by_size(trace, SHORT if operations <= FEW else 0, Fused(trace))

    @contextlib.contextmanager
    def limit_threads(self, threads: int) -> Iterator[None]:
        """Use at most so many threads for each loop inside; by default, Numba's own number."""
        token = _threads.set(threads)
        try:
            yield
        finally:
            _threads.reset(token)


class Fused:
    """An update rule as fused loops that overwrite θ and the state in place.

    There is a loop for each precision, each kind of coefficients (numbers, or arrays over runs or
    parameters), and for one thread or several. NumPy computes the rule where θ or the state cannot
    be overwritten.
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
            # Memory that arguments share is looked for here, since laying them out may copy.
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
        except OSError:  # the cache cannot be written: compile for this process alone
            scope: dict[str, Any] = {}
            exec(compile(printed(cache=False), f"<numba {name}>", "exec"), scope)
            loop = scope["run"]
        self._loops[key] = loop
        return loop


def _readable(g: Array, theta: Array) -> bool:
    """Whether a loop can read the gradient: as θ in shape and dtype, contiguous, float32 or 64."""
    if not isinstance(g, np.ndarray) or g.shape != theta.shape or g.dtype != theta.dtype:
        return False
    flags = g.flags
    return flags.c_contiguous and flags.aligned and g.ndim > 0 and g.dtype.char in "fd"


def _laid_out(value: Any, theta: Array) -> tuple[Kind, Any]:
    """Return how a coefficient varies over θ, and the coefficient as a flat array for the loop."""
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
    """Return Numba's own number of threads, or the limit if it is smaller."""
    own: int = import_module("numba").config.NUMBA_NUM_THREADS
    limit = _threads.get()
    return own if limit is None else min(limit, own)


def _load_kept(name: str, source: str) -> Callable[..., bool]:
    """Import printed source from a file that is named after its content and Numba's version.

    Numba stores the compiled code beside it, and loads it from there in the next process.

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
            with replacing(path, unique=True) as part:
                part.write_text(source, encoding="utf-8")
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
