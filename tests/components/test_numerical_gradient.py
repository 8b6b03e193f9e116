"""Gradients from losses are as accurate as promised, cost what they take, and are named."""

import numpy as np
import pytest
from scipy.optimize._numdiff import approx_derivative

import optframe
from optframe import FunctionProblem, PluginError, Study, UsageError


def wavy(x):
    """An analytic loss with all kinds of functions, of any number of parameters."""
    inner = np.sum(x[1:] * x[:-1]) + np.sum(np.exp(x / 4)) + np.sum(np.sin(x) / (1 + x * x))
    return inner + np.sqrt(1 + np.sum(x * x)) + np.log(3 + np.cos(x[0]))


def slope_of_wavy(x):
    g = np.exp(x / 4) / 4 + np.cos(x) / (1 + x * x) - 2 * x * np.sin(x) / (1 + x * x) ** 2
    g[1:] += x[:-1]
    g[:-1] += x[1:]
    g += x / np.sqrt(1 + np.sum(x * x))
    g[0] -= np.sin(x[0]) / (3 + np.cos(x[0]))
    return g


def gradient_by(how, loss, theta):
    return FunctionProblem(loss, how, theta0=theta).gradient(theta)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_complex_steps_have_errors_of_rounding_only(dtype, random):
    theta = random.uniform(-3, 3, 6).astype(dtype)
    found = gradient_by("complex-step", wavy, theta)
    assert found.dtype == dtype
    expected = slope_of_wavy(theta.astype(float))
    atol = 20 * np.finfo(dtype).eps * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("scale", [1e-80, 1e-30, 1e-8, 1.0, 1e8, 1e100])
def test_complex_steps_are_right_at_every_scale(scale, random):
    theta = scale * random.uniform(1, 2, 3)
    found = gradient_by("complex-step", lambda x: np.sum(x / (scale + x)), theta)
    expected = 1 / scale / (1 + theta / scale) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_complex_steps_are_short_where_theta_is_long():
    theta = np.array([1e15, 1e9, 0.0])
    found = gradient_by("complex-step", lambda x: np.sum(np.sin(x)), theta)
    np.testing.assert_allclose(found, np.cos(theta), rtol=1e-15)


def test_differences_lose_a_third_of_the_digits(random):
    theta = random.uniform(-3, 3, 6)
    found, expected = gradient_by("differences", wavy, theta), slope_of_wavy(theta)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())
    other = approx_derivative(wavy, theta, method="3-point")
    np.testing.assert_allclose(found, other, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_differences_in_single_precision_take_longer_steps(random):
    theta = random.uniform(-3, 3, 6).astype("float32")
    found, expected = gradient_by("differences", wavy, theta), slope_of_wavy(theta.astype(float))
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_differences_step_in_proportion_to_a_long_theta():
    asked = []

    def loss(x):
        asked.append(x)
        return float(np.sum(x * x))

    theta = np.array([0.0, -2e6])
    np.testing.assert_allclose(gradient_by("differences", loss, theta), 2 * theta, atol=1e-3)
    steps = [np.abs(x - theta).max() for x in asked]
    share = np.finfo(float).eps ** (1 / 3)
    np.testing.assert_allclose(steps, [share, share, 2e6 * share, 2e6 * share], rtol=1e-6)


def test_differences_of_a_quadratic_are_exact(random):
    b = random.standard_normal((5, 3))
    theta, target = random.standard_normal(3), random.standard_normal(5)
    problem = FunctionProblem(
        lambda x: np.sum((b @ x - target) ** 2), "differences", theta0=theta, quadratic=True
    )
    expected = 2 * b.T @ (b @ theta - target)
    np.testing.assert_allclose(
        problem.gradient(theta), expected, atol=1e-13 * np.abs(b).max() ** 2 * 50
    )


@pytest.mark.parametrize("how", ["complex-step", "differences"])
def test_a_loss_may_change_and_keep_what_it_gets(how):
    kept = []

    def loss(x):
        kept.append((x, x.copy()))
        return np.sum(x * x)

    def overwriting(x):
        x *= x
        return np.sum(x)

    theta = np.array([1.0, -3.0])
    for one in (loss, overwriting):
        np.testing.assert_allclose(gradient_by(how, one, theta), 2 * theta, rtol=1e-8)
        np.testing.assert_array_equal(theta, [1.0, -3.0])
    for array, copy in kept:
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(("how", "losses"), [("complex-step", 2), ("differences", 4)])
@pytest.mark.parametrize("optimizer", ["sgd:lr=1e-3", "bfgs"])
def test_the_oracle_charges_the_losses_that_a_gradient_takes(how, losses, optimizer):
    asked = []

    def loss(x):
        asked.append(x)
        return np.sum(x**4) + x[0] * x[1]

    problem = FunctionProblem(loss, how, theta0=[1.0, -2.0])
    counts = optframe.minimize(problem, optimizer, steps=8).counts
    expected = (counts.gradients * losses + counts.losses) / 3
    assert counts.work == pytest.approx(expected)
    assert counts.gradients >= 8


def test_a_budget_of_work_is_one_of_losses():
    loss = FunctionProblem(lambda x: np.sum(x * x), "differences", theta0=np.ones(30))
    found = optframe.minimize(loss, "sgd:lr=0.1", work=100)
    assert found.counts.gradients == 5  # of 20 each


def test_the_residuals_alone_are_enough():
    def residuals(x):
        return np.stack([10 * (x[1] - x[0] * x[0]), 1 - x[0]])

    for how in ("complex-step", "differences"):
        problem = FunctionProblem(residuals=residuals, gradient=how, theta0=[-1.2, 1.0])
        assert optframe.minimize(problem, "bfgs", steps=200, gradient_norm=1e-6).loss < 1e-12
        x, y = theta = np.array([0.3, -0.7])
        s = y - x * x
        np.testing.assert_allclose(
            problem.gradient(theta), [-200 * x * s - (1 - x), 100 * s], rtol=1e-8
        )


def test_the_label_says_how_a_gradient_is_approximated(tmp_path):
    def loss(x):
        return np.sum((x - 1) ** 4)

    problems = [
        FunctionProblem(loss, lambda x: 4 * (x - 1) ** 3, [3.0]),
        FunctionProblem(loss, "differences", [3.0]),
        optframe.make("shift", problem=FunctionProblem(loss, "complex-step", [3.0])),
    ]
    trials = optframe.run(Study("named", {"steps": 2}, ["bfgs"], problems), tmp_path).trials
    assert trials["problem"].tolist() == [
        "functionproblem",
        "functionproblem-2:gradient=differences",
        "shift:gradient=complex-step",
    ]
    assert "gradient='differences'" in repr(problems[1])


NOT_ANALYTIC = {
    "abs": (lambda x: np.sum(np.abs(x)), "returned a real number for a complex θ"),
    "a norm": (lambda x: np.linalg.norm(x) ** 2, "returned a real number for a complex θ"),
    "float": (lambda x: float(np.sum(x * x)), "returned a real number for a complex θ"),
    "a part": (lambda x: np.sum(x * x) + 0.1 * np.abs(x[0]), "by a complex step and .* by diff"),
    "a conjugate": (lambda x: np.sum(x * np.conj(x)), "by a complex step and .* by differences"),
    "a type": (lambda x: np.floor(x[0]) + np.sum(x), "for a complex θ the loss raised TypeError"),
}


@pytest.mark.parametrize("name", NOT_ANALYTIC)
def test_a_loss_that_is_not_analytic_is_refused(name):
    loss, message = NOT_ANALYTIC[name]
    problem = FunctionProblem(loss, "complex-step", theta0=[1.0, 2.0])
    with pytest.raises(UsageError, match=f"{message}.*gradient=.differences") as caught:
        optframe.minimize(problem, "sgd", steps=1)
    assert "\n" not in str(caught.value)


def test_a_loss_that_becomes_real_within_a_run_is_named():
    problem = FunctionProblem(
        lambda x: np.sum(x * x) if abs(x[0]) > 0.5 else 0.0, "complex-step", theta0=[1.0]
    )
    with pytest.raises(PluginError, match=r"FunctionProblem\.loss returned a real number"):
        optframe.minimize(problem, "sgd:lr=0.4", steps=3)


@pytest.mark.parametrize("how", ["complex-step", "differences"])
def test_where_the_loss_is_not_finite_neither_is_the_gradient(how):
    problem = FunctionProblem(lambda x: np.sum(x * np.log(x)), how, theta0=[0.1])
    assert optframe.minimize(problem, "sgd:lr=1e300", steps=9).status == "diverged"
