"""Whole networks, held against differences and against what they are made of."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import Dataset, Part, UsageError
from optframe.testing import check_problem
from optframe_problems.data.iris import Iris
from optframe_problems.network_parts import network_problem
from optframe_problems.networks.mlp import MultilayerPerceptron
from optframe_problems.networks.network import Network

SMOOTH = {
    "convolutional": Network(
        "postcards",
        ("convolution:channels=3,size=3,stride=2", "tanh", "linear:units=4", "sigmoid"),
        l2=0.1,
    ),
    "pooled": Network(
        "postcards",
        ("convolution:channels=2", "sigmoid", "max-pool:size=3,padding=same", "tanh"),
        output_loss="squared",
    ),
    "valid": Network(
        "postcards",
        ("tanh", "convolution:channels=2,size=2,padding=valid", "tanh", "tanh", "flatten"),
    ),
    "dropped": Network(
        "postcards",
        ("dropout:rate=0.2", "convolution:channels=2", "tanh", "dropout", "linear:units=3", "tanh"),
        l2=0.2,
    ),
    "perceptron": MultilayerPerceptron(
        "three-clouds", (4, 3), "tanh", 0.1, "squared", dropout_input=0.3, dropout_hidden=0.5
    ),
    "numbers": MultilayerPerceptron("diabetes", (3,), "sigmoid", 0.1, "squared"),
    "linear": Network("three-clouds", ()),
}
each_network = pytest.mark.parametrize("asked", SMOOTH.values(), ids=SMOOTH)


def point(problem, random, *runs):
    return 0.7 * random.standard_normal((*runs, problem.size))


@each_network
def test_it_passes_the_kit(asked, bind, monkeypatch):
    monkeypatch.setattr("optframe.testing.shared.check_imports", lambda component: None)
    for outcome in check_problem(asked, dataset=bind(asked).setting.dataset, seed=None).run():
        assert outcome.status in ("passed", "not applicable"), outcome


@each_network
@pytest.mark.parametrize("rows", [(6,), (4, 6)], ids=["shared batch", "batch per run"])
def test_runs_together_equal_runs_alone(asked, rows, bind, random):
    problem = bind(asked)
    theta, v = point(problem, random, 4, 2), point(problem, random, 4, 2)
    batch = problem.draw(random.integers(0, problem.records, rows), random)
    words = {
        "loss": lambda *a: problem.loss(a[0], a[2]),
        "gradient": lambda *a: problem.gradient(a[0], a[2]),
        "hvp": problem.hvp,
        "hessian": lambda *a: problem.hessian(a[0], a[2]),
    }
    spread = batch.spread(theta)
    for word, ask in words.items():
        together = ask(theta, v, batch)
        for run in np.ndindex(4, 2):
            own = batch
            if len(rows) == 2:
                own = type(batch)(
                    *(
                        getattr(spread, name)[run[0], 0]
                        if name != "masks"
                        else tuple(mask[run[0], 0] for mask in spread.masks)
                        for name in batch.__dataclass_fields__
                        if hasattr(batch, name)
                    )
                )
            alone = ask(theta[run], v[run], own)
            assert_allclose(together[run], alone, rtol=1e-11, atol=1e-13, err_msg=word)


@each_network
def test_records_that_go_through_in_pieces_give_the_same(asked, bind, random, monkeypatch):
    problem = bind(asked)
    theta, v = point(problem, random), point(problem, random)
    batch = problem.draw(np.arange(20), random)

    def answers(problem):
        loss, gradient = problem.loss_and_gradient(theta, batch)
        return [
            *(loss, gradient, problem.loss(theta, batch), problem.gradient(theta, batch)),
            *(problem.hvp(theta, v, batch), *problem.measure(theta, batch)),
        ]

    whole = answers(problem)
    monkeypatch.setattr(network_problem, "HELD", 6 * problem.stack.widest)  # pieces of 6, 6, 6, 2
    for found, expected in zip(answers(bind(asked)), whole, strict=True):
        assert_allclose(found, expected, rtol=1e-11, atol=1e-14)


def test_without_masks_the_network_is_measured_as_it_is(bind, random):
    problem = bind(SMOOTH["dropped"])
    plain = bind(
        Network("postcards", ("convolution:channels=2", "tanh", "linear:units=3", "tanh"), l2=0.2)
    )
    theta = point(problem, random)
    assert not problem.deterministic
    assert plain.deterministic
    assert problem.draw(slice(None), None) is problem.training
    assert problem.metrics(theta) == plain.metrics(theta)


def test_the_steps_masks_come_from_its_generator(bind):
    problem = bind(SMOOTH["dropped"])
    theta = problem.start(np.random.default_rng(3))

    def gradient(seed, indices):
        return problem.gradient(theta, problem.draw(indices, np.random.default_rng(seed)))

    assert_array_equal(gradient(5, slice(0, 8)), gradient(5, np.arange(8)))
    assert (gradient(5, slice(0, 8)) != gradient(6, slice(0, 8))).any()
    batch = problem.draw(np.zeros((3, 4), int), np.random.default_rng(5))
    assert [mask.shape for mask in batch.masks] == [(3, 4, 6, 7, 2), (3, 4, 6, 7, 2)]


def test_dropout_leaves_the_expected_linear_output_alone(bind, random):
    """With one linear layer and the squared error, E f = f without dropout + a known penalty."""
    problem = bind(Network("numbers", ("dropout:rate=0.5",), output_loss="squared"))
    theta, batch = point(problem, random), problem.draw(slice(0, 2), None)
    weights = theta[:-1] * batch.inputs  # m has variance rate/(1 − rate) = 1
    expected = problem.loss(theta, batch) + 0.5 * (weights**2).sum(axis=1).mean()
    draws = [problem.loss(theta, problem.draw(slice(0, 2), random)) for _ in range(4000)]
    assert abs(np.mean(draws) - expected) < 6 * np.std(draws) / np.sqrt(len(draws))


SMALL = "mlp:data=iris,hidden=[3],activation=tanh,l2=0.01,loss=squared"


def trained(optimizer, steps, **start):
    return optframe.minimize(
        SMALL, optimizer, steps=steps, sampler="full", dtype="float64", **start
    )


def test_regularized_newton_trains_a_network(small):
    result = trained("regularized-newton:damping=0.1", steps=60)
    assert result.loss < 0.06
    assert np.linalg.norm(small.gradient(result.theta, small.training)) < 0.01


def test_newton_squares_its_distance_at_each_step(small):
    """From where L-BFGS leaves it; a wrong entry of the Hessian would make it linear, or worse."""
    theta = trained("lbfgs", steps=60).theta
    assert 1e-5 < np.linalg.norm(small.gradient(theta, small.training)) < 0.1
    for _ in range(6):
        theta = trained("newton", steps=1, theta0=theta).theta
    assert np.linalg.norm(small.gradient(theta, small.training)) < 1e-13


def test_conjugate_gradients_solve_newtons_system_by_hvp(small):
    problem = small
    theta, batch = trained("lbfgs", steps=60).theta, problem.training
    gradient = problem.gradient(theta, batch)
    step, residual = np.zeros_like(gradient), -gradient
    direction = residual
    for _ in range(3 * problem.size):
        product = problem.hvp(theta, direction, batch)
        length = residual @ residual / (direction @ product)
        step = step + length * direction
        following = residual - length * product
        direction = following + following @ following / (residual @ residual) * direction
        residual = following
    expected = np.linalg.solve(problem.hessian(theta, batch), -gradient)
    assert_allclose(step, expected, rtol=1e-5, atol=1e-7 * abs(expected).max())


@pytest.fixture
def small(bind_to):
    return bind_to(MultilayerPerceptron("iris", (3,), "tanh", 0.01, "squared"), Iris().load())


@pytest.mark.parametrize(
    ("asked", "lr", "accuracy"), [(MultilayerPerceptron(), 1.0, 0.9), (Network(), 0.3, 0.95)]
)
def test_it_learns_the_digits(asked, lr, accuracy, bind):
    assert asked.dtype == "float32"
    problem = bind(asked, dtype="float32")
    random = np.random.default_rng(0)
    theta = problem.start(random).astype("float32")
    assert problem.metrics(theta)["test_accuracy"] < 0.3
    for _ in range(200):
        batch = problem.draw(random.integers(0, problem.records, 64), None)
        theta = theta - np.float32(lr) * problem.gradient(theta, batch)
    assert problem.metrics(theta)["test_accuracy"] > accuracy


def test_numbers_are_measured_by_their_root_mean_square_error(bind, random):
    problem = bind(SMOOTH["numbers"])
    theta = point(problem, random)
    metrics = problem.metrics(theta)
    dataset = problem.dataset
    parts = {"": dataset.train, "validation_": dataset.validation, "test_": dataset.test}
    assert set(metrics) == {f"{prefix}{what}" for prefix in parts for what in ("loss", "rmse")}
    for prefix, part in parts.items():
        hidden = 1 / (1 + np.exp(-(part.inputs @ theta[:30].reshape(10, 3) + theta[30:33])))
        errors = hidden @ theta[33:36] + theta[36] - part.targets
        assert_allclose(metrics[f"{prefix}rmse"], np.sqrt((errors**2).mean()), rtol=1e-12)


def images(**changes):
    inputs = np.arange(24.0).reshape(4, 6) / 24
    part = Part(inputs, np.array([0, 1, 1, 0]))
    fields = {"name": "images", "train": part, "validation": part, "test": part, "classes": 2}
    return Dataset(**{**fields, "shape": (2, 3, 1), **changes})


def test_one_record_is_enough(bind_to):
    one = Part(np.ones((1, 6)), np.array([1]))
    problem = bind_to(Network(layers=("convolution:channels=2", "relu")), images(train=one))
    theta = problem.start(np.random.default_rng(0))
    metrics = problem.metrics(theta)
    assert np.isfinite([*metrics.values()]).all()
    assert np.isfinite(problem.gradient(theta, problem.draw(np.array([0]), None))).all()


@pytest.mark.parametrize(
    ("labels", "said"), [([0, 1, 2, 0], "from 0 to 2"), ([0, -1, 1, 0], "from -1 to 1")]
)
def test_labels_that_are_no_classes_are_refused(labels, said, bind_to):
    part = Part(np.ones((4, 6)), np.array(labels))
    with pytest.raises(UsageError, match=f"test labels {said}, expected 0 to 1"):
        _ = bind_to(Network(), images(test=part)).size
