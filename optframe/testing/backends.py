"""Checks of a backend's contract."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.contracts import Backend
from optframe.rules import computing_with, elementwise, maximum, minimum, sign, sqrt, where
from optframe.testing import shared
from optframe.testing.kit import Checks, Suite, available, check, require
from optframe.testing.making import made
from optframe.testing.probe_backends import PlainBackend

__all__ = ["check_backend"]

SIZES = (1, 7, 100_003)


def check_backend(backend: Backend | type, *, seed: int | None = 0, strict: bool = False) -> Checks:
    """Return the checks of a backend; none of them applies if it is not available.

    Arguments, ``known_failures`` and exceptions are as for `check_optimizer`.
    """
    component = made(backend, "backends", "check_backend")
    suite = Suite((sys.modules[__name__],), least=9)
    return Checks(suite, component, lambda random: Subject(component, random), seed, strict)


@dataclass(frozen=True)
class Subject:
    """The subject of a check: the backend, and a random generator for the check."""

    component: Backend
    random: np.random.Generator

    @property
    def backend(self) -> Backend:
        """The backend, if it is available; else the check does not apply."""
        return available(self.component)


@elementwise
def _everything(theta, g, m, v, lr, beta, keep, tiny):  # type: ignore[no-untyped-def]
    """Use every operation that an update rule may contain."""
    m = beta * m + keep * g
    v = maximum(v, abs(g)) + minimum(v, g * g)
    step = where(m > 0, m / (sqrt(v) + tiny), -m + sign(g))
    return theta - lr * step, m, v


@elementwise
def _alone(theta, g, lr):  # type: ignore[no-untyped-def]
    """A rule without state returns θ alone."""
    return theta - lr * g


@check(since=1)
def says_what_is_missing(subject: Subject) -> None:
    """`missing` returns one line or None, and `is_available` agrees."""
    missing = subject.component.missing()
    require(
        missing is None or (isinstance(missing, str) and missing and "\n" not in missing),
        f"missing() returns {missing!r}; expected one line, or None",
    )
    require(
        subject.component.is_available() == (missing is None), "is_available contradicts missing"
    )
    _ = subject.backend


@check(since=1)
def names_its_device(subject: Subject) -> None:
    """The device has a name."""
    device = subject.backend.device
    require(isinstance(device, str) and device.strip(), f"device is {device!r}")


@check(since=1)
def brings_values_there_and_back(subject: Subject) -> None:
    """Values copied to the device and back are unchanged, in the requested precision."""
    backend = subject.backend
    for dtype in ("float64", "float32", "int64"):
        for shape in ((5,), (2, 3), (0,), ()):
            values = (100 * subject.random.standard_normal(shape)).astype(dtype)
            there = backend.asarray(values, dtype)
            require(there.shape == shape, f"asarray makes {there.shape} of {shape}")
            back = backend.to_numpy(there)
            require(
                isinstance(back, np.ndarray) and back.dtype == dtype,
                f"to_numpy returns a {type(back).__name__} of {getattr(back, 'dtype', '?')}, "
                f"expected a numpy.ndarray of {dtype}",
            )
            require(np.array_equal(back, values), f"values of {dtype} come back changed")


@check(since=1)
def takes_any_order_of_memory(subject: Subject) -> None:
    """Transposed and strided arrays are copied correctly."""
    values = subject.random.standard_normal((6, 4))
    for given in (values.T, values[::2], values[:, ::-1]):
        back = subject.backend.to_numpy(subject.backend.asarray(given, "float64"))
        require(
            np.array_equal(back, given),
            "asarray changes the values of an array that is not C-ordered",
        )


@check(since=1)
def makes_zeros(subject: Subject) -> None:
    """`zeros` returns zeros of the requested shape and precision."""
    for dtype in ("float64", "float32"):
        zeros = subject.backend.to_numpy(subject.backend.zeros((2, 3), dtype))
        require(zeros.shape == (2, 3) and zeros.dtype == dtype, f"{zeros.dtype} {zeros.shape}")
        require(not zeros.any(), "zeros are not zero")


@check(since=1)
def has_the_functions_that_steps_use(subject: Subject) -> None:
    """Its namespace gives the same results as NumPy."""
    backend, xp = subject.backend, subject.backend.xp
    a, b = subject.random.uniform(0.5, 2, (2, 3, 4))
    there, other = backend.asarray(a, "float64"), backend.asarray(b, "float64")
    for name, found, expected in (
        ("sum", xp.sum(there * other, axis=-1, keepdims=True), (a * b).sum(-1, keepdims=True)),
        ("sqrt", xp.sqrt(there), np.sqrt(a)),
        ("exp", xp.exp(there), np.exp(a)),
        ("where", xp.where(there > other, there, other), np.where(a > b, a, b)),
        ("matmul", xp.matmul(there, other.T), a @ b.T),
        ("stack", xp.stack([there, other], axis=-1), np.stack([a, b], axis=-1)),
        ("zeros_like", xp.zeros_like(there), np.zeros_like(a)),
        ("max", xp.max(xp.abs(there), axis=-1), np.abs(a).max(-1)),
    ):
        require(
            np.allclose(backend.to_numpy(found), expected, rtol=1e-12),
            f"xp.{name} gives another result than NumPy",
        )


@check(since=1)
def compiles_update_rules(subject: Subject) -> None:
    """A compiled rule returns what NumPy returns, for short and long arrays."""
    for dtype, tolerance in (("float64", 1e-13), ("float32", 1e-5)):
        for size in SIZES:
            _compare(subject, (size,), dtype, tolerance, (0.1, 0.9, 0.1, 1e-8))


@check(since=1)
def compiles_update_rules_for_many_runs(subject: Subject) -> None:
    """Coefficients of shape (..., 1) and (P,) broadcast against θ of shape (..., P)."""
    for shape in ((3, 1), (4,)):
        coefficients = tuple(subject.random.uniform(0.1, 0.9, (4, *shape)))
        _compare(subject, (3, 4), "float64", 1e-13, coefficients)


@check(since=1)
def keeps_single_precision(subject: Subject) -> None:
    """A float64 coefficient does not turn a float32 θ into float64."""
    backend = subject.backend
    theta, g = (backend.asarray(np.ones((2, 3)), "float32") for _ in range(2))
    for lr in (0.1, np.float64(0.1), backend.asarray(np.full((2, 1), 0.1), "float64")):
        with computing_with(backend):
            found = _alone(theta, g, lr)
        require(
            backend.to_numpy(found).dtype == np.float32,
            f"with lr as {type(lr).__name__} a float32 θ becomes {backend.to_numpy(found).dtype}",
        )
        theta = backend.asarray(np.ones((2, 3)), "float32")


@check(since=1)
def leaves_the_gradient_as_it_is(subject: Subject) -> None:
    """A compiled rule may overwrite θ and state, never the gradient."""
    backend = subject.backend
    for size in SIZES:
        values = subject.random.standard_normal(size)
        theta, g, m, v = (backend.asarray(values, "float64") for _ in range(4))
        with computing_with(backend):
            _everything(theta, g, m, v, 0.1, 0.9, 0.1, 1e-8)
        require(
            np.array_equal(backend.to_numpy(g), values),
            "a compiled rule has written to the gradient",
        )


@check(since=1)
def synchronizes(subject: Subject) -> None:
    """`synchronize` returns None when all computations are done."""
    require(subject.backend.synchronize() is None, "synchronize returns a value; expected None")


pickles = shared.pickles
imports_nothing_heavy = shared.imports_nothing_heavy


def _compare(
    subject: Subject,
    shape: tuple[int, ...],
    dtype: str,
    tolerance: float,
    coefficients: tuple[Any, ...],
) -> None:
    arrays = [subject.random.standard_normal(shape).astype(dtype) for _ in range(3)]
    arrays.append(subject.random.uniform(0.1, 1, shape).astype(dtype))
    results = []
    for backend in (PlainBackend(), subject.backend):
        with computing_with(backend):
            numbers = [c if np.ndim(c) == 0 else backend.asarray(c, dtype) for c in coefficients]
            outputs = _everything(*(backend.asarray(a, dtype) for a in arrays), *numbers)
        results.append([backend.to_numpy(output) for output in outputs])
    for expected, found in zip(*results, strict=True):
        require(found.dtype == dtype, f"a rule on {dtype} returns {found.dtype}")
        require(
            np.allclose(found, expected, rtol=tolerance, atol=tolerance),
            f"a rule on {dtype} {shape} differs from NumPy by {np.abs(found - expected).max():.2g}",
        )
