from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optframe import sqrt
from optframe.rules import Trace, numpy_printer
from optframe.rules.numpy_printer import BLOCK, SHORT, compile_for_numpy

SMALL = 16
"""A block of so few elements lets small arrays cross every boundary."""


def adam(theta, g, m, v, lr, beta1, keep1, beta2, keep2, eps):
    m = beta1 * m + keep1 * g
    v = beta2 * v + keep2 * g * g
    return theta - lr * m / (sqrt(v) + eps), m, v


def plain_adam(theta, g, m, v, lr, beta1, keep1, beta2, keep2, eps):
    m = beta1 * m + keep1 * g
    v = beta2 * v + keep2 * g * g
    return theta - lr * m / (np.sqrt(v) + eps), m, v


def laid_out(array, layout):
    """The same numbers, in memory in another way."""
    if layout == "strided":
        spread = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        spread[..., ::2] = array
        return spread[..., ::2]
    if layout == "transposed":
        return np.ascontiguousarray(array.T).T
    array = array.copy()
    array.flags.writeable = layout != "read-only"
    return array


LAYOUTS = st.sampled_from(["plain", "plain", "read-only", "strided", "transposed"])
SHAPES = st.one_of(
    st.tuples(st.integers(1, SMALL)),
    st.tuples(st.integers(SMALL + 1, 3 * SMALL + 1)),
    st.tuples(st.integers(2, 5), st.integers(SMALL // 2, 2 * SMALL + 1)),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, SMALL + 1)),
    st.just((SMALL,)),
    st.just((SMALL + 1,)),
    st.just((SMALL + 1, 1)),
)


def draw_coefficient(draw, random, shape, dtype):
    numbers = ["float", "float", "whole", "float64", "0-d"]
    kind = draw(st.sampled_from([*numbers, "run", "parameter", "each"]))
    if kind == "float":
        return float(random.standard_normal())
    if kind == "whole":
        return int(random.integers(-3, 4))
    if kind == "float64":
        return np.float64(random.standard_normal())
    if kind == "0-d":
        return np.array(random.standard_normal())
    shapes = {"run": (*shape[:-1], 1), "parameter": shape[-1:], "each": shape}
    array = random.standard_normal(shapes[kind])
    return array if draw(st.booleans()) else array.astype(dtype)


def in_precision(value, dtype):
    """What the contract says of coefficients: they enter in the precision of θ."""
    return float(value) if np.ndim(value) == 0 else value.astype(dtype)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_rule_computes_what_its_plain_expression_computes(
    programs, draw_arrays, assert_same_bits, data
):
    program = data.draw(programs())
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    shape = data.draw(SHAPES)
    seed = data.draw(st.integers(0, 2**32))
    random = np.random.default_rng(seed)
    orderly = data.draw(st.integers(0, 2)) > 0  # so that most examples are computed in place
    theta, g, *state = (
        laid_out(draw_arrays(random, shape, dtype), "plain" if orderly else data.draw(LAYOUTS))
        for _ in range(2 + program.states)
    )
    aliases = ["no", "θ", "reversed", "state", "state is θ"]
    alias = "no" if orderly else data.draw(st.sampled_from(aliases))
    if alias == "θ":
        g = theta
    elif alias == "reversed":
        g = theta[..., ::-1]
    elif alias == "state" and state:
        g = state[-1]
    elif alias == "state is θ" and state:
        state[0] = theta
    coefficients = [
        draw_coefficient(data.draw, random, shape, dtype) for _ in range(program.coefficients)
    ]
    copies = [array.copy() for array in (theta, g, *state)]
    numbers = [in_precision(value, dtype) for value in coefficients]
    kept = [np.array(value) for value in coefficients]

    with np.errstate(all="ignore"):
        expected = program.plain(dtype)(*copies, *numbers)
        with patch.multiple(numpy_printer, BLOCK=SMALL, SHORT=SMALL):
            found = compile_for_numpy(program.trace)(theta, g, *state, *coefficients)

    single = program.states == 0
    assert isinstance(found, tuple) is not single
    for ours, theirs in zip(
        (found,) if single else found, (expected,) if single else expected, strict=True
    ):
        assert_same_bits(ours, theirs)
    assert_same_bits(g, copies[1])
    for value, before in zip(coefficients, kept, strict=True):
        np.testing.assert_array_equal(value, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape",
    [
        (SHORT,),
        (SHORT + 1,),
        (2 * BLOCK,),
        (2 * BLOCK + 3,),
        (5, BLOCK // 2 - 1),
        (3, BLOCK),
        (2, BLOCK + 7),
        (BLOCK + 1, 2),
        (2, 3, BLOCK // 4),
    ],
)
def test_blocks_of_the_real_size_agree_with_the_plain_expression(
    shape, dtype, random, assert_same_bits
):
    theta, g, m, v = (random.standard_normal(shape).astype(dtype) for _ in range(4))
    v = abs(v)
    lr = random.uniform(0.1, 1, (*shape[:-1], 1))
    expected = plain_adam(theta, g, m, v, lr.astype(dtype), *NUMBERS[1:])
    kernel = compile_for_numpy(Trace(adam))
    found = kernel(theta.copy(), g, m.copy(), v.copy(), lr, *NUMBERS[1:])
    for ours, theirs in zip(found, expected, strict=True):
        assert_same_bits(ours, theirs)


NUMBERS = (0.1, 0.9, 0.1, 0.999, 0.001, 1e-8)


def test_long_arrays_are_overwritten_in_place(random):
    theta, g, m, v = (random.random(2 * SHORT) for _ in range(4))
    found = compile_for_numpy(Trace(adam))(theta, g, m, v, *NUMBERS)
    assert list(map(id, found)) == list(map(id, (theta, m, v)))


def sgd(theta, g, lr):
    return theta - lr * g


def test_a_rule_without_state_overwrites_theta(random):
    theta, g = random.random((2, 2, SHORT))
    expected = sgd(theta, g, 0.1)
    found = compile_for_numpy(Trace(sgd))(theta, g, 0.1)
    assert found is theta
    np.testing.assert_array_equal(theta, expected)


def test_a_long_update_allocates_no_array_of_its_size(random):
    import tracemalloc

    size = 40 * BLOCK
    theta, g, m, v = (random.random(size, np.float32) for _ in range(4))
    kernel = compile_for_numpy(Trace(adam))
    tracemalloc.start()
    kernel(theta, g, m, v, *NUMBERS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < theta.nbytes / 4


@pytest.mark.parametrize("which", [0, 2, 3])
@pytest.mark.parametrize("reason", ["read-only", "strided"])
def test_what_cannot_be_overwritten_is_left_alone(which, reason, random):
    arrays = list(random.random((4, 2 * SHORT)))
    expected = plain_adam(*arrays, *NUMBERS)
    arrays[which] = laid_out(arrays[which], reason)
    before = [array.copy() for array in arrays]
    found = compile_for_numpy(Trace(adam))(*arrays, *NUMBERS)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("view", [lambda a: a, lambda a: a[::-1], lambda a: a[:]])
def test_a_gradient_that_is_theta_itself_survives(view, random):
    """The gradient of ½θ² is θ, and a problem may well answer with it."""
    theta, m, v = random.random((3, 2 * SHORT))
    g = view(theta)
    answer = g.copy()
    expected = plain_adam(theta.copy(), answer, m.copy(), v.copy(), *NUMBERS)
    found = compile_for_numpy(Trace(adam))(theta, g, m, v, *NUMBERS)
    np.testing.assert_array_equal(g, answer)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_state_that_is_theta_itself_becomes_its_own(random):
    """An average of iterates starts as θ₀."""

    def averaging(theta, g, mean, lr, weight):
        theta = theta - lr * g
        return theta, mean + weight * (theta - mean)

    theta, g = random.random((2, 2 * SHORT))
    expected = averaging(theta, g, theta, 0.1, 0.5)
    found = compile_for_numpy(Trace(averaging))(theta, g, theta, 0.1, 0.5)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "choice",
    [
        "where(g < 0, theta, 2 * g)",
        "where(g < 0, 2 * g, theta)",
        "theta + where(g < 0, product, 1.0)",
        "theta + where(g < 0, 1.0, product)",
    ],
)
def test_a_choice_is_not_written_over_what_it_chooses_from(choice, program, random):
    source = f"def rule(theta, g):\n    product = theta * g\n    return {choice}"
    rule = program(source, states=0, coefficients=0)
    theta, g = random.standard_normal((2, 2 * SHORT))
    expected = rule.plain("float64")(theta, g)
    found = compile_for_numpy(rule.trace)(theta, g)
    assert found is theta
    np.testing.assert_array_equal(found, expected)


def test_a_long_gradient_of_more_precision_promotes_as_a_short_one_does(random):
    """Then the loop sees the mistake, whatever the size."""
    for size in (7, 2 * SHORT):
        theta = np.zeros(size, np.float32)
        assert compile_for_numpy(Trace(sgd))(theta, random.random(size), 0.1).dtype == np.float64


def test_hundreds_of_operations_in_a_row_compile(random):
    def polynomial(theta, g):
        for _ in range(300):
            theta = 0.5 * theta + g
        return theta

    for size in (7, SHORT + 1):
        theta, g = random.random((2, size))
        expected = polynomial(theta, g)
        np.testing.assert_array_equal(compile_for_numpy(Trace(polynomial))(theta, g), expected)
