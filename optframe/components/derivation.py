"""Works out the answers of a `FunctionProblem` that follow from those that it was given.

Every function here takes the problem and the arguments of the word that it answers. The problem's
other words are asked by their names, so that they are guarded if the problem is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts import Array, Function
from optframe.contracts.products import unit

__all__ = ["RULES", "Derived", "Quadratic", "Rule", "half_square", "on_device", "on_host"]


class Derived(partial[Any]):
    """A function of a problem that answers a word which it was not given.

    ``how`` says from what. ``given`` is what the word's field holds in place of a function, such as
    ``"differences"``. ``asks`` is the price: for each word that is asked, a and b of a + b·P times.
    Without it the price is the usual one.
    """

    how: str = ""
    given: Any = None
    asks: Mapping[str, tuple[int, int]] = {}

    @classmethod
    def of(
        cls,
        problem: Any,
        answer: Callable[..., Any],
        how: str,
        given: Any = None,
        asks: Mapping[str, tuple[int, int]] | None = None,
    ) -> Derived:
        """Return the answer for a problem."""
        made = cls(answer, problem)
        made.how, made.given, made.asks = how, given, asks or {}
        return made

    def __repr__(self) -> str:
        return f"<{self.how}>" if self.given is None else repr(self.given)


@dataclass(frozen=True)
class Rule:
    """A word that follows from others, unless it or one of ``unless`` is given."""

    word: str
    sources: tuple[str, ...]
    answer: Callable[..., Any]
    asks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    quadratic: bool = False
    """Whether it holds for quadratics alone."""
    unless: tuple[str, ...] = ()

    def applies(self, known: Collection[str], given: Collection[str], quadratic: bool) -> bool:
        """Return whether the word is not known yet and follows from those that are."""
        return (
            self.word not in known
            and all(source in known for source in self.sources)
            and not any(word in given for word in self.unless)
            and quadratic >= self.quadratic
        )

    def of(self, problem: Any) -> Derived:
        """Return the answer for a problem."""
        return Derived.of(
            problem, self.answer, f"from {' and '.join(self.sources)}", asks=self.asks
        )


def half_square(problem: Any, theta: Array) -> Array:
    """Return ½‖r(θ)‖²; of complex residuals the sum of squares, not of moduli."""
    residuals = problem.residuals(theta)
    return problem.xp.sum(residuals * residuals) / 2


def _half_square_and_pull(problem: Any, theta: Array) -> tuple[Array, Array]:
    """Return ½‖r‖² and Jᵀr."""
    xp, residuals = problem.xp, problem.residuals(theta)
    gradient = xp.matmul(residuals, problem.jacobian(theta))
    return xp.sum(residuals * residuals) / 2, gradient


def _loss_of_pair(problem: Any, theta: Array) -> Array:
    return problem.loss_and_gradient(theta)[0]


def _gradient_of_pair(problem: Any, theta: Array) -> Array:
    gradient: Array = problem.loss_and_gradient(theta)[1]
    return gradient


def _mean(problem: Any, theta: Array) -> Array:
    return problem.xp.mean(problem.per_sample(theta), axis=0)


def _entries(problem: Any, theta: Array) -> Array:
    xp, size = problem.xp, problem.size
    return xp.stack([xp.asarray(problem.partial(theta, i), dtype=theta.dtype) for i in range(size)])


def _entry(problem: Any, theta: Array, i: int) -> Array:
    return problem.gradient(theta)[i]


def _product(problem: Any, theta: Array, v: Array) -> Array:
    return problem.xp.matmul(problem.hessian(theta), v)


def _columns(problem: Any, theta: Array) -> Array:
    """Return the products with the unit vectors as a matrix, symmetric to the bit."""
    units = np.eye(problem.size, dtype=on_host(problem, theta).dtype)
    columns = [problem.hvp(theta, on_device(problem, row)) for row in units]
    matrix = problem.xp.stack(columns)
    return (matrix + problem.xp.matrix_transpose(matrix)) / 2


def _gram(problem: Any, theta: Array) -> Array:
    """Return JᵀJ, the Hessian of ½‖r‖² where r is affine."""
    jacobian = problem.jacobian(theta)
    return problem.xp.matmul(problem.xp.matrix_transpose(jacobian), jacobian)


def _constant_product(problem: Any, theta: Array, v: Array) -> Array:
    return problem.xp.matmul(problem.as_quadratic.hessian, v)


FAR = 1024.0
"""How far from 0 the gradients are that give Hv, relative to the start."""


def _difference(problem: Any, theta: Array, v: Array) -> Array:
    """Return Hv = (∇f(sv) − ∇f(−sv)) / 2s, which is exact for every s; s is a power of two.

    The constant part of ∇f is lost in rounding where sv is large.
    """
    top = unit(v, problem.xp)
    reach = FAR * problem.as_quadratic.reach
    far = v / top * reach
    above, below = problem.gradient(far), problem.gradient(-far)
    return (above - below) * (top / (2 * reach))


def _row(problem: Any, theta: Array, i: int) -> Array:
    """Return ∂f/∂θᵢ = ∇f(a)ᵢ + Hᵢ·(θ − a)."""
    known = problem.as_quadratic
    return known.slope[i] + problem.xp.sum(known.hessian[i, :] * (theta - known.anchor))


def _coordinate_minimum(problem: Any, theta: Array, i: int) -> Array:
    """Return θᵢ − ∂ᵢf / Hᵢᵢ; θᵢ where f does not depend on it; ∓inf where f falls without end."""
    xp, slope, curvature = problem.xp, problem.partial(theta, i), problem.as_quadratic.hessian[i, i]
    if not curvature <= 0:  # where it is NaN, so is the answer
        return theta[i] - slope / curvature
    if curvature == 0 and slope == 0:
        return theta[i] + 0
    return xp.where(slope > 0, xp.full_like(theta[i], -inf), xp.full_like(theta[i], inf))


ONCE, EACH = (1, 0), (0, 1)

RULES = (
    Rule("loss", ("residuals",), half_square, {"residuals": ONCE}),
    Rule(
        "loss_and_gradient",
        ("residuals", "jacobian"),
        _half_square_and_pull,
        {"residuals": ONCE, "jacobian": ONCE},
        unless=("gradient",),
    ),
    Rule("loss", ("loss_and_gradient",), _loss_of_pair, {"loss_and_gradient": ONCE}),
    Rule("gradient", ("loss_and_gradient",), _gradient_of_pair, {"loss_and_gradient": ONCE}),
    Rule("gradient", ("per_sample",), _mean, {"per_sample": ONCE}),
    Rule("gradient", ("partial",), _entries, {"partial": EACH}),
    # A gradient comes with its loss, except one that is made of losses: see `numerical_gradient`.
    Rule(
        "loss_and_gradient",
        ("loss", "gradient"),
        Function.loss_and_gradient,
        {"gradient": ONCE},
    ),
    Rule(
        "hessian",
        ("jacobian",),
        _gram,
        {"jacobian": ONCE},
        quadratic=True,
        unless=("gradient", "loss_and_gradient", "hvp"),
    ),
    Rule("hvp", ("hessian",), _constant_product, quadratic=True),
    Rule("hvp", ("gradient",), _difference, {"gradient": (2, 0)}, quadratic=True),
    Rule("hvp", ("hessian",), _product, {"hessian": ONCE}),
    Rule("hessian", ("hvp",), _columns, {"hvp": EACH}),
    Rule("partial", ("hessian", "gradient"), _row, quadratic=True),
    Rule("coordinate_minimum", ("partial", "hessian"), _coordinate_minimum, quadratic=True),
    Rule("partial", ("gradient",), _entry, {"gradient": ONCE}),
)
"""How words follow from others: the first that applies is taken, in this order.

Products with the Hessian of a quadratic, its partials and coordinate minima have the usual prices,
as those of our own quadratics: the Hessian is a constant of the problem. It is computed once, in
the rehearsal of a run's first step, and is charged to nobody.
"""


@dataclass(frozen=True)
class Quadratic:
    """What is constant in a quadratic problem, each computed once."""

    problem: Any

    @cached_property
    def anchor(self) -> Array:
        """A point a: the problem's start."""
        start = np.asarray(self.problem.start(np.random.default_rng(0)), float)
        return on_device(self.problem, start)

    @property
    def _copy(self) -> Array:
        return self.problem.xp.asarray(self.anchor, copy=True)

    @cached_property
    def reach(self) -> float:
        """A power of two that is about max(1, |aᵢ|)."""
        largest = float(np.abs(on_host(self.problem, self.anchor)).max())
        return float(2.0 ** np.ceil(np.log2(max(1.0, largest))))

    @cached_property
    def slope(self) -> Array:
        """∇f(a), shape (P,)."""
        return self.problem.gradient(self._copy)

    @cached_property
    def hessian(self) -> Array:
        """H, shape (P, P)."""
        return self.problem.hessian(self._copy)

    @cached_property
    def minimizer(self) -> NDArray[Any] | None:
        """θ* = a − H⁻¹∇f(a), with one step of refinement; None unless H is positive definite."""
        problem = self.problem
        hessian = np.asarray(on_host(problem, self.hessian), float)
        try:
            np.linalg.cholesky(hessian)
        except np.linalg.LinAlgError:
            return None
        theta = np.asarray(on_host(problem, self.anchor), float)
        for _ in range(2):
            slope = on_host(problem, problem.gradient(on_device(problem, theta)))
            theta = theta - np.linalg.solve(hessian, slope)
        return theta


def on_host(problem: Any, array: Array) -> NDArray[Any]:
    """Return an array of the problem's backend as an array of NumPy."""
    setting = problem.setting
    return np.asarray(array if setting is None else setting.backend.to_numpy(array))


def on_device(problem: Any, values: NDArray[Any], dtype: str | None = None) -> Array:
    """Return NumPy's values in a new array of the problem's backend, by default in its precision.

    Unbound problems keep the precision of the values.
    """
    setting = problem.setting
    if setting is None:
        return np.array(values, dtype)
    return setting.backend.asarray(values, dtype or setting.dtype)
