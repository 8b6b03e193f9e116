"""``scipy.optimize.minimize`` as a solver."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import numpy as np

from optframe import Array, NonNegative, Oracle, Solver
from optframe.errors import nearest
from optframe_plugins.scipy_solver.evaluations import Evaluations
from optframe_plugins.scipy_solver.methods import METHODS, UNLIMITED, options_of

__all__ = ["MinimizeBase", "with_options"]

REJECTED = 100
"""So many steps of a trust-region method, each a quarter as long as the one before, are none.

Without a tolerance SciPy goes on until the length is 0, and then with NaN.
"""

OF_X = frozenset({"TNC", "SLSQP", "COBYLA"})
"""The methods whose callback gets x. For others, SciPy would copy x once more."""

Hess = Literal["hvp", "hessian", "2-point", "3-point", "BFGS", "SR1"]


@dataclass(frozen=True, kw_only=True)
class MinimizeBase(Solver):
    """What a method of SciPy is called with.

    An iterate is what SciPy's callback gets. The run's budget ends the method: tolerances are 0,
    and numbers of iterations and evaluations are not limited, unless they are given. A trust-region
    method ends where 100 steps in a row were rejected.

    Parameters
    ----------
    method
        One of the 15 methods, spelled as in SciPy's documentation.
    tol
        SciPy's ``tol``, which sets the method's tolerances.
    jac
        ``"2-point"`` or ``"3-point"`` lets SciPy approximate gradients by differences of losses.
    hess
        What a method that uses the Hessian gets; by default products with the Hessian where the
        method takes them, and in ``trust-constr`` SciPy's BFGS approximation.

    Raises
    ------
    ValueError
        If the method does not exist, does not have an option, or refuses a value.
    """

    method: str = "BFGS"
    tol: NonNegative | None = None
    jac: Literal["exact", "2-point", "3-point"] = "exact"
    hess: Hess | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            hint = next((m for m in METHODS if m.lower() == self.method.lower()), None)
            raise ValueError(
                f"unknown method {self.method!r}; "
                + (f"did you mean {hint!r}?" if hint else nearest(self.method, METHODS))
            )
        method, known = METHODS[self.method], options_of(self.method)
        if not known:
            raise ValueError(f"the installed SciPy has no method {self.method}")
        for name in self.options:
            if name not in known:
                raise ValueError(f"{self.method} has no option {name!r}; {nearest(name, known)}")
        if self.jac != "exact" and not method.differences:
            used = "approximates no gradients" if method.gradient else "uses no gradients"
            raise ValueError(f"{self.method} {used}; leave out jac")
        if self.hess is not None and method.hess is None:
            raise ValueError(f"{self.method} uses no Hessian; leave out hess")
        if self.hess not in (None, "hessian") and not method.products:
            raise ValueError(f"{self.method} takes the Hessian alone; use hess=hessian")
        if self.jac != "exact" and self.hess in ("2-point", "3-point"):
            raise ValueError("jac and hess cannot both be differences")
        if self.options or self.tol is not None or self.hess is not None:
            _try(self)

    @property
    def options(self) -> dict[str, Any]:
        """The options that were given."""
        own = {field.name for field in dataclasses.fields(MinimizeBase)}
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {k: v for k, v in values.items() if k not in own and v is not None}

    @property
    def curvature(self) -> str | None:
        """What the method gets for ∇²f."""
        return self.hess or METHODS[self.method].hess

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """What it asks of the oracle; the loss must be the same in all iterations."""
        exact = METHODS[self.method].gradient and self.jac == "exact"
        words = {"deterministic", "loss", *(("gradient",) if exact else ())}
        return frozenset(words.union({"hvp", "hessian"} & {self.curvature}))

    def minimize(self, theta: Array, oracle: Oracle, report: Callable[[Array], bool]) -> Array:
        """Call SciPy; its message is the run's reason if it ends by itself."""
        asked = Evaluations(theta, oracle, report)
        last, same = asked.start, 0

        def iterate(x: Any, *_: Any) -> None:
            nonlocal last, same
            same = same + 1 if np.array_equal(x, last) else 0
            last = np.array(x)
            if same == REJECTED:
                oracle.stop(f"{REJECTED} steps in a row were rejected")
            asked.iterate(x)

        trust_region = METHODS[self.method].trust_region
        result = _call(self, asked.start, asked, iterate if trust_region else asked.iterate)
        oracle.stop(oracle.stopped or str(result.message))
        return asked.theta(result.x)


def _call(solver: MinimizeBase, start: Any, asked: Any, iterate: Any) -> Any:
    from scipy import optimize

    method, curvature = METHODS[solver.method], solver.curvature
    exact = method.gradient and solver.jac == "exact"
    options: dict[str, Any] = dict.fromkeys(method.limits, UNLIMITED)
    if solver.tol is None:
        options |= method.ends
    given: dict[str, Any] = {}
    if curvature == "hvp":
        given["hessp"] = asked.hvp
    elif curvature == "hessian":
        given["hess"] = asked.hessian
    elif curvature is not None:
        quasi_newton = getattr(optimize, curvature, None)  # "BFGS", "SR1"
        given["hess"] = curvature if quasi_newton is None else quasi_newton()

    def callback(intermediate_result: Any) -> None:  # by this name SciPy knows what to pass
        iterate(intermediate_result.x)

    with warnings.catch_warnings():
        # SciPy's remarks on rounding and on options are no news: its message is the run's reason.
        warnings.filterwarnings("ignore", module=r"scipy\.optimize")
        return optimize.minimize(
            asked.loss_and_gradient if exact else asked.loss,
            start,
            method=solver.method,
            jac=True if exact else (solver.jac if method.gradient else None),
            tol=solver.tol,
            callback=iterate if solver.method in OF_X else callback,
            options=options | solver.options,
            **given,
        )


class _Bowl:
    """½‖x‖² in two dimensions, on which the values of options are tried."""

    @staticmethod
    def loss(x: Any) -> float:
        return float(x @ x) / 2

    @staticmethod
    def loss_and_gradient(x: Any) -> tuple[float, Any]:
        return float(x @ x) / 2, x.copy()

    @staticmethod
    def hessian(x: Any) -> Any:
        return np.eye(2)

    @staticmethod
    def hvp(x: Any, p: Any) -> Any:
        return np.array(p)


def _try(solver: MinimizeBase) -> None:
    """Raise `ValueError` if SciPy refuses the values of the options."""

    def iterate(*_: Any) -> None:
        raise StopIteration

    try:
        _call(solver, np.array([1.0, 2.0]), _Bowl, iterate)
    except StopIteration:
        pass
    except Exception as error:
        raise ValueError(f"{solver.method}: {error}") from error


@cache
def with_options() -> type:
    """Return `MinimizeBase` with a field for each option of any method."""
    types = {name: kind for method in METHODS for name, kind in options_of(method).items()}
    own = {one.name for one in dataclasses.fields(MinimizeBase)}
    fields = [(k, kind | None, field(default=None)) for k, kind in types.items() if k not in own]
    return dataclasses.make_dataclass(
        "Minimize",
        fields,
        bases=(MinimizeBase,),
        namespace={"__doc__": MinimizeBase.__doc__, "__module__": __name__},
        frozen=True,
        kw_only=True,
    )


def __getattr__(name: str) -> Any:
    # The options are those of the installed SciPy, which is not imported with this module.
    if name == "Minimize":
        return with_options()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
