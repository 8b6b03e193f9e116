"""Norms and products whose squares leave the range of the numbers, against exact ones."""

import math
from fractions import Fraction

import numpy as np
import pytest

from optframe import inner, norm
from optframe.contracts.products import norms, unit

EXPONENTS = {"float32": [-149, -130, -80, -62, 0, 62, 120], "float64": [-1074, -700, 0, 500, 1015]}
PLACES = [(dtype, k) for dtype, exponents in EXPONENTS.items() for k in exponents]


@pytest.mark.parametrize(("dtype", "k"), PLACES)
def test_a_norm_neither_underflows_nor_overflows(dtype, k, backend):
    vector = np.ldexp(np.array([3.0, 0.0, -4.0]), k).astype(dtype)
    there = backend.asarray(vector, dtype)
    rows = backend.xp.stack([there, backend.xp.zeros_like(there)])
    expected = np.ldexp(np.array([5.0, 0.0]), k).astype(dtype)
    with np.errstate(over="ignore"):
        assert norm(there, backend.xp) == math.ldexp(5.0, k)
        np.testing.assert_array_equal(backend.to_numpy(norms(rows, backend.xp)), expected)


@pytest.mark.parametrize(("dtype", "k"), PLACES)
def test_a_unit_is_a_power_of_two_with_every_digit(dtype, k, backend):
    values = np.array([1.0, 1.0 + np.finfo(dtype).eps, 1.5, 2 - np.finfo(dtype).eps])
    values = np.ldexp(values[:, None] * [1.0, -0.25], k).astype(dtype)
    found = backend.to_numpy(unit(backend.asarray(values, dtype), backend.xp))
    # A number below the least normal one has fewer digits, and may round to the next power.
    expected = np.ldexp(1.0, np.frexp(abs(values).max(axis=1))[1] - 1)
    np.testing.assert_array_equal(found[:, 0], expected.astype(dtype))
    assert found.dtype == dtype


def test_a_vector_of_zeros_or_without_a_length_has_the_unit_one(backend):
    rows = backend.asarray(np.array([[0.0, 0.0], [math.nan, 8.0], [8.0, -math.inf]]), "float32")
    with np.errstate(all="ignore"):
        assert backend.to_numpy(unit(rows, backend.xp)).tolist() == [[1.0], [1.0], [1.0]]
        assert math.isnan(norm(rows[1, :], backend.xp))
        assert norm(rows[2, :], backend.xp) == math.inf
        assert norm(rows[0, :], backend.xp) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_of_vectors_in_any_units_have_the_same_digits(dtype, random):
    # Integers, so that a sum in any order is exact.
    a, b = (random.integers(-50, 50, 9).astype(dtype) for _ in range(2))
    exact = int(sum(Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a, b, strict=True)))
    for j, k in ((0, 0), (-100, 0), (-100, 100), (60, -130), (-90, -40), (90, 30), (-70, -70)):
        with np.errstate(all="ignore"):
            found = inner(np.ldexp(a, j).astype(dtype), np.ldexp(b, k).astype(dtype), np)
        assert found == math.ldexp(exact, j + k)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 2, 50])
def test_a_vector_has_the_same_norm_alone_and_among_others(dtype, size, random):
    rows = random.standard_normal((6, size)) * 10.0 ** random.integers(-30, 30, (6, 1))
    rows = rows.astype(dtype)
    with np.errstate(all="ignore"):
        together = norms(rows, np)
        assert [norms(row, np) for row in rows] == together.tolist()
        exact = np.linalg.norm(rows.astype(np.float64), axis=1)
    np.testing.assert_allclose(together, exact, rtol=8 * np.finfo(dtype).eps, atol=1e-44)
