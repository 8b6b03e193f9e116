import math

import numpy as np
import pytest

from optframe import PluginError, elementwise, maximum, minimum, sign, sqrt, where
from optframe.rules import Trace, TraceError
from optframe.rules.namespace_printer import compile_for_namespace


def operations(rule):
    return [n.operation for n in Trace(rule).nodes if n.operation not in ("argument", "literal")]


def test_a_rule_becomes_its_operations_in_order():
    def momentum(theta, g, v, lr, momentum):
        v = momentum * v - lr * g
        return theta + v, v

    trace = Trace(momentum)
    assert trace.name == "momentum"
    assert trace.arguments == ("theta", "g", "v", "lr", "momentum")
    assert trace.state == ("v",)
    assert trace.coefficients == ("lr", "momentum")
    assert not trace.single
    assert operations(momentum) == ["multiply", "multiply", "subtract", "add"]
    assert [trace.nodes[i].operation for i in trace.outputs] == ["add", "subtract"]


def test_a_rule_that_returns_one_value_is_single():
    trace = Trace(lambda theta, g, lr: theta - lr * g)
    assert trace.single
    assert trace.state == ()
    assert trace.coefficients == ("lr",)


def test_every_operation_computes_what_it_says():
    def rule(theta, g, lr):
        parts = [
            theta + g,
            theta - g,
            theta * g,
            theta / g,
            2 + theta,
            2 - theta,
            2 * theta,
            2 / theta,
            -theta,
            abs(theta),
            sqrt(abs(theta)),
            sign(theta),
            maximum(theta, g),
            minimum(theta, g),
            where(theta < g, theta, g),
            where(theta <= theta, lr, 0.0),
            where(theta > g, theta, g),
            where(theta >= theta, lr, 0.0),
        ]
        result = theta * 0.0
        for weight, part in enumerate(parts, 1):
            result = result + 0.1**weight * part
        return result

    x, y, lr = -2.5, 0.75, 0.3
    parts = [-1.75, -3.25, -1.875, x / y, -0.5, 4.5, -5, -0.8, 2.5, 2.5, math.sqrt(2.5), -1]
    parts += [0.75, -2.5, -2.5, lr, 0.75, lr]
    expected = sum(0.1**weight * part for weight, part in enumerate(parts, 1))
    kernel = compile_for_namespace(Trace(rule), np)
    assert kernel(np.array([x]), np.array([y]), lr)[0] == pytest.approx(expected, rel=1e-13)


def test_what_is_written_twice_in_one_order_is_computed_once():
    def rule(theta, g, r, lr):
        return theta - lr * sqrt(g * g), r + sqrt(g * g)

    def swapped(theta, g, lr):
        return (theta - g) + (g - theta) + (theta * g + g * theta)

    assert operations(rule) == ["multiply", "sqrt", "multiply", "subtract", "add"]
    assert operations(swapped).count("subtract") == 2
    assert operations(swapped).count("multiply") == 2


def test_zero_and_minus_zero_are_two_literals():
    def rule(theta, g, lr):
        return where(g < 0.0, theta * 0.0, theta * -0.0)

    values = [n.value for n in Trace(rule).nodes if n.operation == "literal"]
    assert [math.copysign(1, value) for value in values] == [1, -1]


def test_a_number_of_numpy_is_a_literal():
    half = np.float64(0.5)

    def rule(theta, g):
        return where(half < theta, half - g, g / half)

    trace = Trace(rule)
    assert [type(n.value) for n in trace.nodes if n.operation == "literal"] == [float]
    assert compile_for_namespace(trace, np)(np.array([0.25, 1.0]), np.ones(2)).tolist() == [2, -0.5]


def branch(theta, g, lr):
    return theta if g < 0 else theta - lr * g


def conjunction(theta, g, lr):
    return where((g < 0) and (theta < 0), theta, g)


def between(theta, g, lr):
    return where(-1 < g < 1, theta, g)


def python_max(theta, g, lr):
    return max(theta, g)


@pytest.mark.parametrize("rule", [branch, conjunction, between, python_max])
def test_truth_of_a_value_is_refused(rule):
    with pytest.raises(TraceError, match=f"{rule.__name__!r} uses a value as a truth .* use where"):
        Trace(rule)


REFUSED = {
    "power": (lambda theta, g, lr: theta - lr * g**2, r"uses \*\*.* write x \* x"),
    "power of a number": (lambda theta, g, lr: theta - lr**g, r"uses \*\*"),
    "number to a power": (lambda theta, g, lr: 2**theta, r"uses \*\*.* compute it in `step`"),
    "equality": (lambda theta, g, lr: where(g == 0, theta, g), "uses ==.* compare with < or >"),
    "inequality": (lambda theta, g, lr: where(g != 0, theta, g), "uses !=.* compare with < or >"),
    "float": (lambda theta, g, lr: theta * float(g), r"uses float\(\) or a function of `math`"),
    "math": (lambda theta, g, lr: theta * math.sqrt(g), r"uses float\(\) or a function of `math`"),
    "a NumPy function": (lambda theta, g, lr: np.sqrt(theta), r"uses numpy\.sqrt; use"),
    "a NumPy array": (lambda theta, g, lr: np.ones(2) * theta, "found a ndarray, expected an arg"),
    "an attribute": (lambda theta, g, lr: theta.sum() * g, r"uses the attribute \.sum"),
    "iteration": (lambda theta, g, lr: sum(theta), "uses iteration over a value"),
    "coefficients alone": (
        lambda theta, g, lr: theta - (1 - lr) * g,
        r"subtract\(1.0, lr\) depends on coefficients alone; compute it in `step`",
    ),
    "a function of a coefficient": (
        lambda theta, g, lr: theta - sqrt(lr) * g,
        r"sqrt\(lr\) depends on coefficients alone",
    ),
    "another type": (lambda theta, g, lr: theta + "1", "found a str, expected an argument or a nu"),
    "a boolean": (lambda theta, g, lr: theta * True, "found a bool, expected an argument or a num"),
    "infinity": (lambda theta, g, lr: theta * math.inf, "literal inf, expected a finite number"),
    "NaN": (lambda theta, g, lr: theta * math.nan, "literal nan, expected a finite number"),
    "a returned comparison": (
        lambda theta, g, lr: theta < g,
        r"returns a comparison; use where\(condition, a, b\)",
    ),
    "a comparison as a number": (
        lambda theta, g, lr: theta * (g < 0),
        r"uses a comparison as a number in multiply; write where\(condition, 1.0, 0.0\)",
    ),
    "a comparison as a choice": (
        lambda theta, g, lr: where(g < 0, theta > 0, g),
        "uses a comparison as a number in where",
    ),
    "a condition that is none": (
        lambda theta, g, lr: where(g, theta, lr),
        "condition of where is not a comparison",
    ),
    "a returned coefficient": (lambda theta, g, s, lr: (theta, lr), "returns lr as it is"),
    "a returned number": (lambda theta, g, s, lr: (theta, 0), "returns 0.0 as it is"),
    "nothing returned": (lambda theta, g, lr: None, "found a NoneType, expected an argument"),
    "a returned list": (lambda theta, g, s: [theta, s], "found a list, expected an argument"),
    "more values than arguments": (
        lambda theta, g, lr: (theta, g, lr),
        r"returns 3 values but takes 3 arguments; expected \(theta, g, \*state, \*coefficients\)",
    ),
    "no gradient": (lambda theta: theta, "returns 1 values but takes 1 arguments"),
    "variadic": (lambda theta, g, *rest: theta, "'rest' is variadic positional; write out each"),
    "keywords": (lambda theta, g, **rest: theta, "'rest' is variadic keyword; write out each"),
    "keyword-only": (lambda theta, g, *, lr: theta, "'lr' is keyword-only; write out each"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_traced_is_refused_with_advice(case):
    rule, message = REFUSED[case]
    with pytest.raises(TraceError, match=message) as caught:
        Trace(rule)
    assert str(caught.value).startswith("update rule '<lambda>'")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, PluginError)


def test_an_operation_without_a_symbol_points_to_the_backend():
    with pytest.raises(TypeError, match=r"optframe\.sqrt\(\) was called outside an @elem"):
        sqrt(2.0)


def test_last_use_is_the_last_operation_that_reads():
    def rule(theta, g, lr):
        x = g * g
        return theta - lr * (x + g)

    trace = Trace(rule)
    square = next(i for i, n in enumerate(trace.nodes) if n.operands == (1, 1))
    total = next(i for i, n in enumerate(trace.nodes) if n.operation == "add")
    assert trace.last_use(square) == total
    assert trace.last_use(1) == total
    assert trace.last_use(trace.outputs[0]) == -1


def test_a_lambda_is_refused():
    with pytest.raises(TraceError, match="write it with def"):
        elementwise(lambda theta, g: theta - g)
