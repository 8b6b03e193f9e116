"""SciPy's methods as solvers, against bare calls of SciPy."""

import warnings

import numpy as np
import pytest
from scipy import optimize
from scipy.optimize import _minimize

import optframe
from optframe.testing import check_optimizer
from optframe_plugins.scipy_solver.methods import METHODS, UNLIMITED, options_of

PATH = "scipy.optimize.minimize"
GRADIENT = [name for name, method in METHODS.items() if method.gradient]


def bare(found, name, theta0, **settings):
    """Call SciPy itself on the problem of a run; return its result and its iterates."""
    problem, method, iterates = found.problem, METHODS[name], []
    batch = (problem.draw(None, None),) if hasattr(problem, "draw") else ()

    def both(x):
        loss, gradient = problem.loss_and_gradient(x.copy(), *batch)
        return float(loss), np.array(gradient)

    hess = {
        "hvp": {"hessp": lambda x, v: np.array(problem.hvp(x.copy(), v.copy(), *batch))},
        "hessian": {"hess": lambda x: np.array(problem.hessian(x.copy(), *batch))},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = optimize.minimize(
            both if method.gradient else lambda x: float(problem.loss(x.copy(), *batch)),
            theta0,
            method=name,
            jac=True if method.gradient else None,
            callback=lambda xk, *_: iterates.append(np.array(xk)),
            **hess.get(method.hess, {}),
            **settings,
        )
    return result, iterates


def check_against_scipy(problem, name, **settings):
    found = optframe.minimize(
        problem,
        f"{PATH}:method={name},tol=1e-4",
        steps=2000,
        dtype="float64",
        iterates=True,
        sampler="full",
        **settings,
    )
    options = dict.fromkeys(METHODS[name].limits, UNLIMITED)
    alone, iterates = bare(found, name, found.iterates[0], tol=1e-4, options=options)
    np.testing.assert_array_equal(found.theta, alone.x)
    np.testing.assert_array_equal(found.iterates[1:], iterates)
    assert (found.status, found.reason) == ("stopped", alone.message)
    assert found.counts.losses == alone.nfev
    if METHODS[name].gradient:
        assert found.counts.gradients >= alone.get("njev", 0)
    else:
        assert found.counts.gradients == 0


def test_the_methods_are_those_of_scipy():
    assert {name.lower() for name in METHODS} == set(_minimize.MINIMIZE_METHODS)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("problem", ["rosenbrock", "quadratic:size=4"])
def test_a_method_takes_the_steps_of_a_bare_call_to_the_bit(problem, name):
    check_against_scipy(problem, name, start="random" if name == "COBYLA" else "standard")


@pytest.mark.parametrize("name", ["L-BFGS-B", "TNC", "trust-ncg"])
def test_a_method_takes_the_steps_of_a_bare_call_on_data(name):
    check_against_scipy("softmax:data=digits", name)


@pytest.mark.parametrize("name", METHODS)
def test_a_budget_of_steps_ends_at_an_iterate(name):
    found = optframe.minimize("rosenbrock", f"{PATH}:method={name}", steps=5, iterates=True)
    assert (found.status, found.reason) == ("finished", None)
    assert found.curve["step"].tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(found.theta, found.iterates[5])


@pytest.mark.parametrize("name", METHODS)
def test_a_budget_of_work_ends_inside_an_iteration(name):
    found = optframe.minimize("rosenbrock", f"{PATH}:method={name}", work=13, iterates=True)
    assert (found.status, found.reason) == ("finished", None)
    assert 13 - 1e-6 < found.counts.work < 15  # the last answer may cost more than is left
    if name in ("Powell", "CG", "TNC"):  # θ stays where the last iteration has ended
        np.testing.assert_array_equal(found.iterates[-1], found.iterates[-2])


@pytest.mark.parametrize("name", GRADIENT)
def test_a_budget_of_gradients_is_not_exceeded(name):
    found = optframe.minimize("rosenbrock", f"{PATH}:method={name}", gradients=11)
    assert (found.status, found.counts.gradients) == ("finished", 11)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_without_tolerances_reaches_the_minimum_in_float32(name):
    end = {"steps": 3000, "work": 300 if name == "COBYLA" else 2000, "target": 1e-4}
    found = optframe.minimize("rosenbrock", f"{PATH}:method={name}", dtype="float32", **end)
    assert found.theta.dtype == np.float32
    if name == "COBYLA":  # a linear model of the loss is slow in a curved valley
        assert found.loss < 4
    else:
        assert (found.status, found.loss < 1e-4) == ("converged", True)


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"Nelder-Mead"}))  # its simplex stays
def test_a_method_without_tolerances_ends_at_rounding(name):
    problem = optframe.FunctionProblem(  # whose losses near 0 are lost beside 1
        loss=lambda x: 1 + float(x @ x),
        gradient=lambda x: 2 * x,
        theta0=[3.0, 1.0],
        hessian=lambda x: 2 * np.eye(2),
        quadratic=True,
    )
    found = optframe.minimize(problem, f"{PATH}:method={name}", steps=10_000, dtype="float64")
    assert found.status == "stopped", found.reason
    assert found.loss - 1 < 1e-9


def test_the_oracle_sees_points_that_nobody_writes_to():
    seen = []

    def loss(x):
        seen.append((x, x.copy()))
        return float(x @ x)

    def gradient(x):
        seen.append((x, x.copy()))
        return 2 * x

    problem = optframe.FunctionProblem(loss=loss, gradient=gradient, theta0=[3.0, 1.0])
    optframe.minimize(problem, f"{PATH}:method=L-BFGS-B", steps=9)
    assert len(seen) > 3
    assert all(np.array_equal(x, kept) for x, kept in seen)


@pytest.mark.parametrize(
    ("parameters", "counts"),
    [
        ("method=BFGS,jac=2-point", {"gradients": 0}),
        ("method=Newton-CG,hess=hessian", {"hvps": 0}),
        ("method=trust-constr,hess=hvp", {"hessians": 0}),
        ("method=trust-ncg,hess=SR1", {"hessians": 0, "hvps": 0}),
        ("method=Newton-CG,hess=3-point", {"hessians": 0, "hvps": 0}),
    ],
)
def test_derivatives_may_be_approximated_by_scipy(parameters, counts):
    settings = {"steps": 500, "target": 1e-8, "dtype": "float64"}
    found = optframe.minimize("rosenbrock", f"{PATH}:{parameters}", **settings)
    assert found.status == "converged"
    assert {name: getattr(found.counts, name) for name in counts} == counts


def test_what_a_method_needs_and_the_problem_lacks_is_said():
    problem = optframe.FunctionProblem(
        loss=lambda x: float(x @ x), gradient=lambda x: 2 * x, theta0=[1.0, 2.0]
    )
    with pytest.raises(optframe.UsageError, match="needs hvp, which"):
        optframe.minimize(problem, f"{PATH}:method=trust-ncg", steps=3)
    with pytest.raises(optframe.UsageError, match="needs hessian, which"):
        optframe.minimize(problem, f"{PATH}:method=dogleg", steps=3)
    with pytest.raises(optframe.UsageError, match="needs deterministic, which softmax"):
        optframe.minimize("softmax:data=digits", f"{PATH}:method=Powell", steps=3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("method=LBFGSB", "unknown method 'LBFGSB'; did you mean 'L-BFGS-B'?"),
        ("method=nelder-mead", "unknown method 'nelder-mead'; did you mean 'Nelder-Mead'?"),
        ("method=BFGS,gtoll=1", "unknown parameter 'gtoll'; did you mean 'gtol'?"),
        ("method=L-BFGS-B,xatol=1", "L-BFGS-B has no option 'xatol'; did you mean 'gtol'?"),
        ("method=L-BFGS-B,maxcor=2.5", "maxcor: expected a whole number, found 2.5"),
        ("method=BFGS,c1=2", "BFGS: 'c1' and 'c2' do not satisfy"),
        ("method=BFGS,tol=-1", "tol: expected a number ≥ 0, found -1"),
        ("method=BFGS,jac=4-point", "jac: expected one of 'exact', '2-point', '3-point'"),
        ("method=COBYLA,jac=2-point", "COBYLA uses no gradients; leave out jac"),
        ("method=dogleg,jac=2-point", "dogleg approximates no gradients; leave out jac"),
        ("method=BFGS,hess=hvp", "BFGS uses no Hessian; leave out hess"),
        ("method=dogleg,hess=hvp", "dogleg takes the Hessian alone; use hess=hessian"),
        (
            "method=trust-constr,jac=2-point,hess=2-point",
            "jac and hess cannot both be differences",
        ),
    ],
)
def test_wrong_parameters_are_told_in_one_line(parameters, message):
    with pytest.raises(optframe.UsageError) as refused:
        optframe.make(f"{PATH}:{parameters}")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_method_that_the_installed_scipy_lacks_is_told(monkeypatch):
    monkeypatch.delattr(_minimize, "_minimize_cobyqa")
    options_of.cache_clear()
    with pytest.raises(optframe.UsageError, match="the installed SciPy has no method COBYQA"):
        optframe.make(PATH, method="COBYQA")
    monkeypatch.undo()
    options_of.cache_clear()
    assert optframe.make(PATH, method="COBYQA")


@pytest.mark.parametrize("name", METHODS)
def test_the_options_of_a_method_are_passed_on(name):
    known = options_of(name)
    assert known
    assert not {"disp", "callback", "x0", "bounds"} & known.keys()
    limit = METHODS[name].limits[0]
    assert limit in known
    steps = {"steps": 500, "dtype": "float64"}
    few, many = (
        optframe.minimize("rosenbrock", f"{PATH}:method={name},{limit}={number}", **steps)
        for number in (9, 18)
    )
    assert few.counts.losses < many.counts.losses
    assert few.status == many.status == "stopped"


@pytest.mark.parametrize("name", ["CG", "Powell", "trust-exact", "trust-krylov"])
def test_a_method_passes_the_checks_of_solvers(name):
    outcomes = check_optimizer(optframe.make(PATH, method=name)).run()
    assert len(outcomes) > 6
    beside = {(one.check, one.status) for one in outcomes if one.status != "passed"}
    assert beside == {("spaces-fit-their-fields", "not applicable")}  # it declares none
