"""Print a rule as expressions over whole arrays, for any array namespace."""

from __future__ import annotations

from typing import Any

from optframe.rules.trace import Trace

__all__ = ["cast_lines", "compile_for_namespace", "compile_source", "expression_lines"]

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
    """Compile the rule as a function of whole arrays that overwrites nothing."""
    lines = [
        f"def {trace.name}({', '.join(trace.arguments)}):",
        *cast_lines(trace),
        *expression_lines(trace),
    ]
    return compile_source(trace, lines, xp, cast=_cast)


def _cast(coefficient: Any, theta: Any) -> Any:
    """Bring a coefficient to θ's precision: numbers as Python floats, arrays by dtype."""
    if not getattr(coefficient, "shape", ()):
        return float(coefficient)
    if coefficient.dtype == theta.dtype:
        return coefficient
    return theta.__array_namespace__().astype(coefficient, theta.dtype)


def cast_lines(trace: Trace) -> list[str]:
    """Lines that bring the coefficients to θ's precision, at no cost for Python floats."""
    theta = trace.arguments[0]
    return [
        f"    if type({name}) is not float: {name} = cast({name}, {theta})"
        for name in trace.coefficients
    ]


def expression_lines(trace: Trace) -> list[str]:
    """Lines that compute the rule operation by operation and return its outputs."""
    names: list[str] = []
    lines: list[str] = []
    for position, node in enumerate(trace.nodes):
        if node.operation == "argument":
            names.append(str(node.value))
            continue
        if node.operation == "literal":
            names.append(f"({node.value!r})")
            continue
        operands = [names[i] for i in node.operands]
        if node.operation in _INFIX:
            expression = f"{operands[0]} {_INFIX[node.operation]} {operands[1]}"
        elif node.operation == "negative":
            expression = f"-{operands[0]}"
        else:
            expression = f"xp_{node.operation}({', '.join(operands)})"
        names.append(f"t{position}_")
        lines.append(f"    t{position}_ = {expression}")
    outputs = [names[i] for i in trace.outputs]
    lines.append("    return " + (outputs[0] if trace.single else f"({', '.join(outputs)},)"))
    return lines


def compile_source(trace: Trace, lines: list[str], xp: Any, **names: Any) -> Any:
    """Compile printed lines; the namespace's functions are called ``xp_<name>`` in them."""
    functions = {
        f"xp_{name}": getattr(xp, name)
        for name in ("sqrt", "sign", "abs", "maximum", "minimum", "where")
    }
    scope: dict[str, Any] = {**functions, **names}
    exec(compile("\n".join(lines), f"<elementwise {trace.name}>", "exec"), scope)
    return scope[trace.name]
