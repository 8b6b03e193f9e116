import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from optframe import UsageError
from optframe_problems.learning import Batch
from optframe_problems.networks.mlp import MultilayerPerceptron
from optframe_problems.regression.logistic import Logistic
from optframe_problems.regression.softmax import Softmax

PROBLEMS = [
    Logistic("three-clouds", l2=0.3),
    Softmax("three-clouds", l2=0.3),
    MultilayerPerceptron("three-clouds", hidden=(4, 3), l2=0.3),
]
ON_BACKENDS = [
    pytest.param(
        problem,
        backend,
        id=f"{type(problem).__name__}-{backend}",
        marks=[pytest.mark.gpu] if backend == "cupy" else [],
    )
    for problem in PROBLEMS
    for backend in ("numpy", "strict", "cupy")
    if backend != "strict" or not isinstance(problem, MultilayerPerceptron)
]
each_problem = pytest.mark.parametrize("asked", PROBLEMS, ids=lambda asked: type(asked).__name__)
on_each_backend = pytest.mark.parametrize(("asked", "backend"), ON_BACKENDS)


@each_problem
def test_minibatches_cost_no_copy_where_they_are_slices(asked, bind):
    problem = bind(asked)
    whole = problem.draw(slice(None), None)
    assert whole is problem.training
    assert problem.draw(None, None) is whole
    part = problem.draw(slice(4, 9), None)
    assert np.shares_memory(part.inputs, whole.inputs)
    assert np.shares_memory(part.targets, whole.targets)
    assert_array_equal(part.inputs, whole.inputs[4:9])
    assert_array_equal(part.targets, whole.targets[4:9])


@on_each_backend
def test_minibatches_are_the_records_asked_for(asked, backend, bind, to_numpy):
    problem = bind(asked, backend=backend)
    inputs, targets = (
        to_numpy(problem, array) for array in (problem.training.inputs, problem.training.targets)
    )
    for rows in (np.array([7, 0, 7]), np.array([[1, 2, 3], [3, 3, 29]])):
        batch = problem.draw(rows, None)
        assert_array_equal(to_numpy(problem, batch.inputs), inputs[rows])
        assert_array_equal(to_numpy(problem, batch.targets), targets[rows])


@each_problem
def test_records_keep_the_runs_dtype_and_labels_are_integers(asked, bind):
    training = bind(asked, dtype="float32").training
    assert training.inputs.dtype == "float32"
    assert training.targets.dtype == ("float32" if isinstance(asked, Logistic) else "int64")


@each_problem
def test_an_unbound_problem_says_what_to_do(asked):
    for question in (lambda: asked.size, lambda: asked.records, lambda: asked.metrics(np.ones(3))):
        with pytest.raises(UsageError, match=r"'three-clouds'.*bound to a setting"):
            question()


@pytest.mark.parametrize("problem_class", [Logistic, Softmax, MultilayerPerceptron])
def test_data_without_classes_is_refused(problem_class, bind):
    problem = bind(problem_class("temperatures"))
    with pytest.raises(UsageError, match="'temperatures' has no classes"):
        _ = problem.metrics(np.zeros(3)) if problem_class is Logistic else problem.size


@each_problem
def test_checkpoints_measure_the_objective_and_the_pure_losses_of_other_parts(asked, bind, random):
    problem = bind(asked)
    theta = problem.start(random) + random.standard_normal(problem.size)
    metrics = problem.metrics(theta)
    assert list(metrics) == [
        *("loss", "accuracy"),
        *("validation_loss", "validation_accuracy"),
        *("test_loss", "test_accuracy"),
    ]
    assert metrics["loss"] == problem.loss(theta, problem.draw(slice(None), None))
    assert metrics["loss"] > problem.measure(theta, problem.training)[0]
    for part in ("validation", "test"):
        records = getattr(problem.dataset, part)
        inputs, targets = problem.features(records.inputs), problem.labels(records.targets)
        batch = Batch(problem.asarray(inputs), targets)
        assert len(targets) == {"validation": 10, "test": 20}[part]
        loss, accuracy = problem.measure(theta, batch)
        assert (metrics[f"{part}_loss"], metrics[f"{part}_accuracy"]) == (loss, accuracy)
        expected = problem.loss(theta, batch) - problem.penalty(theta)
        assert_allclose(metrics[f"{part}_loss"], expected, rtol=1e-12)


@pytest.mark.parametrize("problem_class", [Logistic, Softmax, MultilayerPerceptron])
@pytest.mark.parametrize(
    ("data", "parts"),
    [("untested", ["", "validation_"]), ("only-training", [""]), ("unvalidated", ["", "test_"])],
)
def test_a_part_without_records_is_not_measured(problem_class, data, parts, bind, random):
    problem = bind(problem_class(data))
    expected = [f"{part}{what}" for part in parts for what in ("loss", "accuracy")]
    assert list(problem.metrics(problem.start(random))) == expected


def test_the_validation_metrics_of_the_digits_are_those_of_scikit_learns_model(bind):
    problem = bind(Softmax("digits", l2=1e-2))
    dataset = problem.dataset
    n = len(dataset.train)
    model = LogisticRegression(C=1 / (1e-2 * n), solver="newton-cg", tol=1e-8)
    model.fit(dataset.train.inputs, dataset.train.targets)
    theta = np.vstack([model.coef_.T, model.intercept_]).ravel()
    metrics = problem.metrics(theta)
    for prefix, part in (("validation_", dataset.validation), ("test_", dataset.test)):
        found = model.predict_proba(part.inputs)
        assert_allclose(metrics[f"{prefix}loss"], log_loss(part.targets, found), rtol=1e-9)
        expected = model.score(part.inputs, part.targets)
        assert metrics[f"{prefix}accuracy"] == pytest.approx(expected, rel=1e-12)
    assert metrics["validation_accuracy"] != metrics["test_accuracy"]


@on_each_backend
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("runs", "rows"),
    [
        ((4,), (6,)),
        ((2, 3), (6,)),
        ((4,), (4, 6)),
        ((4, 3), (4, 6)),
    ],
    ids=["shared batch", "two run axes", "batch per run", "candidates, batch per run"],
)
def test_runs_together_equal_runs_alone(
    asked, backend, dtype, runs, rows, bind, random, answers, on_device, to_numpy
):
    problem = bind(asked, dtype, backend)
    theta, v = random.standard_normal((2, *runs, problem.size))
    indices = random.integers(0, problem.records, rows)
    together = answers(problem, *on_device(problem, theta, v), problem.draw(indices, None))
    for run in np.ndindex(runs):
        own_rows = indices if len(rows) == 1 else indices[run[0]]
        alone = answers(
            problem, *on_device(problem, theta[run], v[run]), problem.draw(own_rows, None)
        )
        for word, expected in alone.items():
            answer = to_numpy(problem, together[word])
            expected = to_numpy(problem, expected)
            assert answer.dtype == expected.dtype == dtype, word
            assert answer.shape == runs + expected.shape
            assert_array_equal(answer[run], expected, err_msg=word)


@each_problem
def test_extreme_parameters_give_finite_answers(asked, bind, random, answers):
    """Warnings are errors here, so an overflow inside would show as well."""
    problem = bind(asked, dtype="float32")
    theta = (1e4 * random.standard_normal(problem.size)).astype("float32")
    for name, answer in answers(problem, theta, theta, problem.training).items():
        assert np.isfinite(answer).all(), name
