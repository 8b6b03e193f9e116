"""Print a rule as expressions over whole arrays, for any array namespace."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from optframe.rules.trace import Trace

__all__ = [
    "cast_lines",
    "coefficient",
    "compile_for_namespace",
    "compile_source",
    "expression_lines",
]

NESTED = 20
"""The depth to which expressions are nested; Python allows at most 200 nested brackets."""

_INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}


def compile_for_namespace(trace: Trace, xp: Any) -> Any:
    """Compile the rule as a function of whole arrays that never overwrites its arguments."""
    lines = [
        f"def {trace.name}({', '.join(trace.arguments)}):",
        *cast_lines(trace),
        *expression_lines(trace),
    ]
    return compile_source(trace, lines, xp, cast_=partial(coefficient, xp))


def coefficient(xp: Any, value: Any, theta: Any) -> Any:
    """Convert a hyperparameter so that arithmetic with it keeps θ's precision.

    NumPy's float64 numbers and arrays would promote a float32 θ to float64. A number becomes a
    Python float, and an array becomes an array of θ's dtype. Update rules convert their
    coefficients themselves; call this function in a step that computes with a hyperparameter and θ
    outside an update rule.

    Parameters
    ----------
    xp
        The array namespace of θ, in a step ``oracle.xp``.
    value
        A number, or an array that broadcasts against θ.
    theta
        θ, shape (..., P).

    Examples
    --------
    >>> import numpy as np, optframe
    >>> optframe.coefficient(np, np.float64(0.5), np.zeros(2, "float32"))
    0.5
    """
    if not getattr(value, "shape", ()):
        return float(value)
    return value if value.dtype == theta.dtype else xp.asarray(value, dtype=theta.dtype)


def _typed(xp: Any, value: Any, theta: Any) -> Any:
    """Return a coefficient or literal as an array of θ's precision."""
    return xp.asarray(value, dtype=theta.dtype, device=theta.device)


def cast_lines(trace: Trace) -> list[str]:
    """Return lines that convert the coefficients to θ's precision; Python floats cost nothing."""
    theta = trace.arguments[0]
    return [
        f"    if type({name}) is not float: {name} = cast_({name}, {theta})"
        for name in trace.coefficients
    ]


def expression_lines(trace: Trace) -> list[str]:
    """Return lines that compute the rule and return its outputs.

    A value that is used once is nested in the expression that uses it.
    """
    uses = Counter(i for node in trace.nodes for i in node.operands) + Counter(trace.outputs)
    names: list[str] = []
    lines: list[str] = []
    depths: list[int] = []
    for position, node in enumerate(trace.nodes):
        depths.append(1 + max((depths[i] for i in node.operands), default=0))
        if node.operation in ("argument", "literal"):
            names.append(str(node.value) if node.operation == "argument" else f"({node.value!r})")
            continue
        operands = [names[i] for i in node.operands]
        if node.operation == "where" and trace.is_constant(*node.operands[1:]):
            # With two Python floats, `where` would return an array of the default precision.
            operands[1] = f"typed_({operands[1]}, {trace.arguments[0]})"
        if node.operation in _INFIX:
            expression = f"({operands[0]} {_INFIX[node.operation]} {operands[1]})"
        elif node.operation == "negative":
            expression = f"(-{operands[0]})"
        else:
            expression = f"xp_{node.operation}({', '.join(operands)})"
        if uses[position] > 1 or depths[position] > NESTED:
            depths[position] = 0
            lines.append(f"    t{position}_ = {expression}")
            expression = f"t{position}_"
        names.append(expression)
    outputs = [names[i] for i in trace.outputs]
    lines.append("    return " + (outputs[0] if trace.single else f"({', '.join(outputs)},)"))
    return lines


def compile_source(trace: Trace, lines: list[str], xp: Any, **names: Any) -> Any:
    """Compile printed lines, in which the namespace's functions are called ``xp_<name>``.

    The arguments of a rule must not have such names, or names that end in an underscore.
    """
    functions = {
        f"xp_{name}": getattr(xp, name)
        for name in ("sqrt", "sign", "abs", "maximum", "minimum", "where")
    }
    scope: dict[str, Any] = {"typed_": partial(_typed, xp), **functions, **names}
    exec(compile("\n".join(lines), f"<elementwise {trace.name}>", "exec"), scope)
    return scope[trace.name]
