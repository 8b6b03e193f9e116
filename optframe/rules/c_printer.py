"""Print a rule as the body of a C loop, for CuPy's ElementwiseKernel."""

from __future__ import annotations

from dataclasses import dataclass

from optframe.rules.trace import COMPARISONS, Trace

__all__ = ["Printed", "print_c"]

_FORMS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "abs": "fabs({0})",
    "sqrt": "sqrt({0})",
    "sign": "({0} > T(0) ? T(1) : {0} < T(0) ? T(-1) : {0} == T(0) ? T(0) : {0})",
    "maximum": "({0} > {1} || {0} != {0} ? {0} : {1})",
    "minimum": "({0} < {1} || {0} != {0} ? {0} : {1})",
    "where": "({0} ? {1} : {2})",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
}


@dataclass(frozen=True)
class Printed:
    """A kernel's arguments and body, over one element of type T."""

    inputs: str
    outputs: str
    body: str


def print_c(trace: Trace) -> Printed:
    """Print the rule as C; literals have the type T of θ.

    Arguments are called ``in_<name>`` and outputs ``out_<name>``, because CuPy and C use some names
    themselves (``n``, ``i``, ``new``). An output may be the same memory as its input.
    """
    names: list[str] = []
    lines: list[str] = []
    for position, node in enumerate(trace.nodes):
        if node.operation == "argument":
            names.append(f"in_{node.value}")
            if position in trace.outputs:  # its memory may be written before it is read
                names[-1] = f"t{position}_"
                lines.append(f"const T t{position}_ = in_{node.value};")
        elif node.operation == "literal":
            names.append(f"T({node.value!r})")
        else:
            form = _FORMS[node.operation]
            kind = "bool" if node.operation in COMPARISONS else "T"
            names.append(f"t{position}_")
            expression = form.format(*[names[i] for i in node.operands])
            lines.append(f"const {kind} t{position}_ = {expression};")
    results = [f"out_{name}" for name in (trace.arguments[0], *trace.state)]
    for result, position in zip(results, trace.outputs, strict=True):
        lines.append(f"{result} = {names[position]};")
    return Printed(
        inputs=", ".join(f"T in_{name}" for name in trace.arguments),
        outputs=", ".join(f"T {result}" for result in results),
        body="\n".join(lines),
    )
