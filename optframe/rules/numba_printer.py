"""Print a rule as one fused loop for Numba: every array is read once and written once.

The loop runs over a range of the flattened θ, so that threads share the work evenly for any number
of runs. If a coefficient differs between runs or parameters, the range is split into spans, each
within one run. A division of the index for each element would cost more than most rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Literal, TypeAlias

from optframe.rules.trace import Trace

__all__ = ["Kind", "print_numba"]

Kind: TypeAlias = Literal["number", "run", "parameter", "each"]
"""The kind of a coefficient: one number, or an array over the runs, over P or over all of θ."""

_FORMS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "abs": "abs({0})",
    "sqrt": "sqrt({0})",
    "sign": "T(1) if {0} > T(0) else T(-1) if {0} < T(0) else T(0) if {0} == T(0) else {0}",
    "maximum": "{0} if ({0} > {1}) | ({0} != {0}) else {1}",
    "minimum": "{0} if ({0} < {1}) | ({0} != {0}) else {1}",
    "where": "{1} if {0} else {2}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
}

_PLACES = {"run": "[row]", "parameter": "[i - first]", "each": "[i]"}

_HEAD = '''\
"""The update rule {name!r}, printed by optframe; a change here is overwritten."""

from math import sqrt

from numba import njit, prange, types
from numpy import {dtype} as T
from numpy import uintp

WRITTEN = types.Array(types.{dtype}, 1, "C")
READ = types.Array(types.{dtype}, 1, "C", readonly=True)
NUMBER = types.float64
ONE = uintp(1)
'''

# Indices are unsigned. Support for negative ones would cost a test per element, and would prevent
# vector instructions.
_FLAT = """\
    for i in range(low, high):
{load}
{body}
"""

_ROWS = """\
    row = low // columns
    while low < high:
        first = row * columns
        end = min(first + columns, high)
{hoisted}
        for i in range(low, end):
{load}
{body}
        low = end
        row += ONE
"""

_APART = """\
@njit(error_model="numpy")
def apart(a, b):
    first, second = a.ctypes.data, b.ctypes.data
    return first + a.nbytes <= second or second + b.nbytes <= first
"""

_SERIAL = """\
    span(uintp(0), uintp(in_{theta}.size), uintp(columns), {arguments})
    return True
"""

_PARALLEL = """\
    size = in_{theta}.size
    for part in prange(parts):
        low = part * size // parts
        high = (part + 1) * size // parts
        span(uintp(low), uintp(high), uintp(columns), {arguments})
    return True
"""


def print_numba(
    trace: Trace, dtype: str, kinds: Sequence[Kind], *, parallel: bool, cache: bool
) -> str:
    """Print a module that has ``run(parts, columns, *arguments)``, compiled when it is imported.

    The arguments are flat and contiguous. Coefficients that are numbers are float64 and are rounded
    to ``dtype`` first. ``columns`` is P. A parallel loop is divided into ``parts``, each for one
    thread. Operations are neither reordered nor contracted, so that the bits agree with NumPy's.

    ``run`` overwrites θ and the state and returns True. If these share memory with each other or
    with arrays that are only read, it changes nothing and returns False.

    The arguments of the rule are called ``in_<name>`` in the module, because Python and Numba use
    some names themselves.
    """
    kind_of = dict(zip(trace.coefficients, kinds, strict=True))
    names = [f"in_{name}" for name in trace.arguments]
    rounded = [
        f"T({name})" if kind_of.get(argument) == "number" else name
        for name, argument in zip(names, trace.arguments, strict=True)
    ]
    own = (trace.arguments[0], *trace.state)
    types = [
        "NUMBER" if kind_of.get(name) == "number" else "WRITTEN" if name in own else "READ"
        for name in trace.arguments
    ]
    written = [f"in_{name}" for name in own]
    read = [n for n, kind in zip(names, types, strict=True) if kind == "READ"]
    pairs = [*product(read, written), *combinations(written, 2)]
    signature = ", ".join(["types.intp", "types.intp", *types])
    settings = f'error_model="numpy", parallel={parallel}, cache={cache}'
    loop = (_PARALLEL if parallel else _SERIAL).format(
        theta=trace.arguments[0], arguments=", ".join(rounded)
    )
    return "\n".join(
        [
            _HEAD.format(name=trace.name, dtype=dtype),
            "",
            '@njit(error_model="numpy")',
            f"def span(low, high, columns, {', '.join(names)}):",
            _span(trace, kind_of),
            "",
            _APART,
            "",
            f"@njit(types.boolean({signature}), {settings})",
            f"def run(parts, columns, {', '.join(names)}):",
            f"    if not ({' and '.join(f'apart({a}, {b})' for a, b in pairs)}):",
            "        return False",
            loop,
        ]
    )


def _span(trace: Trace, kind_of: dict[str, Kind]) -> str:
    """Print the loop over one range of elements."""
    hoisted: list[str] = []
    load: list[str] = []
    body: list[str] = []
    for position, node in enumerate(trace.nodes):
        result = f"t{position}"
        if node.operation == "argument":
            kind = kind_of.get(str(node.value), "each")
            place = "" if kind == "number" else _PLACES[kind]
            where = hoisted if kind == "run" else load
            where.append(f"{result} = in_{node.value}{place}")
        elif node.operation == "literal":
            load.append(f"{result} = T({node.value!r})")
        else:
            expression = _FORMS[node.operation].format(*[f"t{i}" for i in node.operands])
            body.append(f"{result} = {expression}")
    for name, position in zip((trace.arguments[0], *trace.state), trace.outputs, strict=True):
        body.append(f"in_{name}[i] = t{position}")
    by_row = {"run", "parameter"} & set(kind_of.values())
    form, inner = (_ROWS, 3) if by_row else (_FLAT, 2)
    return form.format(
        hoisted=_indented(hoisted, 2), load=_indented(load, inner), body=_indented(body, inner)
    )


def _indented(lines: list[str], depth: int) -> str:
    return "\n".join("    " * depth + line for line in lines)
