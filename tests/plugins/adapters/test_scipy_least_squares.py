"""SciPy's least_squares as a solver, against bare calls of SciPy."""

import numpy as np
import pytest
from scipy import optimize

import optframe

PATH = "scipy.optimize.least_squares"
METHODS = ("trf", "dogbox", "lm")


@pytest.mark.parametrize("problem", ["powell-singular", "bard", "rosenbrock-extended"])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_the_steps_of_a_bare_call_to_the_bit(problem, method):
    name = f"{PATH}:method={method},ftol=1e-6,xtol=1e-6,gtol=1e-6"
    found = optframe.minimize(problem, name, steps=500, dtype="float64", iterates=True)
    asked = []

    def jacobian(x):
        asked.append(x.copy())
        return found.problem.jacobian(x)

    alone = optimize.least_squares(
        found.problem.residuals,
        found.iterates[0],
        jacobian,
        method=method,
        ftol=1e-6,
        xtol=1e-6,
        gtol=1e-6,
    )
    np.testing.assert_array_equal(found.theta, alone.x)
    np.testing.assert_array_equal(found.iterates[1:], asked[1:])
    assert (found.status, found.reason) == ("stopped", alone.message)
    assert found.counts.work == pytest.approx(alone.nfev / 3 + alone.njev, abs=2)


@pytest.mark.parametrize("method", METHODS)
def test_it_ends_at_a_minimum_where_residuals_are_left(method):
    found = optframe.minimize("bard", f"{PATH}:method={method}", steps=100)
    assert found.status == "stopped"
    assert found.loss == pytest.approx(found.problem.minimum, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_budgets_and_float32(method):
    name = f"{PATH}:method={method}"
    found = optframe.minimize("kowalik-osborne", name, steps=3, dtype="float32", iterates=True)
    assert (found.status, found.iterates.shape) == ("finished", (4, 4))
    assert found.theta.dtype == np.float32
    found = optframe.minimize("kowalik-osborne", name, work=5)
    assert found.status == "finished"
    assert 5 - 1e-6 < found.counts.work < 6


def test_a_model_of_ones_own_with_residuals():
    t = np.linspace(0, 3, 20)
    y = 2 * np.exp(-t)
    problem = optframe.FunctionProblem(
        residuals=lambda x: x[0] * np.exp(-x[1] * t) - y,
        jacobian=lambda x: np.stack([np.exp(-x[1] * t), -x[0] * t * np.exp(-x[1] * t)], axis=1),
        theta0=[1.0, 0.3],
    )
    found = optframe.minimize(problem, f"{PATH}:method=lm", steps=50)
    np.testing.assert_allclose(found.theta, [2, 1], atol=1e-9)


def test_a_problem_without_residuals_is_told():
    with pytest.raises(optframe.UsageError, match="needs jacobian, residuals, which rosenbrock"):
        optframe.minimize("rosenbrock", PATH, steps=3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("method=gn", "method: expected one of 'trf', 'dogbox', 'lm', found 'gn'"),
        ("ftoll=1", "unknown parameter 'ftoll'; did you mean 'ftol'?"),
        ("method=lm,tr_solver=exact", "lm has no tr_solver; leave it out"),
        ("x_scale=-1.0", "x_scale: expected a number > 0 or 'jac', found -1.0"),
    ],
)
def test_wrong_parameters_are_told_in_one_line(parameters, message):
    with pytest.raises(optframe.UsageError) as refused:
        optframe.make(f"{PATH}:{parameters}")
    assert message in str(refused.value)
