"""Least squares and ridge: what they are, in numbers worked out otherwise."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import Ridge as SklearnRidge

import optframe
from optframe import UsageError
from optframe.contracts.oracle import offers
from optframe_problems.regression.lasso_smooth import LassoSmooth
from optframe_problems.regression.least_squares import LeastSquares
from optframe_problems.regression.ridge import Ridge

MODELS = [LeastSquares("numbers"), Ridge("numbers", l2=0.3), LassoSmooth("numbers")]


def test_loss_is_half_the_mean_squared_error_plus_the_penalty(bind, random):
    problem = bind(Ridge("numbers", l2=0.3))
    theta = random.standard_normal(problem.size)
    train = problem.dataset.train
    errors = train.inputs @ theta[:5] + theta[5] - train.targets
    expected = (errors**2).sum() / 60 + 0.15 * (theta[:5] ** 2).sum()
    assert len(train) == 30
    assert_allclose(problem.loss(theta, problem.training), expected, rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_the_metrics_are_named(model, bind):
    problem = bind(model)
    metrics = problem.metrics(np.zeros(6))
    names = ["loss", "rmse", "validation_loss", "validation_rmse", "test_loss", "test_rmse"]
    assert list(metrics) == names
    dataset = problem.dataset
    parts = {"": dataset.train, "validation_": dataset.validation, "test_": dataset.test}
    for prefix, part in parts.items():
        expected = np.sqrt((part.targets**2).mean())
        assert metrics[f"{prefix}rmse"] == pytest.approx(expected, rel=1e-12)
        assert metrics[f"{prefix}loss"] == pytest.approx(expected**2 / 2, rel=1e-12)


@pytest.mark.parametrize("data", ["numbers", "sparse-numbers", "diabetes"])
@pytest.mark.parametrize("model", [LeastSquares(), LassoSmooth(l1=0.0)])
def test_scikit_learns_linear_regression_has_our_minimum(model, data, bind):
    problem = bind(replace(model, data=data))
    train = problem.dataset.train
    fit = LinearRegression().fit(train.inputs, train.targets)
    expected = ((fit.predict(train.inputs) - train.targets) ** 2).mean() / 2
    assert problem.minimum == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("data", ["numbers", "sparse-numbers", "diabetes"])
def test_scikit_learns_ridge_has_our_minimum(data, bind):
    problem = bind(Ridge(data, l2=0.2))
    train = problem.dataset.train
    inputs = train.inputs if data != "sparse-numbers" else train.inputs.toarray()
    fit = SklearnRidge(alpha=0.2 * len(train), solver="cholesky").fit(inputs, train.targets)
    theta = np.append(fit.coef_, fit.intercept_)
    assert problem.minimum == pytest.approx(problem.loss(theta, problem.training), rel=1e-10)
    assert_allclose(problem.gradient(theta, problem.training), 0, atol=1e-10)


def test_a_perfect_fit_has_minimum_zero(bind):
    """Fewer records than parameters."""
    problem = bind(LeastSquares("numbers"))
    part = problem.dataset.train
    few = replace(part, inputs=part.inputs[:4], targets=part.targets[:4])
    small = bind(LeastSquares("numbers"))
    small.__dict__["dataset"] = replace(problem.dataset, train=few)
    assert small.knows_minimum
    assert small.minimum == pytest.approx(0, abs=1e-25)


def test_quadratics_are_offered_as_such(bind):
    for model, quadratic in zip(MODELS, (True, True, False), strict=True):
        words = offers(bind(model), optframe.make("full"))
        assert ("quadratic" in words) == quadratic == ("coordinate_minimum" in words)
        assert words >= {"deterministic", "full", "hessian", "hvp", "partial", "per_sample"}
        assert "minimum" in words


@pytest.mark.parametrize("model", MODELS)
def test_our_methods_reach_the_minimum(model, bind):
    named = type(model)("diabetes")
    expected = bind(named).minimum
    method, steps = ("newton", 2) if model.quadratic else ("bfgs", 500)
    result = optframe.minimize(named, method, steps=steps, sampler="full")
    assert result.loss == pytest.approx(expected, rel=1e-12)
    if model.quadratic:
        result = optframe.minimize(named, "conjugate-gradient", steps=25, sampler="full")
        assert result.loss == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("model", MODELS)
def test_data_with_classes_is_refused(model, bind):
    problem = bind(replace(model, data="three-clouds"))
    with pytest.raises(UsageError, match=r"'three-clouds' has 3 classes, but .* predicts a number"):
        _ = problem.size
