"""`JaxProblem` in studies: runs that advance together, runs that are cut off, and bad input."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optframe
from optframe import UsageError
from optframe.study.settings import RunSettings
from optframe_problems.jax_models.jax_problem import JaxLearning

jax = pytest.importorskip("jax", reason="jax is not installed: pip install jax")
jnp = jax.numpy


def square(w, x, y):
    return jnp.mean((x @ w - y) ** 2)


def noisy(w, x, y, key=None):
    noise = 0.0 if key is None else jax.random.normal(key, w.shape) @ w
    return square(w, x, y) + noise


@pytest.fixture
def records():
    random = np.random.default_rng(0)
    x = random.standard_normal((40, 3))
    return x, x @ [1.0, -2.0, 0.5]


@pytest.mark.parametrize("loss", [square, noisy])
def test_runs_that_advance_together_are_those_of_one_by_one(loss, records, tmp_path, monkeypatch):
    found, axes = [], []
    asked = JaxLearning.gradient

    def gradient(self, theta, batch):
        axes.append(theta.shape)
        return asked(self, theta, batch)

    monkeypatch.setattr(JaxLearning, "gradient", gradient)
    for together in (False, True):
        study = optframe.Study(
            "rows",
            budget={"steps": 12},
            optimizers=["sgd:lr=[0.1,0.05]"],
            problems=[optframe.JaxProblem(loss, np.zeros(3), records)],
            samplers=["shuffled:batch_size=8"],
            seeds=2,
            run=RunSettings(together=together),
        )
        results = optframe.run(study, tmp_path / str(together))
        assert set(results.trials["status"]) == {"finished"}
        last = results.curves[results.curves["step"] == 12]
        found.append(last.sort_values(["optimizer", "seed"])["loss"].to_numpy())
        assert len(found[-1]) == 4
    assert axes[-1] == (4, 3)
    assert_allclose(found[1], found[0], rtol=1e-9)


CASES = {
    "a vector": (lambda w, x, y: (x @ w - y) ** 2, np.zeros(3), "40 numbers|8 numbers"),
    "whole numbers": (square, np.zeros(3, int), "int64; expected float32 or float64"),
    "nothing": (square, {}, "no leaves"),
    "not finite": (square, np.array([1, np.nan, 0]), "not finite"),
    "a condition": (lambda w, x, y: w[0] if w[0] > 0 else 0.0, np.zeros(3), "jnp.where"),
    "no parameters": (lambda w, x, y: jnp.sum(x), np.zeros(3), "does not depend on params"),
    "NumPy's draws": (lambda w, x, y: square(w, x, y) * np.random.rand(), np.zeros(3), "NumPy's"),
    "a key that is needed": (
        lambda w, x, y, key: square(w, x, y) + jax.random.normal(key),
        np.zeros(3),
        "measure without noise, with key = None",
    ),
    "complex numbers": (lambda w, x, y: square(w, x, y) + 1j, np.zeros(3), "complex"),
    "wrong arguments": (lambda w: 0.0, np.zeros(3), "takes 1 positional argument"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_used_is_refused_in_one_line(case, records):
    loss, params, reason = CASES[case]
    with pytest.raises(UsageError, match=reason) as refused:
        optframe.JaxProblem(loss, params, records)
    assert "\n" not in str(refused.value)


def test_a_loss_that_keeps_traced_values_is_refused(records):
    kept = []

    def loss(w, x, y):
        kept.append(w * 2)
        return square(w, x, y)

    with pytest.raises(UsageError, match="keeps a value of its computation after"):
        optframe.JaxProblem(loss, np.zeros(3), records)


def test_wrong_records_are_refused(records):
    x, y = records
    broken = x.copy()
    broken[3, 1] = np.inf
    for data, reason in (
        ((x, y[:5]), "40 and 5 records"),
        ((broken, y), r"inf at \[3, 1\]"),
        (x, "expected a tuple of arrays"),
        ((x[:0], y[:0]), "is empty"),
        ((x, y.astype(str)), "expected numbers"),
    ):
        with pytest.raises(UsageError, match=reason) as refused:
            optframe.JaxProblem(square, np.zeros(3), data)
        assert "\n" not in str(refused.value)
    for given, reason in (
        ({"test": 1.5}, "expected shares"),
        ({"test": (x[:, :1], y)}, "as in data"),
        ({"metrics": {"loss": square}}, "rename it"),
        ({"metrics": {"all": lambda w, x, y: y}}, "the metric 'all' returned 40|8 numbers"),
    ):
        with pytest.raises(UsageError, match=reason):
            optframe.JaxProblem(square, np.zeros(3), (x, y), **given)
    with pytest.raises(UsageError, match="without data"):
        optframe.JaxProblem(lambda w: w @ w, np.zeros(3), test=0.2)


def test_another_pytree_is_refused(records):
    problem = optframe.JaxProblem(lambda p, x, y: square(p["w"], x, y), {"w": np.zeros(3)}, records)
    result = optframe.minimize(problem, "sgd", steps=1)
    with pytest.raises(UsageError, match=r"'w' has shape \(2,\); expected \(3,\)"):
        result.apply({"w": np.zeros(2)})
    with pytest.raises(UsageError, match="θ does not fit into params"):
        result.apply([np.zeros(3)])


def test_it_has_no_subclasses():
    with pytest.raises(TypeError, match="write a function that returns one"):
        type("Mine", (optframe.JaxProblem,), {})
