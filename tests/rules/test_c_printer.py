import ctypes
import pkgutil
import shutil
import subprocess
from importlib import import_module
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optframe import maximum, minimum, sign, sqrt, where
from optframe.rules import Trace
from optframe.rules.c_printer import print_c
from optframe.rules.namespace_printer import compile_for_namespace
from optframe_plugins import optimizers

COMPILER = shutil.which("cc")
TYPES = {np.float32: "float", np.float64: "double"}


def in_c(trace, name):
    """Print a loop around a rule's body whose arguments are, as CuPy's, references to memory.

    Every argument is an array, and the outputs are the same memory as θ and the state.
    """
    printed = print_c(trace)
    own = (trace.arguments[0], *trace.state)
    references = {f"in_{a}": f"a{i}[i]" for i, a in enumerate(trace.arguments)}
    references |= {f"out_{a}": f"a{trace.arguments.index(a)}[i]" for a in own}
    assert printed.inputs == ", ".join(f"T in_{a}" for a in trace.arguments)
    assert printed.outputs == ", ".join(f"T out_{a}" for a in own)
    pointers = ", ".join(f"T *a{i}" for i in range(len(trace.arguments)))
    return "\n".join(
        [
            *[f"#define {word} {meaning}" for word, meaning in references.items()],
            f"void {name}(long n, {pointers}) {{ for (long i = 0; i < n; i++) {{",
            printed.body,
            "} }",
            *[f"#undef {word}" for word in references],
        ]
    )


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Compile rules with the host's compiler: ``compiled(traces, dtype)`` are functions."""
    if COMPILER is None:
        pytest.skip("no C compiler (cc) on the path")

    def build(traces, dtype):
        folder = tmp_path_factory.mktemp("kernels")
        head = ["#include <stdbool.h>", "#include <tgmath.h>"]
        head += [f"typedef {TYPES[dtype]} T;", "#define T(x) ((T)(x))"]
        body = [in_c(trace, f"rule{number}") for number, trace in enumerate(traces)]
        source, library = folder / "rules.c", folder / "rules.so"
        source.write_text("\n".join([*head, *body]))
        flags = ["-O1", "-shared", "-fPIC", "-ffp-contract=off"]
        subprocess.run([COMPILER, *flags, str(source), "-o", str(library), "-lm"], check=True)
        loaded = ctypes.CDLL(str(library))

        def function(number):
            def run(*arrays):
                arrays = [np.array(array, dtype) for array in arrays]
                pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
                loaded[f"rule{number}"](ctypes.c_long(arrays[0].size), *pointers)
                states = arrays[2 : 1 + len(traces[number].outputs)]
                return [arrays[0], *states], arrays[1]

            return run

        return [function(number) for number in range(len(traces))]

    return build


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_rule_gives_the_bits_of_numpy(programs, compiled, draw_arrays, assert_same_bits, data):
    # What maximum and minimum return of 0 and -0 differs between processors, in NumPy too.
    drawn = data.draw(st.lists(programs(extremes=False), min_size=5, max_size=15))
    dtype = data.draw(st.sampled_from(list(TYPES)))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    traces = [program.trace for program in drawn]
    for trace, run in zip(traces, compiled(traces, dtype), strict=True):
        arrays = draw_arrays(random, (len(trace.arguments), 200), dtype)
        with np.errstate(all="ignore"):
            expected = compile_for_namespace(trace, np)(*[array.copy() for array in arrays])
        found, gradient = run(*arrays)
        for ours, theirs in zip(found, (expected,) if trace.single else expected, strict=True):
            assert_same_bits(ours, theirs)
        assert_same_bits(gradient, arrays[1])


VALUES = [0.0, -0.0, 1.0, -1.0, 0.5, np.nan, np.inf, -np.inf, 1e-30, 3e38, 2.0]
PAIRS = np.array(list(product(VALUES, repeat=2))).T


@pytest.mark.parametrize("dtype", TYPES)
def test_sign_and_absolute_value_give_the_bits_of_numpy(compiled, assert_same_bits, dtype):
    def rule(theta, g, s):
        return sign(theta), abs(theta)

    [run] = compiled([Trace(rule)], dtype)
    x, y = PAIRS.astype(dtype)
    (signs, absolute), _ = run(x, y, y)
    assert_same_bits(signs, np.sign(x))
    assert_same_bits(absolute, abs(x))
    assert np.isnan(signs).any()


@pytest.mark.parametrize("dtype", TYPES)
def test_extremes_keep_nan_as_numpy_does(compiled, dtype):
    def rule(theta, g, s):
        return maximum(theta, g), minimum(theta, g)

    [run] = compiled([Trace(rule)], dtype)
    x, y = PAIRS.astype(dtype)
    (larger, smaller), _ = run(x, y, y)
    np.testing.assert_array_equal(larger, np.maximum(x, y))
    np.testing.assert_array_equal(smaller, np.minimum(x, y))
    np.testing.assert_array_equal(np.isnan(larger), np.isnan(x) | np.isnan(y))


@pytest.mark.parametrize("dtype", TYPES)
def test_comparisons_with_nan_are_false(compiled, dtype):
    def rule(theta, g, a, b, c, d):
        less, more = where(theta < g, 1.0, 0.0), where(theta > g, 1.0, 0.0)
        least, most = where(theta <= g, 1.0, 0.0), where(theta >= g, 1.0, 0.0)
        return less, least, more, most, where(g < 0.5, a, b)

    [run] = compiled([Trace(rule)], dtype)
    x, y = PAIRS.astype(dtype)
    found, _ = run(x, y, x, y, y, y)
    for ours, theirs in zip(found, [x < y, x <= y, x > y, x >= y], strict=False):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(found[4], np.where(y < 0.5, x, y))


@pytest.mark.parametrize("dtype", TYPES)
def test_outputs_that_are_other_arguments_are_exchanged(compiled, dtype, random):
    """Out and in are the same memory, so the order of assignments must not matter."""

    def rotate(theta, g, a, b):
        return a, b, theta

    def remember(theta, g, previous, lr):
        return theta - lr * g, theta

    def keep_gradient(theta, g, previous, lr):
        return theta - lr * (g + previous), g

    rules = (rotate, remember, keep_gradient)
    arrays = random.standard_normal((4, 20)).astype(dtype)
    for rule, run in zip(rules, compiled([Trace(rule) for rule in rules], dtype), strict=True):
        np.testing.assert_array_equal(run(*arrays)[0], rule(*arrays))


def test_literals_take_the_type_of_theta(compiled):
    """0.1 in float32 is not 0.1 in float64."""

    def rule(theta, g):
        return theta * 0.1

    [run] = compiled([Trace(rule)], np.float32)
    x = np.linspace(-3, 3, 1000, dtype=np.float32)
    (found,), _ = run(x, x)
    np.testing.assert_array_equal(found, x * np.float32(0.1))
    assert "T(0.1)" in print_c(Trace(rule)).body


def test_arguments_may_have_the_names_of_the_kernel_and_the_language():
    """CuPy keeps i and n, C++ new and this."""

    def nadam(theta, g, i, n, new, this, T):
        return theta - g * T, i, n, new, this

    printed = print_c(Trace(nadam))
    assert printed.inputs == ("T in_theta, T in_g, T in_i, T in_n, T in_new, T in_this, T in_T")
    assert printed.outputs == "T out_theta, T out_i, T out_n, T out_new, T out_this"


def test_a_rule_is_printed_operation_by_operation():
    def momentum(theta, g, v, lr, momentum):
        v = momentum * v - lr * g
        return theta + v, v

    assert print_c(Trace(momentum)).body.splitlines() == [
        "const T t5_ = in_momentum * in_v;",
        "const T t6_ = in_lr * in_g;",
        "const T t7_ = t5_ - t6_;",
        "const T t8_ = in_theta + t7_;",
        "out_theta = t8_;",
        "out_v = t7_;",
    ]


def test_the_root_and_the_comparison_are_those_of_c():
    def rule(theta, g):
        return where(theta < g, sqrt(theta), g)

    body = print_c(Trace(rule)).body
    assert "sqrt(in_theta)" in body
    assert "const bool " in body


def built_in_rules():
    """The traces of all update rules of the built-in optimizers, each once."""
    for _, name, _ in pkgutil.iter_modules(optimizers.__path__):
        module = import_module(f"{optimizers.__name__}.{name}")
        for value in vars(module).values():
            if hasattr(value, "rule") and value.__module__ == module.__name__:
                yield value.rule.trace


@pytest.mark.parametrize("dtype", TYPES)
def test_every_built_in_rule_gives_the_bits_of_numpy(compiled, assert_same_bits, random, dtype):
    traces = [*built_in_rules()]
    assert len(traces) > 15
    for trace, run in zip(traces, compiled(traces, dtype), strict=True):
        arrays = random.uniform(0.1, 1, (len(trace.arguments), 200)).astype(dtype)
        arrays[1] *= random.choice([-1, 1], 200)
        expected = compile_for_namespace(trace, np)(*[array.copy() for array in arrays])
        found, _ = run(*arrays)
        for ours, theirs in zip(found, (expected,) if trace.single else expected, strict=True):
            assert_same_bits(ours, theirs)
