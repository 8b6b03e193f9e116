import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.networks.mlp import MultilayerPerceptron
from optframe_problems.regression.softmax import Softmax


def test_layout_covers_theta_without_gaps(bind):
    problem = bind(MultilayerPerceptron(hidden=(32, 16)))
    layout = problem.layout()
    assert [(name, shape) for name, shape, _ in layout] == [
        ("weights1", (64, 32)),
        ("bias1", (32,)),
        ("weights2", (32, 16)),
        ("bias2", (16,)),
        ("weights3", (16, 10)),
        ("bias3", (10,)),
    ]
    covered = np.concatenate([np.arange(problem.size)[where] for _, _, where in layout])
    assert_array_equal(covered, np.arange(64 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10))


def test_start_is_glorots_uniform_draw(bind):
    problem = bind(MultilayerPerceptron())
    assert problem.draws_start
    theta = problem.start(np.random.default_rng(0))
    assert_array_equal(theta, problem.start(np.random.default_rng(0)))
    assert (theta != problem.start(np.random.default_rng(1))).any()
    weights1, bias1, weights2, bias2 = (theta[where] for _, _, where in problem.layout())
    assert_array_equal(np.concatenate([bias1, bias2]), 0)
    for weights, ends in ((weights1, 64 + 32), (weights2, 32 + 10)):
        bound = np.sqrt(6 / ends)
        assert 0.98 * bound < abs(weights).max() <= bound
        deviations = 5 * bound / np.sqrt(3 * weights.size)
        assert abs(weights.mean()) < deviations
        assert weights.var() == pytest.approx(bound**2 / 3, rel=0.25)


def test_random_start_is_glorots_too(bind):
    problem = bind(MultilayerPerceptron())
    usual, drawn = (
        start(np.random.default_rng(4)) for start in (problem.start, problem.random_start)
    )
    assert_array_equal(usual, drawn)


def test_networks_run_in_float32(bind):
    assert MultilayerPerceptron.dtype == "float32"
    problem = bind(MultilayerPerceptron(), dtype="float32")
    theta = problem.asarray(problem.start(np.random.default_rng(0)))
    loss, gradient = problem.loss_and_gradient(theta, problem.draw(slice(0, 32), None))
    assert loss.dtype == gradient.dtype == "float32"
    assert {answer.dtype.name for answer in problem.metrics(theta).values()} == {"float32"}


PHI = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
}
each_activation = pytest.mark.parametrize("activation", PHI)
each_depth = pytest.mark.parametrize("hidden", [(), (4,), (4, 3), (3, 4, 5)], ids=str)


def scores_of_each_layer(problem, theta, inputs):
    """z₁, ..., z_L by the formulas, records first."""
    blocks = [theta[where].reshape(shape) for _, shape, where in problem.layout()]
    scores = [inputs @ blocks[0] + blocks[1]]
    for weights, bias in zip(blocks[2::2], blocks[3::2], strict=True):
        scores.append(PHI[problem.activation](scores[-1]) @ weights + bias)
    return scores


@each_activation
@each_depth
def test_loss_is_the_cross_entropy_worked_out_directly(hidden, activation, bind, random):
    problem = bind(MultilayerPerceptron("three-clouds", hidden, activation, l2=0.2))
    theta = random.standard_normal(problem.size)
    batch = problem.draw(slice(0, 9), None)
    odds = np.exp(scores_of_each_layer(problem, theta, batch.inputs)[-1])
    right = odds[np.arange(9), batch.targets] / odds.sum(axis=1)
    squares = sum((theta[where] ** 2).sum() for _, _, where in problem.layout()[::2])
    expected = -np.log(right).mean() + 0.1 * squares
    assert_allclose(problem.loss(theta, batch), expected, rtol=1e-12)
    expected = np.mean(odds.argmax(axis=1) == batch.targets)
    assert_allclose(problem.measure(theta, batch)[1], expected, rtol=1e-15)


def test_dead_units_of_relu_have_no_gradient(bind):
    problem = bind(MultilayerPerceptron("three-clouds", hidden=(4,), activation="relu"))
    gradient = problem.gradient(np.zeros(problem.size), problem.training)
    bias2 = problem.layout()[-1].where
    assert_array_equal(gradient[: bias2.start], 0)
    shares = np.bincount(problem.training.targets) / problem.records
    assert_allclose(gradient[bias2], 1 / 3 - shares, atol=1e-14)


def test_without_hidden_layers_it_is_softmax_regression(bind, random):
    network = bind(MultilayerPerceptron("three-clouds", hidden=(), l2=0.2))
    regression = bind(Softmax("three-clouds", l2=0.2))
    theta = random.standard_normal(network.size)
    ours = network.loss_and_gradient(theta, network.training)
    theirs = regression.loss_and_gradient(theta, regression.training)
    assert_allclose(ours[0], theirs[0], rtol=1e-13)
    assert_allclose(ours[1], theirs[1], rtol=1e-11, atol=1e-14)


def test_loss_with_zero_last_layer_is_ln_10(bind):
    problem = bind(MultilayerPerceptron())
    theta = problem.start(np.random.default_rng(0))
    theta[problem.layout()[-2].where] = 0
    assert_allclose(problem.loss(theta, problem.training), np.log(10), rtol=1e-14)


def test_gradient_descent_learns_the_digits(bind):
    """Two hundred steps bring a network that guesses to nine of ten test digits."""
    problem = bind(MultilayerPerceptron(), dtype="float32")
    random = np.random.default_rng(0)
    theta = problem.start(random).astype("float32")
    assert problem.metrics(theta)["test_accuracy"] < 0.3
    for _ in range(200):
        batch = problem.draw(random.integers(0, problem.records, 64), None)
        theta = theta - np.float32(1.0) * problem.gradient(theta, batch)
    assert problem.metrics(theta)["test_accuracy"] > 0.9
