"""The tracer: calls an update rule once with symbols and records its operations in order."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from optframe.errors import PluginError

__all__ = [
    "Node",
    "Symbol",
    "Trace",
    "TraceError",
    "maximum",
    "minimum",
    "sign",
    "sqrt",
    "where",
]

COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal"})
ARITHMETIC = COMPARISONS | {"add", "subtract", "multiply", "divide"}


class TraceError(PluginError):
    """An update rule cannot be traced; the message says what to write instead."""


@dataclass(frozen=True)
class Node:
    """One operation, an argument (``operation = "argument"``) or a literal.

    ``operands`` are positions of earlier nodes; ``value`` is the argument's name or the literal.
    """

    operation: str
    operands: tuple[int, ...] = ()
    value: str | float | None = None


class Trace:
    """The straight-line program of one rule: `nodes` in order, `outputs` as their positions."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = function.__name__
        self.arguments = self._names(function)
        self.nodes: list[Node] = []
        self._positions: dict[tuple[Node, str], int] = {}
        symbols = [self.add(Node("argument", value=name)) for name in self.arguments]
        result = function(*symbols)
        results = result if isinstance(result, tuple) else (result,)
        self.single = not isinstance(result, tuple)
        self.outputs = tuple(self.symbol(value).position for value in results)
        self._check()

    @property
    def state(self) -> tuple[str, ...]:
        """The names of the state arguments, in the order in which they are returned."""
        return self.arguments[2 : 1 + len(self.outputs)]

    @property
    def coefficients(self) -> tuple[str, ...]:
        """The names of the arguments that are numbers or broadcast against θ."""
        return self.arguments[1 + len(self.outputs) :]

    def add(self, node: Node) -> Symbol:
        """Return the symbol of a node; append the node unless an equal one exists."""
        key = (node, repr(node.value))  # 0.0 equals -0.0, but they are two literals
        if key not in self._positions:
            self._positions[key] = len(self.nodes)
            self.nodes.append(node)
        return Symbol(self, self._positions[key])

    def symbol(self, value: Any) -> Symbol:
        """Return the value as a symbol of this trace; numbers become literals."""
        if isinstance(value, Symbol):
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if not math.isfinite(value):
                raise TraceError(
                    f"update rule {self.name!r}: found the literal {value}, expected a finite "
                    "number; compute it in `step` and pass it in"
                )
            return self.add(Node("literal", value=float(value)))
        raise TraceError(
            f"update rule {self.name!r}: found a {type(value).__name__}, expected an argument "
            "or a number; compute anything else in `step` and pass it in"
        )

    def last_use(self, position: int) -> int:
        """Return the position of the last node that reads this one, or -1."""
        uses = [i for i, node in enumerate(self.nodes) if position in node.operands]
        return max(uses, default=-1)

    def is_constant(self, *positions: int) -> bool:
        """Whether these nodes are all literals or coefficients."""
        nodes = [self.nodes[position] for position in positions]
        return all(n.operation == "literal" or n.value in self.coefficients for n in nodes)

    def _names(self, function: Callable[..., Any]) -> tuple[str, ...]:
        parameters = inspect.signature(function).parameters
        for name, parameter in parameters.items():
            if parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
                raise TraceError(
                    f"update rule {self.name!r}: {name!r} is {parameter.kind.description}; write "
                    "out each argument by its name: theta, g, state, coefficients"
                )
        return tuple(parameters)

    def _check(self) -> None:
        if len(self.arguments) < 1 + len(self.outputs):
            raise TraceError(
                f"update rule {self.name!r} returns {len(self.outputs)} values but takes "
                f"{len(self.arguments)} arguments; expected (theta, g, *state, *coefficients) "
                "-> (theta, *state)"
            )
        for node in self.nodes:
            if node.operands and self.is_constant(*node.operands):
                names = [str(self.nodes[i].value) for i in node.operands]
                raise TraceError(
                    f"update rule {self.name!r}: {node.operation}({', '.join(names)}) depends on "
                    "coefficients alone; compute it in `step` and pass it in"
                )
            for place, operand in enumerate(node.operands):
                self._check_condition(node, place, self.nodes[operand])
        for position in self.outputs:
            if self.nodes[position].operation in COMPARISONS:
                raise TraceError(
                    f"update rule {self.name!r} returns a comparison; use where(condition, a, b)"
                )
            if self.is_constant(position):
                raise TraceError(
                    f"update rule {self.name!r} returns {self.nodes[position].value} as it is; "
                    "expected θ or state, which are arrays"
                )

    def _check_condition(self, node: Node, place: int, operand: Node) -> None:
        expected = node.operation == "where" and place == 0
        if operand.operation in COMPARISONS and not expected:
            raise TraceError(
                f"update rule {self.name!r} uses a comparison as a number in {node.operation}; "
                "write where(condition, 1.0, 0.0)"
            )
        if expected and operand.operation not in COMPARISONS:
            raise TraceError(
                f"update rule {self.name!r}: the condition of where is not a comparison; write one "
                "with <, <=, > or >="
            )


class Symbol:
    """A value inside a rule while it is traced."""

    __slots__ = ("position", "trace")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, position: int) -> None:
        self.trace = trace
        self.position = position

    def _apply(self, operation: str, *values: Any) -> Symbol:
        operands = tuple(self.trace.symbol(value).position for value in values)
        return self.trace.add(Node(operation, operands))

    def _refuse(self, found: str, advice: str) -> NoReturn:
        raise TraceError(f"update rule {self.trace.name!r} uses {found}; {advice}")

    def __add__(self, other: Any) -> Symbol:
        return self._apply("add", self, other)

    def __radd__(self, other: Any) -> Symbol:
        return self._apply("add", other, self)

    def __sub__(self, other: Any) -> Symbol:
        return self._apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return self._apply("subtract", other, self)

    def __mul__(self, other: Any) -> Symbol:
        return self._apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self._apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return self._apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self._apply("divide", other, self)

    def __neg__(self) -> Symbol:
        return self._apply("negative", self)

    def __abs__(self) -> Symbol:
        return self._apply("abs", self)

    def __lt__(self, other: Any) -> Symbol:
        return self._apply("less", self, other)

    def __le__(self, other: Any) -> Symbol:
        return self._apply("less_equal", self, other)

    def __gt__(self, other: Any) -> Symbol:
        return self._apply("greater", self, other)

    def __ge__(self, other: Any) -> Symbol:
        return self._apply("greater_equal", self, other)

    def __eq__(self, other: object) -> NoReturn:
        self._refuse("==", "floating-point rules compare with < or >")

    def __ne__(self, other: object) -> NoReturn:
        self._refuse("!=", "floating-point rules compare with < or >")

    def __bool__(self) -> NoReturn:
        self._refuse("a value as a truth (if, and, or, max, min)", "use where, maximum or minimum")

    def __pow__(self, exponent: Any) -> NoReturn:
        self._refuse("**, whose last bits differ between shapes", "write x * x, or sqrt(x)")

    def __rpow__(self, base: Any) -> NoReturn:
        self._refuse("**, whose last bits differ between shapes", "compute it in `step`")

    def __float__(self) -> NoReturn:
        self._refuse(
            "float() or a function of `math`",
            "use the functions of optframe (sqrt, sign, maximum, ...)",
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *values: Any, **settings: Any) -> Symbol:
        name = ufunc.__name__
        if name not in ARITHMETIC:
            self._refuse(f"numpy.{name}", "use the functions of optframe (sqrt, sign, ...)")
        # This is called where the left operand of an operator is a NumPy number.
        single = [not isinstance(v, Symbol) and v.shape == () for v in values]
        numbers = [v.item() if s else v for s, v in zip(single, values, strict=True)]
        return self._apply(name, *numbers)

    def __iter__(self) -> NoReturn:
        self._refuse("iteration over a value", "a rule sees one parameter at a time")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse(f"the attribute .{name}", "a rule sees one parameter at a time, as a number")


def _apply(operation: str, *values: Any) -> Any:
    for value in values:
        if isinstance(value, Symbol):
            return value._apply(operation, *values)
    raise TypeError(
        f"optframe.{operation}() was called outside an @elementwise rule; use the function of the "
        f"array namespace there, xp.{operation}()"
    )


def sqrt(x: Any) -> Any:
    """Return √x, inside an `elementwise` rule."""
    return _apply("sqrt", x)


def sign(x: Any) -> Any:
    """Return the sign of x, −1, 0 or 1, inside an `elementwise` rule; the sign of NaN is NaN."""
    return _apply("sign", x)


def maximum(a: Any, b: Any) -> Any:
    """Return the larger of a and b, inside an `elementwise` rule; NaN if either is NaN."""
    return _apply("maximum", a, b)


def minimum(a: Any, b: Any) -> Any:
    """Return the smaller of a and b, inside an `elementwise` rule; NaN if either is NaN."""
    return _apply("minimum", a, b)


def where(condition: Any, a: Any, b: Any) -> Any:
    """Return a if the condition (a comparison) is true, else b, inside an `elementwise` rule."""
    return _apply("where", condition, a, b)
