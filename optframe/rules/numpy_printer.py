"""Print a rule for NumPy: as expressions for short arrays, and in place by blocks for long arrays.

Short arrays have up to `SHORT` = 32,768 elements; the expressions return new arrays. A longer θ and
its state are overwritten, one block after another. In a block every operation is a ufunc with
``out=``. Intermediate results go to a few scratch buffers that stay in cache, and final results
directly to θ and the state, so that main memory is read and written once. Both forms do the same
operations in the same order and agree to the bit.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from optframe.rules.namespace_printer import cast_lines, compile_source, expression_lines
from optframe.rules.trace import COMPARISONS, Trace

__all__ = ["BLOCK", "apart", "compile_by_size", "compile_for_numpy", "in_place"]

BLOCK = 32_768
"""Elements of one block: a few float32 buffers of this length fit a core's second-level cache."""

SHORT = BLOCK
"""Up to this number of elements, whole expressions are at least as fast as blocks."""


def compile_for_numpy(trace: Trace) -> Any:
    """Compile the rule for NumPy arrays; θ and state of more than `SHORT` elements are overwritten.

    A rule that returns one of its arguments in another place overwrites nothing.
    """
    plain = compile_by_size(trace, None, None)
    if _moves_arguments(trace):
        return plain
    block, buffers = _compile_block(trace)

    def blocks(*arguments: Any) -> Any:
        return _run_blocks(trace, block, buffers, plain, arguments)

    return compile_by_size(trace, SHORT, blocks)


def compile_by_size(trace: Trace, short: int | None, long: Callable[..., Any] | None) -> Any:
    """Compile the rule as expressions for up to ``short`` elements of θ; call ``long`` for more.

    ``long`` gets coefficients as Python floats, or as arrays of θ's precision. The attribute
    ``kernel.short`` is the limit, so that a rule can compute short arrays without calling the
    kernel.
    """
    test = [
        f"    if {trace.arguments[0]}.size > {short}:",
        f"        return long_({', '.join(trace.arguments)})",
    ]
    lines = [
        f"def {trace.name}({', '.join(trace.arguments)}):",
        *cast_lines(trace),
        *(test if long else ()),
        *expression_lines(trace),
    ]
    kernel = compile_source(trace, lines, np, cast_=_cast, long_=long)
    kernel.short = sys.maxsize if short is None else short
    return kernel


def _cast(coefficient: Any, theta: Any) -> Any:
    if np.ndim(coefficient) == 0:
        return float(coefficient)
    return np.asarray(coefficient, theta.dtype)


def _run_blocks(
    trace: Trace,
    block: Callable[..., None],
    buffers: int,
    plain: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> Any:
    theta, g = arguments[:2]
    outputs = [theta, *arguments[2 : 1 + len(trace.outputs)]]
    if not all(in_place(array, theta) for array in outputs) or g.dtype != theta.dtype:
        return plain(*arguments)
    if not apart(trace, arguments):
        return plain(*arguments)
    columns = theta.shape[-1]
    rows = theta.size // columns
    wide: list[Any] = [
        value
        if type(value) is float
        else value.reshape(rows, columns)
        if value.shape == theta.shape
        else np.broadcast_to(value, theta.shape).reshape(rows, columns)
        for value in arguments
    ]
    width = min(columns, BLOCK)
    height = max(1, BLOCK // width)
    scratch = [np.empty((height, width), theta.dtype) for _ in range(buffers)]
    for top in range(0, rows, height):
        for left in range(0, columns, width):
            here = (slice(top, top + height), slice(left, left + width))
            parts: list[Any] = [value if type(value) is float else value[here] for value in wide]
            shape = parts[0].shape
            block(*parts, *[buffer[: shape[0], : shape[1]] for buffer in scratch])
    return outputs[0] if trace.single else tuple(outputs)


def apart(trace: Trace, arguments: tuple[Any, ...]) -> bool:
    """Whether the arrays that are written share no memory with each other or with the others.

    A gradient may be a view of θ (the gradient of ½θ² is θ) and must not change. A state may be θ
    itself before the first step.
    """
    outputs = [arguments[0], *arguments[2 : 1 + len(trace.outputs)]]
    coefficients = [c for c in arguments[1 + len(outputs) :] if type(c) is not float]
    pairs = [
        *itertools.product([arguments[1], *coefficients], outputs),
        *itertools.combinations(outputs, 2),
    ]
    return not any(np.may_share_memory(value, array) for value, array in pairs)


def in_place(array: Any, theta: Any) -> bool:
    """Whether θ or a state can be overwritten with results of θ's shape and precision."""
    if not isinstance(array, np.ndarray):
        return False
    same = array.shape == theta.shape and array.dtype == theta.dtype
    return same and array.flags.carray


def _compile_block(trace: Trace) -> tuple[Callable[..., None], int]:
    """Print the rule over one block; return it with the number of scratch buffers that it needs."""
    own = dict(zip((trace.arguments[0], *trace.state), trace.outputs, strict=True))
    final = {position: name for name, position in own.items()}
    # θ and state may be written after the last operation that reads their old values.
    read_until = {name: trace.last_use(trace.arguments.index(name)) for name in own}
    names: list[str] = []
    lines: list[str] = []
    held: dict[str, int] = {}
    free: list[str] = []
    buffers = 0
    for position, node in enumerate(trace.nodes):
        if node.operation in ("argument", "literal"):
            names.append(str(node.value))
            continue
        operands = [names[i] for i in node.operands]
        if node.operation in COMPARISONS:
            names.append(f"c{position}_")
            lines.append(f"    c{position}_ = xp_{node.operation}({', '.join(operands)})")
            continue
        # An operation may overwrite an operand if no later operation reads it. `where` may not,
        # because it is printed as two copies.
        dead = [n for n, p in held.items() if trace.last_use(p) <= position]
        dead = [n for n in dead if node.operation != "where" or n not in operands]
        free += dead
        held = {name: p for name, p in held.items() if name not in dead}
        target = final.get(position)
        direct = target is not None and read_until[target] <= position
        if direct and target is not None and (node.operation != "where" or target not in operands):
            destination = target
        elif free:
            destination = free.pop()
        else:
            destination = f"b{buffers}_"
            buffers += 1
        names.append(destination)
        if destination not in own and position not in final:
            held[destination] = position
        if node.operation == "where":
            condition, chosen, other = operands
            lines.append(f"    xp_copyto({destination}, {other})")
            lines.append(f"    xp_copyto({destination}, {chosen}, where={condition})")
        else:
            lines.append(f"    xp_{node.operation}({', '.join([*operands, f'out={destination}'])})")
    lines += [
        f"    xp_copyto({name}, {names[position]})"
        for name, position in own.items()
        if names[position] != name
    ]
    arguments = [*trace.arguments, *[f"b{i}_" for i in range(buffers)]]
    lines = [f"def {trace.name}({', '.join(arguments)}):", *lines, "    return None"]
    functions = {f"xp_{name}": getattr(np, name) for name in _UFUNCS}
    return compile_source(trace, lines, np, **functions), buffers


def _moves_arguments(trace: Trace) -> bool:
    """Whether an output is another argument unchanged; a block could overwrite that one first."""
    own = zip((trace.arguments[0], *trace.state), trace.outputs, strict=True)
    return any(
        trace.nodes[p].operation == "argument" and trace.nodes[p].value != name for name, p in own
    )


_UFUNCS = (
    "add",
    "subtract",
    "multiply",
    "divide",
    "negative",
    "copyto",
    *COMPARISONS,
)
