"""f*: that it is the minimum, when it is computed, and where it is kept."""

import dataclasses
import importlib.util
import json
import os
import sys

import numpy as np
import pytest

import optframe
from optframe.contracts.oracle import offers
from optframe_problems.cache import cache_folder
from optframe_problems.regression.lasso_smooth import LassoSmooth
from optframe_problems.regression.least_squares import LeastSquares
from optframe_problems.regression.logistic import Logistic
from optframe_problems.regression.ridge import Ridge
from optframe_problems.regression.softmax import Softmax
from optframe_problems.regression_bases import optimum

MODELS = [
    LeastSquares("sparse-numbers"),
    Ridge("sparse-numbers"),
    LassoSmooth("sparse-numbers"),
    Logistic("sparse-clouds", l2=0.01),
    Softmax("sparse-clouds", l2=0.01),
]
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "minima"


@each_model
def test_no_point_is_below_the_minimum_and_newton_reaches_it(model, bind, random):
    problem = bind(model)
    theta = random.standard_normal((200, problem.size))
    assert (problem.loss(theta, problem.training) > problem.minimum).all()
    theta = np.zeros(problem.size)
    for _ in range(30):
        loss, gradient = problem.loss_and_gradient(theta, problem.training)
        hessian = problem.hessian(theta, problem.training)
        theta = theta - np.linalg.pinv(hessian, rcond=1e-12, hermitian=True) @ gradient
    assert loss == pytest.approx(problem.minimum, rel=1e-12)


@each_model
def test_conjugate_gradients_find_what_the_decomposition_does(model, bind, monkeypatch):
    expected = optimum.least_loss(bind(model))
    monkeypatch.setattr(optimum, "LARGEST_MATRIX", 0)
    monkeypatch.setattr(type(model), "hessian", None)
    assert optimum.least_loss(bind(model)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("backend", ["strict", pytest.param("cupy", marks=pytest.mark.gpu)])
@pytest.mark.parametrize(
    "model",
    [Ridge("numbers"), LassoSmooth("numbers"), Logistic(l2=0.1), Softmax("three-clouds", l2=0.1)],
    ids=lambda model: type(model).__name__,
)
def test_every_backend_finds_the_same(model, backend, bind):
    expected = optimum.least_loss(bind(model))
    assert optimum.least_loss(bind(model, backend=backend)) == pytest.approx(expected, rel=1e-12)


def test_single_precision_has_the_same_minimum(bind):
    """The float32 records differ from the others by their rounding."""
    single, double = (bind(Logistic(l2=0.1), dtype) for dtype in ("float32", "float64"))
    assert single.minimum == double.minimum
    theta = np.zeros(single.size, np.float32)
    assert single.loss(theta, single.training).dtype == np.float32


def test_plans_cost_no_minimum(monkeypatch, bind):
    monkeypatch.setattr(optimum, "least_loss", lambda problem: pytest.fail("it was computed"))
    for model in MODELS:
        assert "minimum" in offers(bind(model), optframe.make("full"))


@pytest.mark.parametrize(
    "model", [Logistic("sparse-clouds"), Softmax("sparse-clouds"), Logistic(), Softmax()]
)
def test_without_a_penalty_there_may_be_no_minimum(model, bind):
    problem = bind(model)
    assert not problem.knows_minimum
    assert problem.minimum is None
    assert "minimum" not in offers(problem, optframe.make("full"))


def test_where_a_class_is_missing_its_bias_has_no_end(bind):
    problem = bind(Softmax("three-clouds", l2=0.1))
    train = problem.dataset.train
    kept = train.targets != 1
    fewer = dataclasses.replace(train, inputs=train.inputs[kept], targets=train.targets[kept])
    problem.__dict__["dataset"] = dataclasses.replace(problem.dataset, train=fewer)
    assert not problem.knows_minimum


def test_too_much_work_leaves_the_minimum_unknown(bind, monkeypatch):
    monkeypatch.setattr(optimum, "LARGEST_WORK", 30 * 5 * 3 - 1)
    assert bind(Ridge("numbers")).knows_minimum
    assert not bind(Softmax("three-clouds", l2=0.1)).knows_minimum
    assert bind(Softmax("sparse-clouds", l2=0.1)).knows_minimum


def test_what_was_computed_is_kept_by_content(bind, cache, monkeypatch):
    first = bind(Ridge("numbers")).minimum
    (file,) = cache.iterdir()
    assert json.loads(file.read_text()) == first
    with monkeypatch.context() as patch:
        patch.setattr(optimum, "least_loss", lambda problem: pytest.fail("it was computed again"))
        assert bind(Ridge("numbers"), "float32").minimum == first
    others = [Ridge("numbers", l2=0.2), Ridge("sparse-numbers"), LassoSmooth("numbers", l1=0.1)]
    for other in others:
        assert bind(other).minimum > 0
    assert len(list(cache.iterdir())) == 4


def test_changed_records_are_another_content(bind, cache):
    problem = bind(Ridge("numbers"))
    first = problem.minimum
    changed = bind(Ridge("numbers"))
    train = problem.dataset.train
    targets = train.targets.copy()
    targets[0] += 1
    changed.__dict__["dataset"] = dataclasses.replace(
        problem.dataset, train=dataclasses.replace(train, targets=targets)
    )
    assert changed.minimum != first
    assert len(list(cache.iterdir())) == 2


def test_a_changed_base_class_is_another_content(bind, cache, tmp_path, monkeypatch):
    file = tmp_path / "penalized.py"
    file.write_text(
        "from optframe_problems.regression.ridge import Ridge\nclass Penalized(Ridge): ...\n"
    )
    spec = importlib.util.spec_from_file_location("penalized", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "penalized", module)
    spec.loader.exec_module(module)

    class Own(module.Penalized):
        pass

    assert bind(Own("numbers")).minimum == bind(Own("numbers")).minimum
    assert len(list(cache.iterdir())) == 1
    file.write_text(f"{file.read_text()}# changed\n")
    assert bind(Own("numbers")).minimum > 0
    assert len(list(cache.iterdir())) == 2


def test_a_class_without_a_file_is_computed_every_time(bind, cache, monkeypatch):
    expected = bind(Ridge("numbers")).minimum
    monkeypatch.setattr(optimum.inspect, "getfile", lambda kind: "/nowhere/at/all.py")
    assert bind(Ridge("numbers")).minimum == expected
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("text", ["", "{", "null", "NaN", '"1"', "[1.0]", "1"])
def test_a_damaged_file_is_computed_anew(text, bind, cache):
    first = bind(Ridge("numbers")).minimum
    (file,) = cache.iterdir()
    file.write_text(text)
    assert bind(Ridge("numbers")).minimum == first
    assert json.loads(file.read_text()) == first


def test_a_cache_that_cannot_be_written_costs_no_result(bind, tmp_path, monkeypatch):
    first = bind(Ridge("numbers")).minimum
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path / "file"))
    assert bind(Ridge("numbers")).minimum == first


def test_the_users_cache_is_where_it_is_looked_for(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("OPTFRAME_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "optframe"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "optframe"


def test_records_and_oracles_know_it(tmp_path):
    results = optframe.run(
        optframe.Study(
            name="known",
            optimizers=["newton"],
            problems=["logistic:l2=0.1", "logistic"],
            samplers=["full"],
            budget={"steps": 10},
        ),
        out=tmp_path / "results",
    )
    trials = results.trials.set_index("problem")
    assert trials.loc["logistic:l2=0.1", "minimum"] == pytest.approx(
        trials.loc["logistic:l2=0.1", "loss"], rel=1e-12
    )
    assert np.isnan(trials.loc["logistic", "minimum"])
