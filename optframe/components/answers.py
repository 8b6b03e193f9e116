"""Guards a problem's methods: they get copies of θ, and their answers are checked and copied.

A function may keep the θ that it was given, and it may return an array that it fills again at the
next call. But update rules overwrite θ, and optimizers keep gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from sys import getrefcount
from typing import Any, NoReturn

import numpy as np

from optframe.components.derivation import Derived
from optframe.contracts import Array, Function, Problem, StochasticProblem, Transform
from optframe.errors import PluginError

__all__ = ["checked", "guard"]

_AXES: dict[str, tuple[str, ...]] = {
    "loss": (),
    "gradient": ("P",),
    "hessian": ("P", "P"),
    "hvp": ("P",),
    "partial": (),
    "coordinate_minimum": (),
    "per_sample": ("B", "P"),
    "residuals": ("m",),
    "jacobian": ("m", "P"),
    "prox": ("P",),
    "project": ("P",),
}
"""The axes of a method's answer after the run axes. Only the length of P is known in advance."""

_WORDS = (*_AXES, "loss_and_gradient", "metrics")

_INHERITED = [
    vars(base)[word]
    for base in (Function, StochasticProblem, Transform)
    for word in ("loss_and_gradient", "metrics")
    if word in vars(base)
]
"""Methods that only call other methods, which are guarded."""


def guard(problem: Problem) -> None:
    """Guard the methods of a bound problem, and those of the problem inside a transform.

    A problem with ``copies = False`` is left as it is.
    """
    if isinstance(problem, Transform):
        guard(problem.problem)
    if not problem.copies:
        return
    for word in _WORDS:
        method = getattr(problem, word, None)
        inherited = getattr(method, "__func__", None) in _INHERITED
        derived = isinstance(method, Derived) and method.given is None
        if callable(method) and not (inherited or derived or isinstance(method, _Guarded)):
            problem.__dict__[word] = _Guarded(problem, word, method)


def checked(problem: Problem) -> Callable[[str, Callable[..., Any]], Callable[..., Any]]:
    """Return a function that wraps a method of a problem, by its name, and checks its answers."""

    def wrap(word: str, method: Callable[..., Any]) -> Callable[..., Any]:
        if word not in _WORDS:
            return method
        answers = _Answers(problem, word)

        def ask(theta: Array, *arguments: Any) -> Any:
            answer = method(theta, *arguments)
            answers.own(answer, theta.shape, theta.dtype, False)
            return answer

        return ask

    return wrap


def _one_reference() -> int:
    """Return the reference count of an array that one local name refers to."""
    array = np.empty(1)
    return getrefcount(array)


_ONE = _one_reference()


class _Lent:
    """Copies arrays into memory that is used again if nobody has kept a reference to it.

    Fresh memory for each copy costs ten times as much where arrays have a megabyte. A view, a
    memoryview and an array of another library refer to the memory's array, too.
    """

    __slots__ = ("_asarray", "_lent")

    def __init__(self, xp: Any) -> None:
        self._asarray = xp.asarray
        self._lent: Any = None

    def copy(self, array: Array) -> Array:
        """Return a copy of an array."""
        lent = self._lent
        if (
            type(lent) is np.ndarray
            and getrefcount(lent) == _ONE + 1  # the attribute
            and lent.shape == array.shape
            and lent.dtype == array.dtype
            and lent.flags.c_contiguous
            and lent.flags.writeable
        ):
            lent[...] = array
            return lent
        self._lent = lent = self._asarray(array, copy=True)
        return lent


class _Guarded:
    """A method of a problem, with copies and checks."""

    __slots__ = ("_method", "_own", "_theta", "_vector")

    def __init__(self, problem: Problem, word: str, method: Callable[..., Any]) -> None:
        self._method = method
        self._own = _Answers(problem, word).own
        self._theta = _Lent(problem.xp)
        self._vector = _Lent(problem.xp) if word == "hvp" else None

    def __call__(self, theta: Array, *arguments: Any) -> Any:
        theta = self._theta.copy(theta)
        if self._vector is not None:
            arguments = (self._vector.copy(arguments[0]), *arguments[1:])
        shape, dtype = theta.shape, theta.dtype  # the method may change those of its copy
        answer = self._method(theta, *arguments)
        return self._own(answer, shape, dtype, getrefcount(answer) == _ONE)


class _Answers:
    """Checks and copies the answers of one method."""

    def __init__(self, problem: Problem, word: str) -> None:
        self._problem = problem
        self._who = f"{type(problem).__name__}.{word}"
        self._xp = problem.xp
        self._axes = _AXES.get(word, ())
        self.own: Callable[[Any, tuple[int, ...], Any, bool], Any]
        """Returns an answer that nobody else can change.

        It takes the answer, θ's shape and dtype, and whether nobody else refers to the answer: such
        an array needs no copy.
        """
        if word == "metrics":
            self.own = self._metrics
        elif word == "loss_and_gradient":
            self._axes = _AXES["gradient"]
            self.own = self._pair
        else:
            self.own = self._array if self._axes else self._number
        self._plain = self._axes == ("P",)

    def _array(self, answer: Any, shape: tuple[int, ...], dtype: Any, alone: bool) -> Array:
        """Return an array, which must have θ's precision."""
        found: Any = getattr(answer, "shape", None)
        right = found is not None and getattr(answer, "dtype", None) == dtype
        if not (right and found == (shape if self._plain else self._shape(shape, found))):
            expected = self._shape(shape, ())
            sizes = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
            self._refuse(answer, f"{dtype} ({sizes}), as θ is {dtype} {shape}")
        if alone and type(answer) is np.ndarray and answer.flags.owndata:
            return answer
        return self._xp.asarray(answer, copy=True)

    def _shape(self, shape: tuple[int, ...], found: tuple[int, ...]) -> tuple[Any, ...]:
        """Return the expected shape, with the sizes found along the axes that are not known."""
        sizes = [shape[-1] if axis == "P" else axis for axis in self._axes]
        expected = (*shape[:-1], *sizes)
        if len(found) != len(expected):
            return expected
        return tuple(f if isinstance(e, str) else e for e, f in zip(expected, found, strict=True))

    def _number(self, answer: Any, shape: tuple[int, ...], dtype: Any, _: bool) -> Any:
        """Return a real number for each run in θ's precision."""
        if len(shape) == 1 and type(answer) is getattr(dtype, "type", None):
            return answer  # a number of NumPy, which does not change
        self._check_number("", answer, shape, dtype)
        if self._xp is np:
            return np.array(answer, dtype)[()]
        if isinstance(answer, (Real, np.ndarray)):  # on the host
            return self._problem.asarray(answer)
        return self._xp.asarray(answer, dtype=dtype, copy=True)

    def _pair(
        self, answer: Any, shape: tuple[int, ...], dtype: Any, alone: bool
    ) -> tuple[Any, Array]:
        if not (isinstance(answer, tuple) and len(answer) == 2):
            self._refuse(answer, "(loss, gradient)")
        loss, gradient = answer
        alone = alone and getrefcount(gradient) == _ONE + 1  # the tuple
        return self._number(loss, shape, dtype, alone), self._array(gradient, shape, dtype, alone)

    def _metrics(self, answer: Any, shape: tuple[int, ...], dtype: Any, _: bool) -> dict[str, Any]:
        """Return the metrics, which keep their precision."""
        if not isinstance(answer, Mapping):
            self._refuse(answer, "a mapping from names to numbers")
        values: dict[str, Any] = {}
        for name, value in answer.items():
            self._check_number(f"{name} as ", value, shape, dtype)
            kept = hasattr(value, "dtype") and value.shape
            values[name] = self._xp.asarray(value, copy=True) if kept else value
        return values

    def _check_number(self, name: str, value: Any, shape: tuple[int, ...], dtype: Any) -> None:
        if hasattr(value, "dtype"):
            real = str(value.dtype).rpartition(".")[2].startswith(("float", "int", "uint"))
            if real and value.shape == shape[:-1]:
                return
        elif isinstance(value, Real) and not isinstance(value, bool) and len(shape) == 1:
            return
        one = "a real number"
        many = f"real numbers of shape {shape[:-1]}, as θ is {dtype} {shape}"
        self._refuse(value, one if len(shape) == 1 else many, name)

    def _refuse(self, answer: Any, expected: str, name: str = "") -> NoReturn:
        kind = type(answer).__name__
        found = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
        if answer is None:
            found = "None"
        elif isinstance(answer, tuple):
            found = f"{len(answer)} values"
        elif hasattr(answer, "dtype") and hasattr(answer, "shape"):
            found = f"{answer.dtype} {tuple(answer.shape)}"
        raise PluginError(f"{self._who} returned {name}{found}; expected {expected}")
