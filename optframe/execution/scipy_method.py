"""The way back: an optimizer of optframe as a ``method`` of ``scipy.optimize.minimize``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.components.binder import Binder
from optframe.components.loading import load_plugins
from optframe.contracts import Array, Dataset, Function, Optimizer, Setting
from optframe.contracts.oracle import offers
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Budget, Checkpoints
from optframe.errors import UsageError, nearest
from optframe.rules import computing_with
from optframe.trial.run import Run, Setup

__all__ = ["ScipyMethod"]

ARGUMENTS = {"gradient": "jac", "hessian": "hess", "hvp": "hessp"}
"""The arguments of ``scipy.optimize.minimize`` that give what an optimizer needs."""


@dataclass(frozen=True)
class ScipyMethod:
    """What ``scipy.optimize.minimize`` calls as its ``method``; see `optframe.scipy_method`."""

    optimizer: Optimizer
    name: str
    seed: int = 0

    def __call__(
        self,
        fun: Callable[..., Any],
        x0: Any,
        args: tuple[Any, ...] = (),
        *,
        jac: Any = None,
        hess: Any = None,
        hessp: Any = None,
        bounds: Any = None,
        constraints: Any = (),
        callback: Any = None,
        maxiter: int = 1000,
        gtol: float | None = None,
        tol: float | None = None,
        disp: bool = False,
        **unknown: Any,
    ) -> Any:
        """Minimize ``fun`` from ``x0``, and return an ``OptimizeResult``.

        Raises
        ------
        UsageError
            If there are bounds or constraints, an option is not known, or the optimizer needs what
            was not given.
        """
        self._check(bounds, constraints, maxiter, unknown)
        calls = _Calls(fun, args, jac, hess, hessp)
        objective = _Objective(calls, np.array(x0, np.float64))
        self._check_needs(objective)
        return _Minimization(self, objective, callback, tol if gtol is None else gtol).run(maxiter)

    def _check(self, bounds: Any, constraints: Any, maxiter: Any, unknown: Any) -> None:
        who = f"scipy_method({self.name!r})"
        if bounds is not None:
            raise UsageError(
                f"{who}: found bounds; optframe's optimizers take none, leave them out"
            )
        if constraints is not None and (not hasattr(constraints, "__len__") or len(constraints)):
            raise UsageError(
                f"{who}: found constraints; optframe's optimizers take none, leave them out"
            )
        if isinstance(maxiter, bool) or not isinstance(maxiter, (int, np.integer)) or maxiter < 1:
            raise UsageError(f"{who}: maxiter: expected a whole number ≥ 1, found {maxiter!r}")
        for option in unknown:
            hint = nearest(option, ("maxiter", "gtol", "disp"))
            raise UsageError(f"{who}: unknown option {option!r}; {hint}")

    def _check_needs(self, objective: _Objective) -> None:
        there = offers(objective, None)
        missing = sorted(self.optimizer.requires() - there)
        if missing:
            ways = [f"{ARGUMENTS[word]}=" for word in missing if word in ARGUMENTS]
            hint = f"; pass {' and '.join(ways)} to scipy.optimize.minimize" if ways else ""
            raise UsageError(
                f"scipy_method({self.name!r}): {type(self.optimizer).__name__} needs "
                f"{', '.join(missing)}, which was not given{hint}"
            )


class _Calls:
    """The functions that were passed to SciPy, and how often each was called."""

    def __init__(self, fun: Any, args: tuple[Any, ...], jac: Any, hess: Any, hessp: Any) -> None:
        self.args = args if isinstance(args, tuple) else (args,)
        self.functions = {"fun": fun, "jac": jac, "hess": hess, "hessp": hessp}
        self.numbers = dict.fromkeys(self.functions, 0)
        self._last: tuple[Array, Array] | None = None

    def ask(self, name: str, *points: Array) -> Any:
        self.numbers[name] += 1
        copies = [np.array(point) for point in points]  # the function may keep or overwrite it
        return self.functions[name](*copies, *self.args)

    def loss(self, x: Array) -> Any:
        return np.float64(np.asarray(self.ask("fun", x)).item())

    def gradient(self, x: Array) -> Array:
        """Return ∇f(x); the one at the last point is kept, since ``gtol`` asks for it, too."""
        if self._last is None or not np.array_equal(x, self._last[0]):
            found = np.array(self.ask("jac", x), np.float64).reshape(-1)
            self._last = np.array(x), found
        return self._last[1].copy()

    def hessian(self, x: Array) -> Array:
        return np.array(self.ask("hess", x), np.float64)

    def hvp(self, x: Array, p: Array) -> Array:
        if callable(self.functions["hessp"]):
            return np.array(self.ask("hessp", x, p), np.float64)
        return self.hessian(x) @ np.asarray(p)


@dataclass(frozen=True)
class _Objective(Function):
    """The function that SciPy is to minimize, as a problem."""

    calls: _Calls
    x0: Any

    def offers(self) -> frozenset[str]:
        there = {name for name, function in self.calls.functions.items() if callable(function)}
        words = {"loss"}
        if "jac" in there:
            words |= {"gradient", "loss_and_gradient", "partial"}
        if "hess" in there:
            words |= {"hessian", "hvp"}
        if "hessp" in there:
            words.add("hvp")
        return frozenset(words)

    @property
    def size(self) -> int:
        return int(self.x0.size)

    def start(self, random: np.random.Generator) -> Any:
        return self.x0

    def loss(self, theta: Array) -> Array:
        return self.calls.loss(theta)

    def gradient(self, theta: Array) -> Array:
        return self.calls.gradient(theta)

    def partial(self, theta: Array, i: int) -> Array:
        return self.calls.gradient(theta)[i]

    def hessian(self, theta: Array) -> Array:
        return self.calls.hessian(theta)

    def hvp(self, theta: Array, v: Array) -> Array:
        return self.calls.hvp(theta, v)


class _Minimization:
    """One call of the method."""

    def __init__(
        self, method: ScipyMethod, objective: _Objective, callback: Any, gtol: float | None
    ) -> None:
        self.method = method
        self.objective = objective
        self.callback = callback
        self.gtol = gtol
        self.status: int | None = None
        self.whole = callback is not None and set(inspect.signature(callback).parameters) == {
            "intermediate_result"
        }

    def run(self, maxiter: int) -> Any:
        """Do the steps, and return the result."""
        from scipy.optimize import OptimizeResult

        backend, seeds = Binder(load_plugins()).backend("numpy"), Seeds(self.method.seed, 0)
        sequence = seeds.sequence("instance")
        run = Run(
            Setup(
                problem=self.objective.bind(Setting(backend, "float64", sequence, _no_data)),
                backend=backend,
                optimizer=self.method.optimizer,
                sampler=None,
                budget=Budget(steps=int(maxiter)),
                checkpoints=Checkpoints(count=1),
                seeds=seeds,
                start=self.objective.x0,
                dtype="float64",
            )
        )
        with computing_with(backend):
            run.loop.begin()
            run.loop.advance(int(maxiter), self._watch)
        calls, x = self.objective.calls, self._solution(run.theta, run.state)
        messages = {
            0: "Optimization terminated successfully.",
            1: "Maximum number of iterations has been exceeded.",
            2: run.oracle.stopped,
            3: "NaN result encountered.",
            99: "`callback` raised `StopIteration`.",
        }
        status = self.status
        if status is None:
            status = 1 if run.oracle.stopped is None else 2
        result = OptimizeResult(x=x, fun=float(calls.loss(x)), nit=run.k)
        if callable(calls.functions["jac"]):
            result.jac = calls.gradient(x)
            if status == 2 and not result.jac.any():
                status = 0  # it stopped itself, since the gradient is zero
        numbers = calls.numbers
        counts = {"nfev": numbers["fun"], "njev": numbers["jac"]}
        counts["nhev"] = numbers["hess"] + numbers["hessp"]
        result.update(counts, status=status, success=status == 0, message=messages[status])
        return result

    def _solution(self, theta: Array, state: Any) -> Any:
        return np.array(self.method.optimizer.solution(theta, state))

    def _watch(self, k: int, theta: Array, state: Any) -> bool:
        """Call the callback after a step; return whether to end here."""
        x, calls = self._solution(theta, state), self.objective.calls
        if not np.isfinite(x).all():
            self.status = 3
        elif self.gtol is not None and np.abs(calls.gradient(x)).max() <= self.gtol:
            self.status = 0
        if self.callback is not None:
            self._call_back(x)
        return self.status is not None

    def _call_back(self, x: Any) -> None:
        from scipy.optimize import OptimizeResult

        try:
            if self.whole:
                fun = float(self.objective.calls.loss(x))
                self.callback(intermediate_result=OptimizeResult(x=x, fun=fun))
            else:
                self.callback(x)
        except StopIteration:
            self.status = 99


def _no_data(name: str) -> Dataset:
    raise LookupError(f"found the data set {name!r}; a function has none")
