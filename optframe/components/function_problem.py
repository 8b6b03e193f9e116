"""`FunctionProblem`: a problem that is made of Python functions, for use in a script."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, InitVar, dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any, ClassVar, Self

import numpy as np

from optframe.components.answers import guard
from optframe.components.contradictions import refuse_contradictions
from optframe.components.derivation import RULES, Derived, Quadratic, on_device
from optframe.components.function_arguments import (
    WORDS,
    check_functions,
    check_start,
    check_values,
    refuse_missing,
)
from optframe.components.numerical_gradient import ASKS, METHODS
from optframe.contracts import Array, Function, Layout, Setting
from optframe.contracts.oracle import price
from optframe.errors import UsageError

__all__ = ["FunctionProblem"]

LARGEST = 1000
"""The most parameters of a quadratic whose minimum is computed: a Hessian is factored for it."""

INHERITED = (Function.loss_and_gradient, Function.metrics)
"""Methods that serve where nothing else was given: a call of a method takes less time."""

Answer = Callable[..., Any] | None


@dataclass(frozen=True)
class FunctionProblem(Function):
    """A problem that is defined by Python functions.

    A loss, a gradient and a start are enough. Every other word is optional. A word that was not
    given is derived if it follows from those that were; a word that was given is never replaced.
    Optimizers that need a word which the problem does not have are skipped, with that reason.

    Functions get copies of θ, shape (P,), and their answers are checked and copied: they may keep
    and change both. Arrays have θ's precision. A loss is a real number.

    Parameters
    ----------
    loss, gradient, loss_and_gradient
        f(θ), ∇f(θ) (P,), or both as a pair. ``gradient="complex-step"`` and
        ``gradient="differences"`` approximate ∇f by P losses at complex θ, or by 2P losses::

            ∂f/∂θᵢ ≈ im f(θ + i·h·eᵢ) / h,                  h ≈ 1e-20·min(1, |θᵢ|)
            ∂f/∂θᵢ ≈ (f(θ + h·eᵢ) − f(θ − h·eᵢ)) / 2h,      h = ε^⅓·max(1, |θᵢ|)

        The first has errors of rounding only, but needs a loss that accepts complex numbers and is
        analytic: without abs, float(), norms, conjugates. The second has a relative error of about
        ε^⅔: 4e-11, in single precision 2e-5. The problem's label shows which one is used.
    theta0
        The start, real numbers; P is how many they are.
    hessian, hvp
        ∇²f(θ), shape (P, P), and ``hvp(theta, v)``, ∇²f(θ)·v, shape (P,). Each follows from the
        other.
    minimum, minimizer
        f* and θ*, shape (P,). f* follows from θ*.
    partial, coordinate_minimum
        ``partial(theta, i)``, ∂f/∂θᵢ, which follows from the gradient at its price, and
        ``coordinate_minimum(theta, i)``, the θᵢ that minimizes f with the others held.
    residuals, jacobian
        r(θ), shape (m,), and J = ∂r/∂θ, shape (m, P). From them follow f = ½‖r‖² and ∇f = Jᵀr. A
        problem with another factor than ½ needs a loss and a gradient of its own.
    per_sample
        The gradients of the terms of which f is the mean, shape (B, P). The gradient is their mean.
    prox, project
        ``prox(theta, t)`` and ``project(theta)``, shape (P,).
    quadratic
        Whether f is a quadratic. Then ``hessian``, ``hvp``, ``partial`` and ``coordinate_minimum``
        follow from the gradient, exactly up to rounding, and differences are exact. f* and θ*
        follow from a positive definite Hessian that was given, or JᵀJ, if P ≤ 1000.
    metrics
        Functions of θ by name, which return a number. Checkpoints measure them beside the loss.
    start
        A function of a random generator that draws a start, in place of ``theta0``.
    layout
        The blocks of θ: a `Layout`, or a list of `Block`.
    known_minimum
        An older name of ``minimum``.

    Raises
    ------
    UsageError
        If the loss, the gradient or the start is missing, or an argument is wrong. When a run is
        planned: if loss, gradient, Hessian, residuals, minimum and ``quadratic=True`` contradict
        each other near the start, or the loss cannot be differentiated by complex steps.
    PluginError
        In a run, if a function returns another shape, precision or type.

    References
    ----------
    Squire, W., and Trapp, G. (1998), Using complex variables to estimate derivatives of real
    functions, SIAM Review 40, 110–112. Nocedal, J., and Wright, S. J. (2006), Numerical
    Optimization, section 8.1: central differences and their step.

    Examples
    --------
    >>> import numpy as np
    >>> import optframe
    >>> bowl = optframe.FunctionProblem(lambda x: x @ x / 2, lambda x: x, theta0=[4.0, -2.0])
    >>> optframe.minimize(bowl, "sgd:lr=0.5", steps=1).theta
    array([ 2., -1.])

    A line through three points by least squares. It is a quadratic, so that all else follows:

    >>> t, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])
    >>> line = optframe.FunctionProblem(
    ...     residuals=lambda x: x[0] + x[1] * t - y,
    ...     jacobian=lambda x: np.stack([np.ones(3), t], axis=1),
    ...     quadratic=True,
    ...     theta0=[0.0, 0.0],
    ... )
    >>> optframe.minimize(line, "newton", steps=5, target=1e-20).theta.round(9)
    array([1., 2.])

    Without a gradient, by name:

    >>> problem = optframe.FunctionProblem(
    ...     lambda x: np.sum(x**4), "complex-step", start=lambda random: random.normal(size=3)
    ... )
    >>> counts = optframe.minimize(problem, "sgd:lr=0.01", steps=10).counts
    >>> counts.gradients, counts.work  # a gradient takes three losses, of ⅓ gradients each
    (10, 10.0)
    """

    vectorized: ClassVar[bool] = False

    loss: Callable[[Array], Any] = None  # type: ignore[assignment]
    gradient: Answer | str = None  # type: ignore[assignment]
    theta0: Any = None
    hessian: Answer = None
    minimum: float | None = None
    _: KW_ONLY
    loss_and_gradient: Answer = field(default_factory=lambda: None)  # type: ignore[assignment]
    hvp: Answer = None
    partial: Answer = None
    coordinate_minimum: Answer = None
    residuals: Answer = None
    jacobian: Answer = None
    per_sample: Answer = None
    prox: Answer = None
    project: Answer = None
    minimizer: Any = None
    quadratic: bool = False  # type: ignore[misc]
    metrics: Mapping[str, Callable[[Array], Any]] | None = field(  # type: ignore[assignment]
        default_factory=lambda: None  # so that the class still has the method
    )
    start: Callable[[np.random.Generator], Any] = None  # type: ignore[assignment]
    layout: Layout | None = None  # type: ignore[assignment]
    known_minimum: InitVar[float | None] = None
    given: Mapping[str, Callable[..., Any]] = field(init=False, repr=False, compare=False)
    derived: Mapping[str, Derived] = field(init=False, repr=False, compare=False)

    def __post_init__(self, known_minimum: float | None) -> None:
        own = vars(self)
        for name, value in own.items():  # a copy of a problem derives its own
            if isinstance(value, Derived):
                own[name] = value.given
            elif getattr(value, "__func__", None) in INHERITED:
                own[name] = None
        own["theta0"] = copy.copy(self.theta0)  # the caller may change its own
        if known_minimum is not None and self.minimum is not None:
            raise UsageError("FunctionProblem: found minimum and known_minimum; expected minimum=")
        if known_minimum is not None:
            own["minimum"] = known_minimum
        check_functions(own)
        size = check_start(self.theta0, self.start)
        check_values(own, size, "minimum" if known_minimum is None else "known_minimum")
        own["given"] = {word: own[word] for word in WORDS if callable(own[word])}
        own["derived"] = self._derive()
        refuse_missing({*self.given, *self.derived})
        own.update(self.derived)
        for name, answer in self.derived.items():
            if answer.func in INHERITED:
                del own[name]

    def _derive(self) -> dict[str, Derived]:
        """Return a function for each word that follows from those that were given."""
        derived: dict[str, Derived] = {}
        how = self.gradient
        if isinstance(how, str):
            derived["gradient"] = Derived.of(self, METHODS[how], how, how, ASKS[how])
        named = {*self.given, *derived}
        for rule in RULES:
            if rule.applies({*named, *derived}, named, self.quadratic):
                derived[rule.word] = rule.of(self)
        if isinstance(how, str) and "loss_and_gradient" in derived:
            derived["loss_and_gradient"].asks = {"loss": (1, 0), "gradient": (1, 0)}
        if self.start is None:
            derived["start"] = Derived.of(self, FunctionProblem._standard, "from theta0")
        measured = Function.metrics if self.metrics is None else FunctionProblem._measured
        derived["metrics"] = Derived.of(self, measured, "from loss", self.metrics)
        layout = Function.layout if self.layout is None else FunctionProblem._laid_out
        derived["layout"] = Derived.of(self, layout, "one block", self.layout)
        return derived

    @cached_property
    def size(self) -> int:
        """P, the length of the start."""
        return int(np.size(self.start(np.random.default_rng(0))))

    @property
    def draws_start(self) -> bool:  # type: ignore[override]
        """Whether ``start`` was given, which may draw."""
        return "start" not in self.derived

    @property
    def from_residuals(self) -> bool:
        """Whether the gradient is Jᵀr."""
        pair = self.derived.get("loss_and_gradient")
        return pair is not None and "jacobian" in pair.asks

    @property
    def numerical(self) -> str | None:
        """How the gradient is approximated; None if it is not."""
        name: str | None = self.derived["gradient"].given if "gradient" in self.derived else None
        return name

    @property
    def shown(self) -> Mapping[str, str]:
        """How the gradient is approximated, if it is: the label says so in tables and figures."""
        return {} if self.numerical is None else {"gradient": self.numerical}

    @cached_property
    def as_quadratic(self) -> Quadratic:
        """What is constant in it, if it is a quadratic."""
        return Quadratic(self)

    def bind(self, setting: Setting) -> Self:
        """Return a copy that is bound, whose functions are guarded and do not contradict.

        The minimum of a quadratic, and the loss of a minimizer, are computed here.
        """
        bound = super().bind(setting)
        guard(bound)
        with contextlib.suppress(Exception), np.errstate(all="ignore"):  # the run will show it
            vars(bound).update(bound._least())
        refuse_contradictions(bound)
        return bound

    def _least(self) -> dict[str, Any]:
        """Return f* and θ*, as far as they follow."""
        minimizer, minimum = self.minimizer, self.minimum
        known = "hessian" in self.given or self.from_residuals
        if minimizer is None and self.quadratic and known and self.size <= LARGEST:
            minimizer = self.as_quadratic.minimizer
        if minimizer is not None and minimum is None:
            there = float(self.loss(on_device(self, np.asarray(minimizer, float))))
            minimum = there if isfinite(there) else None
        return {"minimizer": minimizer, "minimum": minimum}

    def work(self, word: str) -> float | None:
        """Return the price of the answers that an answer is made of; None if it was given."""
        asks = self.derived[word].asks if word in self.derived else {}
        costs = [(a + b * self.size) * price(self, source) for source, (a, b) in asks.items()]
        return sum(costs) if costs else None

    def _standard(self, random: np.random.Generator) -> Any:
        return np.array(self.theta0, dtype=float).reshape(-1)

    def _measured(self, theta: Array) -> Mapping[str, Any]:
        asarray, given = self.xp.asarray, self.derived["metrics"].given
        others = {name: measure(asarray(theta, copy=True)) for name, measure in given.items()}
        return {"loss": self.loss(theta), **others}

    def _laid_out(self) -> Layout:
        layout: Layout = self.derived["layout"].given
        return layout
