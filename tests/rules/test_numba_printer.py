"""The printed loops as plain Python, which needs no Numba; tests/plugins/backends compiles them."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optframe import maximum, minimum
from optframe.rules import Trace
from optframe.rules.namespace_printer import compile_for_namespace
from optframe.rules.numba_printer import print_numba

KINDS = ["number", "run", "parameter", "each"]


@pytest.fixture(scope="module")
def interpreted():
    """Import printed source with decorators that compile nothing."""
    anything = SimpleNamespace(
        Array=lambda *_, **__: None, boolean=lambda *_: None, intp=None, float64=None, float32=None
    )
    numba = SimpleNamespace(
        njit=lambda *_, **__: lambda function: function, prange=range, types=anything
    )

    def run(source):
        scope = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "numba", numba)
            exec(compile(source, "<printed>", "exec"), scope)
        scope["sqrt"] = np.sqrt  # Python's refuses negative numbers
        return scope["run"]

    return run


def shaped(kind, random, runs, size, dtype):
    """A coefficient of a kind, as it broadcasts against θ of shape (runs, size)."""
    if kind == "number":
        return float(random.standard_normal())
    shapes = {"run": (runs, 1), "parameter": (size,), "each": (runs, size)}
    return random.standard_normal(shapes[kind]).astype(dtype)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_rule_gives_the_bits_of_numpy(
    programs, interpreted, draw_arrays, assert_same_bits, data
):
    # What maximum and minimum return of 0 and -0 differs between processors, in NumPy too.
    program = data.draw(programs(extremes=False))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    runs, size = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 7))
    parallel, parts = data.draw(st.booleans()), data.draw(st.integers(2, 9))
    kinds = [data.draw(st.sampled_from(KINDS)) for _ in range(program.coefficients)]
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    trace = program.trace
    arrays = draw_arrays(random, (2 + program.states, runs, size), dtype)
    coefficients = [shaped(kind, random, runs, size, dtype) for kind in kinds]
    source = print_numba(trace, np.dtype(dtype).name, kinds, parallel=parallel, cache=False)

    flat = [array.reshape(-1).copy() for array in arrays]
    with np.errstate(all="ignore"):
        expected = compile_for_namespace(trace, np)(*arrays, *coefficients)
        done = interpreted(source)(
            parts, size, *flat, *[np.ravel(c) if np.ndim(c) else c for c in coefficients]
        )

    assert done is True
    found = [flat[0], *flat[2:]]
    for ours, theirs in zip(found, (expected,) if trace.single else expected, strict=True):
        assert_same_bits(ours.reshape(runs, size), theirs)
    assert_same_bits(flat[1].reshape(runs, size), arrays[1])


def averaging(theta, g, mean, lr, weight):
    theta = theta - lr * g
    return theta, mean + weight * (theta - mean)


@pytest.mark.parametrize("parallel", [False, True])
def test_memory_that_is_shared_is_left_alone(interpreted, random, parallel):
    run = interpreted(
        print_numba(Trace(averaging), "float64", ("number", "each"), parallel=parallel, cache=False)
    )
    whole = random.random(30)
    theta, g, mean, weight = (random.random(10) for _ in range(4))
    for arrays in (
        (theta, theta, mean, weight),
        (theta, mean, mean, weight),
        (theta, g, theta, weight),
        (theta, g, mean, mean),
        (whole[:10], whole[9:19], mean, weight),
        (whole[9:19], g, whole[:10], weight),
    ):
        theta_, g_, mean_, weight_ = arrays
        before = [array.copy() for array in arrays]
        assert run(2, 10, theta_, g_, mean_, 0.1, weight_) is False
        for array, copy in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array, copy)
    assert run(2, 10, whole[:10], whole[10:20], whole[20:], 0.1, weight) is True
    assert run(2, 10, theta, g, mean, 0.1, g) is True, "what is only read may share memory"


def test_extremes_keep_nan_as_numpy_does(interpreted):
    def rule(theta, g, s):
        return maximum(theta, g), minimum(theta, g)

    values = np.array([1.0, -2.0, np.nan, np.inf])
    x, y = (array.ravel() for array in np.meshgrid(values, values))
    theta, s = x.copy(), y.copy()
    run = interpreted(print_numba(Trace(rule), "float64", (), parallel=False, cache=False))
    run(0, 16, theta, y, s)
    np.testing.assert_array_equal(theta, np.maximum(x, y))
    np.testing.assert_array_equal(s, np.minimum(x, y))


def test_a_coefficient_over_runs_is_read_once_per_run():
    source = print_numba(Trace(averaging), "float32", ("run", "number"), parallel=False, cache=True)
    inner = source.index("for i in range")
    assert source.index("in_lr[row]") < inner
    assert "in_lr" not in source[inner : source.index("@", inner)]
    flat = print_numba(Trace(averaging), "float32", ("number",) * 2, parallel=False, cache=True)
    assert "row" not in flat


def test_names_that_python_and_numba_have_themselves_may_be_arguments(interpreted, random):
    def rule(theta, g, range, T, size, i, low, prange):
        return theta - low * g, range + T, T * i, size - prange

    arrays = random.random((5, 3))
    numbers = (0.5, 2.0, 3.0)
    theta, g, *state = arrays.copy()
    kinds = ("number",) * 3
    run = interpreted(print_numba(Trace(rule), "float64", kinds, parallel=True, cache=False))
    assert run(2, 3, theta, g, *state, *numbers) is True
    for ours, theirs in zip((theta, *state), rule(*arrays, *numbers), strict=True):
        np.testing.assert_array_equal(ours, theirs)
