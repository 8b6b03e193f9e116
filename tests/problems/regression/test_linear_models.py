"""What holds for every model that is linear in its records, dense or sparse."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import UnavailableError
from optframe_problems.regression.lasso_smooth import LassoSmooth
from optframe_problems.regression.least_squares import LeastSquares
from optframe_problems.regression.logistic import Logistic
from optframe_problems.regression.ridge import Ridge
from optframe_problems.regression.softmax import Softmax

MODELS = [
    LeastSquares(),
    Ridge(l2=0.3),
    LassoSmooth(l1=0.3, smoothing=0.2),
    Logistic(l2=0.3),
    Logistic(l2=0.0),
    Softmax(l2=0.3),
    Softmax(l2=0.0),
]
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{type(m).__name__}-{m}")
each_kind = pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])


def on(model, sparse):
    """The model on the same records, dense or sparse."""
    numbers = model.score == "rmse"
    names = ("numbers", "sparse-numbers") if numbers else ("thin-clouds", "sparse-clouds")
    return replace(model, data=names[sparse])


def point(problem, random, shape=()):
    return random.standard_normal((*shape, problem.size))


@each_model
def test_the_start_is_zero(model, bind):
    problem = bind(on(model, False))
    assert_array_equal(problem.start(np.random.default_rng(0)), np.zeros(problem.size))


@each_model
@each_kind
def test_derivatives_are_the_slopes_of_what_they_derive(model, sparse, bind, random, slope):
    problem = bind(on(model, sparse))
    theta, v = point(problem, random, (2,))
    batch = problem.training
    gradient = slope(lambda t: problem.loss(t, batch), theta)
    hessian = slope(lambda t: problem.gradient(t, batch), theta)
    assert_allclose(problem.gradient(theta, batch), gradient, rtol=1e-7, atol=1e-8)
    found = problem.hessian(theta, batch)
    assert_allclose(found, hessian, rtol=1e-6, atol=1e-8)
    assert_allclose(found, found.T, rtol=1e-13, atol=1e-15)
    assert_allclose(problem.hvp(theta, v, batch), found @ v, rtol=1e-12, atol=1e-13)


@each_model
@each_kind
@pytest.mark.parametrize("runs", [(), (3,), (2, 2)], ids=str)
def test_partial_derivatives_are_the_gradients_entries(model, sparse, runs, bind, random):
    problem = bind(on(model, sparse))
    theta = point(problem, random, runs)
    batch = problem.draw(random.integers(0, problem.records, 9), None)
    partials = [problem.partial(theta, i, batch) for i in range(problem.size)]
    expected = problem.gradient(theta, batch)
    assert_allclose(np.stack(partials, axis=-1), expected, rtol=1e-12, atol=1e-13)


@each_model
@each_kind
@pytest.mark.parametrize("runs", [(), (3,)], ids=str)
def test_gradients_per_sample_are_those_of_the_records_alone(model, sparse, runs, bind, random):
    problem = bind(on(model, sparse))
    theta = point(problem, random, runs)
    rows = np.array([3, 3, 8, 1])
    found = problem.per_sample(theta, problem.draw(rows, None))
    assert found.shape == (*runs, 4, problem.size)
    for position, row in enumerate(rows):
        alone = problem.gradient(theta, problem.draw(np.array([row]), None))
        assert_allclose(found[..., position, :], alone, rtol=1e-12, atol=1e-13)
    whole = problem.gradient(theta, problem.draw(rows, None))
    assert_allclose(found.mean(axis=-2), whole, rtol=1e-12, atol=1e-13)


@each_model
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("runs", "rows"),
    [((), (6,)), ((4,), (6,)), ((2, 3), (6,)), ((4,), (4, 6)), ((4, 3), (4, 6))],
    ids=["alone", "shared batch", "two run axes", "batch per run", "candidates, batch per run"],
)
def test_sparse_records_give_what_dense_ones_do(model, dtype, runs, rows, bind, random, answers):
    dense, sparse = (bind(on(model, kind), dtype) for kind in (False, True))
    theta, v = random.standard_normal((2, *runs, dense.size)).astype(dtype)
    indices = random.integers(0, dense.records, rows)
    expected = answers(dense, theta, v, dense.draw(indices, None))
    found = answers(sparse, theta, v, sparse.draw(indices, None))
    close = {"rtol": 1e-12, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-4, "atol": 1e-5}
    for word, answer in expected.items():
        assert found[word].shape == answer.shape, word
        assert found[word].dtype == answer.dtype == dtype, word
        assert_allclose(found[word], answer, err_msg=word, **close)
    assert_allclose(
        list(sparse.metrics(theta).values()), list(dense.metrics(theta).values()), **close
    )


@each_model
def test_sparse_minibatches_average_to_the_whole(model, bind, random):
    problem = bind(on(model, True))
    theta = point(problem, random)
    order = random.permutation(problem.records)
    drawn = [problem.draw(rows, None) for rows in np.split(order, 6)]
    slices = [problem.draw(slice(at, at + 5), None) for at in range(0, 30, 5)]
    whole = problem.gradient(theta, problem.draw(slice(None), None))
    for batches in (drawn, slices):
        mean = np.mean([problem.gradient(theta, batch) for batch in batches], axis=0)
        assert_allclose(mean, whole, rtol=1e-10, atol=1e-12)


@each_model
def test_sparse_records_are_never_made_dense_and_never_written_to(model, bind, random, monkeypatch):
    problem = bind(on(model, True))
    theta, v = point(problem, random, (2,))
    batch = problem.draw(random.integers(0, problem.records, 7), None)
    (whole,) = problem.training.inputs.matrices
    assert whole.format == "csr"
    assert not any(a.flags.writeable for a in (whole.data, whole.indices, whole.indptr))
    before = whole.data.copy()

    def refuse(self, *arguments, **words):
        assert self.shape != batch.inputs.shape
        return todense(self, *arguments, **words)

    todense = type(whole).toarray
    monkeypatch.setattr(type(whole), "toarray", refuse)
    problem.loss_and_gradient(theta, batch)
    problem.hessian(theta, batch)
    problem.hvp(theta, v, batch)
    problem.metrics(theta)
    assert_array_equal(whole.data, before)


@each_model
def test_a_backend_without_sparse_matrices_says_so(model, bind):
    problem = bind(on(model, True), backend="strict")
    with pytest.raises(UnavailableError, match=r"StrictBackend has no sparse matrices; use --back"):
        _ = problem.training


@each_model
@each_kind
def test_the_bias_is_not_penalized(model, sparse, bind, random):
    """A gradient differs from that of the same model without a penalty in the weights alone."""
    strength = {"l1": 0.0} if isinstance(model, LassoSmooth) else {"l2": 0.0}
    if isinstance(model, LeastSquares):
        pytest.skip("it has no penalty")
    problem, bare = bind(on(model, sparse)), bind(replace(on(model, sparse), **strength))
    theta = point(problem, random)
    gradients = [p.gradient(theta, p.training) for p in (problem, bare)]
    assert_array_equal(gradients[0][-problem.outputs :], gradients[1][-problem.outputs :])
    penalized = getattr(model, "l2", 1.0) > 0
    assert (gradients[0][: -problem.outputs] != gradients[1][: -problem.outputs]).all() == penalized


@pytest.mark.parametrize("model", [LeastSquares(), Ridge(l2=0.3)])
@each_kind
def test_coordinate_minima_have_no_slope(model, sparse, bind, random):
    problem = bind(on(model, sparse))
    assert problem.quadratic
    theta = point(problem, random, (3,))
    batch = problem.draw(random.integers(0, problem.records, 12), None)
    for i in range(problem.size):
        moved = theta.copy()
        moved[..., i] = problem.coordinate_minimum(theta, i, batch)
        assert_allclose(problem.partial(moved, i, batch), 0, atol=1e-12)


def test_a_coordinate_that_does_not_matter_stays(bind, random):
    problem = bind(LeastSquares("sparse-numbers"))
    empty = [row for row in range(30) if not problem.dataset.train.inputs[[row], :].toarray()[0, 0]]
    batch = problem.draw(np.array(empty), None)
    theta = point(problem, random)
    assert problem.coordinate_minimum(theta, 0, batch) == theta[0]


@pytest.mark.parametrize(
    ("problem", "size"),
    [
        ("logistic:data=breast-cancer,l2=0.01", 31),
        ("softmax:data=iris,l2=0.01", 15),
        ("ridge:l2=0.1", 11),
        ("logistic:data=breast-cancer,l2=0.01+scale:factor=3", 31),
        ("streaming-regression:size=6,records=300", 6),
    ],
)
def test_a_step_of_newtons_method_costs_a_gradient_and_a_hessian_of_p_quarters(problem, size):
    given = {"steps": 3, "checkpoints": {"every_steps": 1}}
    curve = optframe.minimize(problem, "newton", sampler="full", **given).curve
    assert_allclose(curve["work"], (1 + size / 4) * np.arange(len(curve)), rtol=1e-12)
    records = optframe.minimize(problem, "sgd", sampler="full", steps=1).counts.records
    assert curve["records"].tolist() == [2 * records * k for k in range(len(curve))]


def test_a_hessian_of_a_minibatch_costs_its_share_of_the_data():
    curve = optframe.minimize(
        "logistic:data=breast-cancer,l2=0.01",
        "newton",
        sampler="shuffled:batch_size=199",  # half of the 398 training records
        steps=2,
        checkpoints={"every_steps": 1},
    ).curve
    assert_allclose(curve["work"], [0, 0.5 * (1 + 31 / 4), 1 + 31 / 4], rtol=1e-12)


def test_a_network_without_hidden_layers_pays_for_a_hessian_by_columns():
    """It is no linear model to the oracle: the Hessian comes from P products with it."""
    given = {"steps": 1, "checkpoints": {"every_steps": 1}, "dtype": "float64"}
    problem = "network:data=iris,layers=[],l2=0.01"
    curve = optframe.minimize(problem, "newton", sampler="full", **given).curve
    assert curve["work"].tolist() == [0, 1 + min(2 * 15, 15 * 16 / 6)]
