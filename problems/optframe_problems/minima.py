"""The minima of all registered functions, computed anew: ``python -m optframe_problems.minima``.

It prints a Markdown table. Newton's method descends from the registered minimizer, and from the
start, in extended precision (80 bits where the machine has them): the gradient and the loss are
those of the problem, evaluated at θ in that precision. So minima that are registered in float64 are
compared with more digits than they have. Where the start leads to another value than the minimum,
the last column has it: other descent methods may end there, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe import Function, load_plugins

__all__ = ["LITERATURE", "Row", "descend", "problems", "row", "table"]

MGH = "Moré, Garbow and Hillstrom (1981)"
SURVEY = "Jamil and Yang (2013)"
SIZES = {"engval1": (2, 10, 50, 100, 1000), "penalty-i": (4, 10), "rosenbrock-chained": (4, 10)}
"""Where more sizes than the usual one have a published value."""

LITERATURE: dict[tuple[str, int], tuple[str, str]] = {
    ("bard", 3): ("8.21487e-3", MGH),
    ("branin", 2): ("0.3978873", SURVEY),
    ("brown-dennis", 4): ("85822.2", MGH),
    ("engval1", 10): ("9.177469957", "Gratton and Toint's collection OPM"),
    ("gaussian", 3): ("1.12793e-8", MGH),
    ("jennrich-sampson", 2): ("124.362", MGH),
    ("kowalik-osborne", 4): ("3.07505e-4", MGH),
    ("penalty-i", 4): ("2.24997e-5", MGH),
    ("penalty-i", 10): ("7.08765e-5", MGH),
    ("six-hump-camel", 2): ("-1.0316", SURVEY),
}
"""The published minimum by name and size, where it is not a whole number."""


@dataclass(frozen=True)
class Row:
    """What is known about one function."""

    name: str
    size: int
    at_start: float
    registered: float
    recomputed: float
    from_start: float

    @property
    def published(self) -> str:
        """The literature's value, or None."""
        return LITERATURE.get((self.name, self.size), ("", ""))[0]

    @property
    def differs(self) -> bool:
        """Whether the literature's value is more than one unit of its last digit away."""
        if not self.published:
            return False
        digits, _, exponent = self.published.partition("e")
        unit = 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))
        return abs(float(self.published) - self.recomputed) > 1.01 * unit


def problems() -> Iterator[tuple[str, Function]]:
    """Yield each registered function whose minimum is known, in each of its sizes."""
    registry = load_plugins()
    for name in registry.names("problems"):
        component = registry.load("problems", name)
        if issubclass(component, Function):
            sizes = SIZES.get(name)
            made = [component(size=size) for size in sizes] if sizes else [component()]
            yield from ((name, problem) for problem in made if problem.minimum is not None)


def row(name: str, problem: Function) -> Row:
    """Compute what there is to know about one function."""
    start = np.asarray(problem.start(np.random.default_rng(0)), np.longdouble)
    at_start = float(problem.loss(start))
    from_start = problem.loss(descend(problem, start))
    recomputed = from_start
    if problem.minimizer is not None:
        minimizer = np.asarray(problem.minimizer, np.longdouble)
        recomputed = problem.loss(descend(problem, minimizer))
    registered = problem.minimum
    assert registered is not None
    return Row(name, problem.size, at_start, registered, float(recomputed), float(from_start))


def descend(problem: Any, theta: np.ndarray, steps: int = 2000) -> np.ndarray:
    """Return the point where damped steps of Newton's method do not decrease the loss any more.

    A step solves ``(∇²f + αI) d = −∇f`` in float64, which costs the result no digits, since each
    step corrects the error of the last. α is raised until the loss decreases, then lowered. The
    last steps may leave the loss as it is if they make the gradient smaller.
    """
    loss, gradient = problem.loss(theta), problem.gradient(theta)
    damping = 0.0
    for _ in range(steps):
        hessian = np.asarray(problem.hessian(theta), np.float64)
        scale = float(abs(hessian).max()) or 1.0
        while damping < 1e12:
            step = _step(hessian + damping * scale * np.eye(theta.size), gradient)
            following = theta + step
            reached, slope = problem.loss(following), problem.gradient(following)
            flatter = abs(slope).max() < abs(gradient).max()
            if reached <= loss + 0.1 * (gradient @ step) and (reached < loss or flatter):
                break
            damping = max(10 * damping, 1e-16)
        else:
            return theta
        theta, loss, gradient = following, reached, slope
        damping = damping / 100 if damping > 1e-14 else 0.0
    return theta


def _step(matrix: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return −A⁻¹g, or 0 where A is not positive definite."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return np.zeros_like(gradient)
    size = abs(gradient).max() or 1  # so that a tiny gradient does not vanish in float64
    direction: np.ndarray = size * np.linalg.solve(matrix, np.float64(-gradient / size))
    return direction


def table(rows: list[Row]) -> str:
    """Write the rows in Markdown, with a line for each published value that differs."""
    lines = [
        "| function | P | f(θ₀) | f*, registered | f*, recomputed | published | from θ₀ |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry in rows:
        elsewhere = not np.isclose(entry.from_start, entry.recomputed, rtol=1e-6, atol=1e-12)
        cells = (
            entry.name,
            str(entry.size),
            f"{entry.at_start:.10g}",
            repr(entry.registered),
            f"{entry.recomputed:.17g}"
            if abs(entry.recomputed) > 1e-20
            else f"{entry.recomputed:.0e}",
            entry.published,
            f"{entry.from_start:.6g}" if elsewhere else "",
        )
        lines.append("| " + " | ".join(cells) + " |")
    for entry in rows:
        if entry.differs:
            source = LITERATURE[entry.name, entry.size][1]
            lines.append(f"\n{entry.name}, P = {entry.size}: {source} has {entry.published}.")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table([row(name, problem) for name, problem in problems()]))
