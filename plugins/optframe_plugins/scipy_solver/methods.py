"""The methods of ``scipy.optimize.minimize``: what each uses, its options, and its tolerances."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["METHODS", "UNLIMITED", "Method", "options_of"]

UNLIMITED = 2**31 - 1
"""So many iterations and evaluations: as many as SciPy's compiled code can count."""

WHOLE = frozenset({"maxiter", "maxfev", "maxfun", "maxcor", "maxls", "maxCGit", "minfev"})
WHOLE |= {"subproblem_maxiter"}
"""The options that are whole numbers; SciPy's defaults do not show it."""

NOT_OURS = frozenset({"disp", "iprint", "verbose", "return_all", "workers", "mesg_num", "tol"})
NOT_OURS |= {"barrier_tol", "initial_barrier_parameter", "initial_barrier_tolerance"}
NOT_OURS |= {"initial_constr_penalty", "catol", "feasibility_tol"}
"""The options that print or collect, and those of constraints; ``tol`` is a field of its own."""


@dataclass(frozen=True)
class Method:
    """What a method uses, and the values of its options that let the run's budget end it.

    ``trust_region`` says whether it shortens its steps without end where rounding hides what they
    gain. ``hess`` is what it takes by default for ∇²f: an answer of the oracle (``"hvp"``,
    ``"hessian"``), a quasi-Newton approximation, or None if it uses none. ``products`` says whether
    it takes products with the Hessian, ``differences`` whether it can approximate gradients.
    """

    function: str
    ends: Mapping[str, float]
    limits: tuple[str, ...] = ("maxiter",)
    gradient: bool = True
    hess: str | None = None
    products: bool = False
    differences: bool = False
    trust_region: bool = False


EPS = float(np.finfo(float).eps)
"""The least radius of the trust regions of COBYLA, which refuses 0, and of COBYQA."""

VANISHED = 1e-150
"""A gradient whose square is 0: there, trust-region methods divide 0 by 0."""

TRUST_REGION: Mapping[str, float] = {"gtol": VANISHED}
GTOL: Mapping[str, float] = {"gtol": 0.0}
SEPARATE = ("maxiter", "maxfev")

METHODS: Mapping[str, Method] = {
    "Nelder-Mead": Method("neldermead", {"xatol": 0.0, "fatol": 0.0}, SEPARATE, gradient=False),
    # Powell's xtol is the precision of its line searches, too; only ftol ends it.
    "Powell": Method("powell", {"ftol": 0.0}, SEPARATE, gradient=False),
    "CG": Method("cg", GTOL, differences=True),
    "BFGS": Method("bfgs", GTOL, differences=True),
    "Newton-CG": Method("newtoncg", {"xtol": 0.0}, hess="hvp", products=True),
    "L-BFGS-B": Method(
        "lbfgsb", {"ftol": 0.0, "gtol": 0.0}, ("maxiter", "maxfun"), differences=True
    ),
    "TNC": Method("tnc", {"ftol": 0.0, "xtol": 0.0, "gtol": 0.0}, ("maxfun",), differences=True),
    "COBYLA": Method("cobyla", {"tol": EPS}, gradient=False),
    "COBYQA": Method("cobyqa", {"final_tr_radius": EPS}, SEPARATE, gradient=False),
    "SLSQP": Method("slsqp", {"ftol": 0.0}, differences=True),
    "trust-constr": Method(
        "trustregion_constr",
        {"xtol": 0.0, "gtol": VANISHED},
        hess="BFGS",
        products=True,
        differences=True,
        trust_region=True,
    ),
    "dogleg": Method("dogleg", TRUST_REGION, hess="hessian", trust_region=True),
    "trust-ncg": Method("trust_ncg", TRUST_REGION, hess="hvp", products=True, trust_region=True),
    "trust-exact": Method("trustregion_exact", TRUST_REGION, hess="hessian", trust_region=True),
    "trust-krylov": Method(
        "trust_krylov", TRUST_REGION, hess="hvp", products=True, trust_region=True
    ),
}


@lru_cache
def options_of(method: str) -> Mapping[str, Any]:
    """Return the types of a method's options that are numbers or yes and no, by name.

    They are the parameters of SciPy's function of this method, which ``show_options`` documents.
    """
    from scipy.optimize import _minimize, _trustregion

    own = getattr(_minimize, f"_minimize_{METHODS[method].function}", None)
    if own is None:  # an older SciPy does not have the method
        return {}
    parameters = dict(inspect.signature(own).parameters)
    if "trust_region_options" in parameters:
        general = inspect.signature(_trustregion._minimize_trust_region).parameters
        parameters = {**general, **parameters}
        if method != "trust-krylov":
            del parameters["inexact"]
    types = {name: _type(parameter) for name, parameter in parameters.items()}
    return {k: kind for k, kind in types.items() if kind is not None and k not in NOT_OURS}


def _type(parameter: inspect.Parameter) -> Any:
    if parameter.name in WHOLE:
        return int
    if isinstance(parameter.default, bool):
        return bool
    number = isinstance(parameter.default, (int, float))
    return float if number or parameter.name == "finite_diff_rel_step" else None
