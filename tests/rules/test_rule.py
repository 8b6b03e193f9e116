import sys
import threading
from dataclasses import dataclass, field

import numpy as np
import pytest

from optframe import elementwise, maximum, sign, sqrt, where
from optframe.rules import Trace, TraceError, coefficient, computing_with
from optframe.rules.namespace_printer import compile_for_namespace
from optframe.rules.numpy_printer import SHORT
from optframe_plugins.backends.numpy import NumpyBackend


@elementwise
def everything(theta, g, m, v, lr, decay, keep):
    """Use each operation once at least."""
    m = decay * m + keep * g
    v = maximum(decay * v, abs(g))
    step = where(g * m < 0, 0.0, lr * m / (sqrt(v) + 1e-3))
    return theta - step - 1e-4 * sign(theta), m, v


def plainly(theta, g, m, v, lr, decay, keep):
    m = decay * m + keep * g
    v = np.maximum(decay * v, np.abs(g))
    step = np.where(g * m < 0, 0.0, lr * m / (np.sqrt(v) + 1e-3))
    return theta - step - 1e-4 * np.sign(theta), m, v


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5,), (3, 7), (40_000,), (3, 20_000)])
def test_every_backend_computes_the_same_bits(backend, dtype, shape, random):
    arrays = random.standard_normal((4, *shape)).astype(dtype)
    lr = random.random((*shape[:-1], 1)).astype(dtype)
    expected = plainly(*arrays, lr, 0.9, 0.1)
    theta, g, m, v, rates = (backend.asarray(array, dtype) for array in (*arrays, lr))
    with computing_with(backend):
        found = everything(theta, g, m, v, rates, 0.9, 0.1)
    for ours, theirs in zip(found, expected, strict=True):
        ours = backend.to_numpy(ours)
        assert ours.dtype == dtype
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(backend.to_numpy(g), arrays[1])
    np.testing.assert_array_equal(backend.to_numpy(rates), lr)


@pytest.mark.parametrize("size", [7, 2 * SHORT])
def test_a_choice_between_two_numbers_has_thetas_precision(size, backend, random):
    """Resilient propagation does so: NumPy alone would answer in float64."""

    @elementwise
    def resilient(theta, g, previous, down, up):
        return theta - where(g * previous < 0, down, up) * g, where(g < 0, 0.0, 1.0)

    arrays = random.standard_normal((3, size)).astype(np.float32)
    x, g, previous = arrays
    expected = x - np.where(g * previous < 0, np.float32(0.5), np.float32(1.2)) * g
    with computing_with(backend):
        found = resilient(*[backend.asarray(a, "float32") for a in arrays], 0.5, 1.2)
    found = [backend.to_numpy(array) for array in found]
    assert found[0].dtype == found[1].dtype == np.float32
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_array_equal(found[1], g >= 0)


def test_outside_a_run_the_arrays_own_namespace_computes_and_overwrites_nothing(random):
    theta, g, m, v = random.random((4, 100_000))
    before = theta.copy(), m.copy(), v.copy()
    expected = plainly(theta, g, m, v, 0.1, 0.9, 0.1)
    found = everything(theta, g, m, v, 0.1, 0.9, 0.1)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for array, copy in zip((theta, m, v), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.fixture
def sgd():
    @elementwise
    def sgd(theta, g, lr):
        return theta - lr * g

    return sgd


@dataclass(frozen=True)
class Counting:
    name: str
    compiled: list = field(default_factory=list, compare=False)

    def elementwise(self, trace):
        self.compiled.append(trace)
        return compile_for_namespace(trace, np)


def test_a_rule_is_compiled_once_for_each_backend(sgd):
    first, second = Counting("first"), Counting("second")
    one = np.ones(2)
    for _ in range(3):
        for backend in (first, second):
            with computing_with(backend):
                for _ in range(2):
                    assert sgd(one, one, 0.5).tolist() == [0.5, 0.5]
        sgd(one, one, 0.5)
    assert len(first.compiled) == len(second.compiled) == 1


def test_equal_backends_share_a_kernel(sgd):
    """Every run makes its own backend object; a thousand runs must not compile a thousand times."""
    compiled = []
    for _ in range(3):
        with computing_with(Counting("same", compiled)):
            assert sgd(np.ones(2), np.ones(2), 0.5).tolist() == [0.5, 0.5]
    assert len(compiled) == 1


def test_the_backend_of_a_run_is_forgotten_when_it_ends_or_fails(sgd):
    class Other:
        def elementwise(self, trace):
            return lambda theta, g, lr: "other"

    one = np.ones(1)
    with computing_with(Other()):
        assert sgd(one, one, 0.5) == "other"
    assert sgd(one, one, 0.5) == 0.5
    with pytest.raises(ZeroDivisionError), computing_with(Other()):
        1 / 0  # noqa: B018
    assert sgd(one, one, 0.5) == 0.5


def test_runs_in_two_threads_keep_their_backends():
    class Named:
        def __init__(self, name):
            self.name = name

        def elementwise(self, trace):
            return lambda theta, g: self.name

    @elementwise
    def rule(theta, g):
        return theta

    found = []

    def run():
        with computing_with(Named("inside")):
            found.append(rule(np.ones(1), np.ones(1)))

    with computing_with(Named("outside")):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        found.append(rule(np.ones(1), np.ones(1)))
    assert found == ["inside", "outside"]


def test_arguments_may_have_any_name():
    @elementwise
    def rule(theta, g, rule, current, cast, typed, blocks, kernel, xp):
        return theta - g * rule * current * cast - where(g < 0, typed, blocks) * (kernel - g * xp)

    one = np.ones(100_000)
    expected = 1 - 2 * 3 * 5 - 11 * (13 - 17)
    for backend in (None, NumpyBackend()):
        with computing_with(backend):
            found = rule(one.copy(), one, 2, 3, np.float64(5), 7, 11.0, 13.0, 17.0)
        assert set(found.tolist()) == {expected}


def test_a_rule_keeps_its_name_and_is_traced_once_where_it_is_written():
    calls = []

    @elementwise
    def rule(theta, g, lr):
        calls.append(1)
        return theta - lr * g

    assert len(calls) == 1
    for backend in (None, NumpyBackend()):
        with computing_with(backend):
            rule(np.ones(2), np.ones(2), 0.1)
    assert len(calls) == 1
    assert everything.__name__ == "everything"
    assert everything.__doc__ == "Use each operation once at least."


def test_what_cannot_be_traced_is_said_where_it_is_written():
    with pytest.raises(TraceError, match=r"'rule' uses .*, whose last bits differ between shapes"):

        @elementwise
        def rule(theta, g, lr):
            return theta - lr * g**2


class Watched:
    """NumPy's kernel, which is asked for up to ``short`` elements only to be shown."""

    def __init__(self, short):
        self.short = short
        self.calls = 0

    def elementwise(self, trace):
        kernel = compile_for_namespace(trace, np)

        def watched(*arguments):
            self.calls += 1
            return kernel(*arguments)

        if self.short is not None:
            watched.short = self.short
        return watched


@pytest.mark.parametrize(
    ("short", "size", "lr", "calls"),
    [
        (3, 3, 0.1, 0),
        (3, 4, 0.1, 1),
        (3, 3, np.float64(0.1), 1),
        (3, 3, np.full(3, 0.1), 1),
        (3, 3, 1, 1),
        (None, 1, 0.1, 1),
        (0, 1, 0.1, 1),
    ],
)
def test_a_kernel_is_called_for_what_is_long_or_no_number(short, size, lr, calls, random):
    theta, g, m, v = random.standard_normal((4, size)).astype("float32")
    expected = plainly(theta, g, m, v, np.float32(lr), 0.9, 0.1)
    backend = Watched(short)
    with computing_with(backend):
        found = everything(theta, g, m, v, lr, 0.9, 0.1)
        other = everything(theta, g, m, v, lr, 0.9, 0.1)
    assert backend.calls == 2 * calls
    for first, second, theirs in zip(found, other, expected, strict=True):
        np.testing.assert_array_equal(first, theirs)
        np.testing.assert_array_equal(second, theirs)
        assert first.dtype == "float32"


def test_numpys_kernels_say_up_to_where_their_expressions_are_as_fast():
    assert NumpyBackend().elementwise(everything.rule.trace).short == SHORT

    def moving(theta, g, v):
        return v + g, theta

    assert NumpyBackend().elementwise(Trace(moving)).short == sys.maxsize


@pytest.mark.parametrize("value", [0.1, np.float64(0.1), np.float32(0.1), 1, np.array(0.1)])
def test_a_hyperparameter_without_axes_becomes_a_python_number(value):
    made = coefficient(np, value, np.zeros(2, np.float32))
    assert type(made) is float
    assert made == value


def test_a_hyperparameter_with_axes_takes_thetas_precision(backend):
    theta = backend.asarray(np.zeros(2), "float32")
    made = coefficient(backend.xp, backend.asarray([[0.1], [0.2]], "float64"), theta)
    assert made.dtype == theta.dtype
    np.testing.assert_array_equal(backend.to_numpy(made), np.float32([[0.1], [0.2]]))
    assert coefficient(backend.xp, made, theta) is made
