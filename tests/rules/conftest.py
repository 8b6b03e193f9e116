"""Random update rules: straight-line programs of everything that a rule may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from optframe import maximum, minimum, sign, sqrt, where
from optframe.rules import Trace

INFIX = ("+", "-", "*", "/")
COMPARE = ("<", "<=", ">", ">=")
LITERALS = ("0.5", "-1.75", "0.1", "0.0", "3", "1e-3")
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, np.nan, np.inf, -np.inf, 1e-30, 3e38)


@dataclass(frozen=True)
class Program:
    """An update rule as text, how many states and coefficients it takes."""

    source: str
    states: int
    coefficients: int

    def function(self, **names: Any) -> Callable[..., Any]:
        """Return it as a Python function, with these meanings of ``sqrt``, ``where``, ..."""
        scope = dict(names)
        exec(self.source, scope)
        return scope["rule"]

    @property
    def trace(self) -> Trace:
        """Trace it, as ``@elementwise`` would."""
        return Trace(
            self.function(sqrt=sqrt, sign=sign, maximum=maximum, minimum=minimum, where=where)
        )

    def plain(self, dtype: Any) -> Callable[..., Any]:
        """Return it as plain NumPy expressions, operation by operation, on arrays of this type."""

        def choose(condition: Any, a: Any, b: Any) -> Any:
            return np.where(condition, np.asarray(a, dtype), np.asarray(b, dtype))

        return self.function(
            sqrt=np.sqrt, sign=np.sign, maximum=np.maximum, minimum=np.minimum, where=choose
        )


@st.composite
def draw_program(draw: Any, extremes: bool = True) -> Program:
    """Draw a program; without ``extremes``, one that has no maximum and no minimum."""
    states = draw(st.integers(0, 3))
    coefficients = draw(st.integers(0, 3))
    arrays = ["theta", "g", *[f"s{i}" for i in range(states)]]
    numbers = [*LITERALS, *[f"c{i}" for i in range(coefficients)]]
    arguments = [*arrays, *[f"c{i}" for i in range(coefficients)]]
    binary = [*INFIX, *(("maximum", "minimum") if extremes else ())]

    def any_value() -> str:
        return draw(st.sampled_from([*arrays, *numbers]))

    def pair() -> list[str]:
        """Two operands, one of them at least an array, in either order."""
        return draw(st.permutations([draw(st.sampled_from(arrays)), any_value()]))

    lines = []
    length = draw(st.sampled_from([0, 1, 2, 3, 4, 6, 8, 10, 14]))
    for number in range(length):
        kind = draw(st.sampled_from([*binary, "-x", "abs", "sqrt", "sign", "where", "where"]))
        if kind in INFIX:
            expression = f" {kind} ".join(pair())
        elif kind in ("maximum", "minimum"):
            expression = f"{kind}({', '.join(pair())})"
        elif kind == "where":
            condition = f" {draw(st.sampled_from(COMPARE))} ".join(pair())
            expression = f"where({condition}, {any_value()}, {any_value()})"
        elif kind == "-x":
            expression = f"-{draw(st.sampled_from(arrays))}"
        else:
            expression = f"{kind}({draw(st.sampled_from(arrays))})"
        lines.append(f"x{number} = {expression}")
        arrays.append(f"x{number}")
    # Where an output is another argument as it is, nothing is computed in place: so, rarely.
    moves = length == 0 or draw(st.integers(0, 4)) == 0
    own = ["theta", *[f"s{i}" for i in range(states)]]
    computed = [f"x{i}" for i in range(length)]
    outputs = [
        draw(st.sampled_from(arrays if moves else [*computed, *computed, name])) for name in own
    ]
    lines.append(f"return {', '.join(outputs)}")
    source = "\n    ".join([f"def rule({', '.join(arguments)}):", *lines])
    return Program(source, states, coefficients)


def _draw_arrays(random: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Draw numbers of both signs, with some of the special ones among them."""
    array = random.standard_normal(shape).astype(dtype)
    special = np.array(SPECIAL, dtype)
    return np.where(random.random(shape) < 0.1, random.choice(special, shape), array)


@pytest.fixture(scope="session")
def draw_arrays() -> Callable[..., np.ndarray]:
    return _draw_arrays


@pytest.fixture(scope="session")
def program() -> type[Program]:
    return Program


@pytest.fixture(scope="session")
def programs() -> Callable[..., st.SearchStrategy[Program]]:
    """The strategy ``programs(extremes=True)``."""
    return draw_program


@pytest.fixture(scope="session")
def assert_same_bits() -> Callable[..., None]:
    """Compare arrays bit by bit; any NaN is as good as another."""

    def compare(found: Any, expected: Any) -> None:
        found, expected = np.asarray(found), np.asarray(expected)
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        bits = f"u{found.dtype.itemsize}"
        a, b = np.ascontiguousarray(found), np.ascontiguousarray(expected)
        differ = (a.view(bits) != b.view(bits)) & ~(np.isnan(a) & np.isnan(b))
        assert not differ.any(), f"{a[differ][:5]} != {b[differ][:5]}, {differ.sum()} of {a.size}"

    return compare
