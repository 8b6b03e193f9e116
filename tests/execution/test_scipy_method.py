"""Optimizers of optframe as methods of ``scipy.optimize.minimize``."""

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess, rosen_hess_prod

import optframe
from optframe_plugins.optimizers.adam import Adam

START = [-1.2, 1.0, 0.5]


def counted(function):
    def count(*arguments):
        count.calls += 1
        return function(*arguments)

    count.calls = 0
    return count


@pytest.mark.parametrize("name", ["adam:lr=0.1", "lbfgs", "sgd:lr=1e-3+polyak", "bfgs"])
def test_a_method_takes_the_steps_of_a_run_to_the_bit(name):
    problem = optframe.FunctionProblem(
        loss=lambda x: float(rosen(x)), gradient=rosen_der, theta0=START
    )
    run = optframe.minimize(problem, name, steps=20, dtype="float64", iterates=True)
    path = []
    found = minimize(
        rosen,
        START,
        jac=rosen_der,
        method=optframe.scipy_method(name),
        options={"maxiter": 20},
        callback=path.append,
    )
    np.testing.assert_array_equal(found.x, run.theta)
    assert found.fun == run.loss == rosen(found.x)
    np.testing.assert_array_equal(found.jac, rosen_der(found.x))
    assert (found.nit, len(path)) == (20, 20)
    np.testing.assert_array_equal(path[-1], found.x)
    assert (found.success, found.status) == (False, 1)
    assert found.message == "Maximum number of iterations has been exceeded."


@pytest.mark.parametrize("given", [{}, {"options": {"gtol": 1e-6}}])
def test_the_counts_are_the_calls(given):
    fun, jac = counted(rosen), counted(rosen_der)
    settings = {"options": {"maxiter": 200}} | given
    found = minimize(fun, START, jac=jac, method=optframe.scipy_method("lbfgs"), **settings)
    assert (found.nfev, found.njev) == (fun.calls, jac.calls)
    assert found.success or not given


@pytest.mark.parametrize("end", [{"tol": 1e-6}, {"options": {"gtol": 1e-6}}])
def test_it_ends_where_the_gradient_is_small(end):
    found = minimize(rosen, START, jac=rosen_der, method=optframe.scipy_method("bfgs"), **end)
    assert (found.success, found.message) == (True, "Optimization terminated successfully.")
    assert np.abs(rosen_der(found.x)).max() <= 1e-6
    np.testing.assert_allclose(found.x, 1, atol=1e-5)


def test_it_has_succeeded_where_it_stops_itself_at_a_zero_gradient():
    bowl, slope = lambda x: float(x @ x / 2), lambda x: x
    found = minimize(bowl, [3.0, -4.0], jac=slope, method=optframe.scipy_method("lbfgs"))
    assert (found.success, found.status, found.x.tolist()) == (True, 0, [0.0, 0.0])
    stuck = minimize(bowl, [3.0, 4.0], jac=lambda x: -x, method=optframe.scipy_method("lbfgs"))
    assert (stuck.success, stuck.status) == (False, 2)


def test_the_function_may_return_its_gradient_and_take_arguments():
    def both(x, scale, shift):
        return scale * float((x - shift) @ (x - shift)) / 2, scale * (x - shift)

    method = optframe.scipy_method("sgd:lr=0.25")
    found = minimize(
        both, [5.0, 7.0], args=(2.0, 1.0), jac=True, method=method, options={"maxiter": 3}
    )
    np.testing.assert_allclose(found.x, 1 + np.array([4, 6]) / 8)


@pytest.mark.parametrize("curvature", [{"hess": rosen_hess}, {"hessp": rosen_hess_prod}])
def test_hess_and_hessp_are_offered(curvature):
    calls = {name: counted(function) for name, function in curvature.items()}
    if "hess" in curvature:
        method = optframe.scipy_method("newton")
        found = minimize(rosen, [1.2, 1.0], jac=rosen_der, method=method, tol=1e-9, **calls)
        assert found.success
        assert found.nhev == calls["hess"].calls > 0
    else:
        method = optframe.scipy_method(optframe.make("newton"))
        with pytest.raises(optframe.UsageError, match=r"Newton needs hessian, .* pass hess= to"):
            minimize(rosen, [1.2, 1.0], jac=rosen_der, method=method, **calls)


def test_products_are_asked_of_hessp_or_of_the_hessian():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Products(optframe.Optimizer):
        needs = frozenset({"hvp"})
        vectorized = False

        def step(self, theta, state, oracle):
            return oracle.hvp(theta, theta), state

    method, x = optframe.scipy_method(Products()), np.array([0.1, 0.2])
    for given in ({"hess": rosen_hess}, {"hessp": rosen_hess_prod}):
        found = minimize(rosen, x, jac=rosen_der, method=method, options={"maxiter": 1}, **given)
        np.testing.assert_allclose(found.x, rosen_hess_prod(x, x), rtol=1e-12)
        assert found.nhev == 1


def test_a_callback_gets_what_it_asks_for_and_may_end_it():
    seen = []

    def callback(intermediate_result):
        seen.append((intermediate_result.fun, rosen(intermediate_result.x)))
        if len(seen) == 4:
            raise StopIteration

    method = optframe.scipy_method("adam:lr=0.01")
    found = minimize(rosen, START, jac=rosen_der, method=method, callback=callback)
    assert (found.nit, found.status, found.success) == (4, 99, False)
    assert found.message == "`callback` raised `StopIteration`."
    assert all(given == there for given, there in seen)


def test_a_step_to_what_is_no_number_ends_it():
    method = optframe.scipy_method("sgd:lr=1e200")
    with np.errstate(all="ignore"):
        found = minimize(rosen, START, jac=rosen_der, method=method)
    assert (found.success, found.message) == (False, "NaN result encountered.")
    assert found.nit < 5


def test_the_functions_may_write_to_what_they_get():
    def fun(x):
        value = rosen(x)
        x[:] = 99
        return value

    def jac(x):
        value = rosen_der(x)
        x[:] = 99
        return value

    method, options = optframe.scipy_method("adam:lr=0.1"), {"maxiter": 9}
    found = minimize(fun, START, jac=jac, method=method, options=options)
    clean = minimize(rosen, START, jac=rosen_der, method=method, options=options)
    np.testing.assert_array_equal(found.x, clean.x)


def test_a_method_can_be_pickled():
    method = optframe.scipy_method("adam:lr=0.1")
    assert pickle.loads(pickle.dumps(method)) == method
    assert method.optimizer == Adam(lr=0.1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bounds": [(0, 1)] * 3}, "scipy_method('adam'): found bounds; optframe's optimizers"),
        (
            {"constraints": {"type": "eq", "fun": np.sum}},
            "scipy_method('adam'): found constraints; optframe's optimizers take none",
        ),
        ({"options": {"maxitr": 9}}, "unknown option 'maxitr'; did you mean 'maxiter'?"),
        ({"options": {"maxiter": 0}}, "maxiter: expected a whole number ≥ 1, found 0"),
        ({"jac": None}, "Adam needs gradient, which was not given; pass jac= to scipy.optimize"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(given, message):
    with pytest.raises(optframe.UsageError) as refused:
        minimize(rosen, START, **{"jac": rosen_der, **given}, method=optframe.scipy_method("adam"))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("adm", "unknown component 'adm'; did you mean 'adam'?"),
        ("adam:rate=1", "unknown parameter 'rate'"),
        ("rosenbrock", "found 'rosenbrock'; expected an optimizer that does one step at a time"),
        ("scipy.optimize.minimize", "expected an optimizer that does one step at a time"),
    ],
)
def test_what_is_no_optimizer_is_refused(name, message):
    with pytest.raises(optframe.UsageError, match=message.replace("?", r"\?")):
        optframe.scipy_method(name)
