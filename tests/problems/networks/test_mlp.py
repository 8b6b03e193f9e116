import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.networks.mlp import MultilayerPerceptron


def test_starts_are_glorots_uniform_draws(bind):
    problem = bind(MultilayerPerceptron())
    expected = problem.stack.start(np.random.default_rng(4), "glorot")
    for start in (problem.start, problem.random_start):
        assert_array_equal(start(np.random.default_rng(4)), expected)


PHI = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
}
each_activation = pytest.mark.parametrize("activation", PHI)
each_depth = pytest.mark.parametrize("hidden", [(), (4,), (4, 3), (3, 4, 5)], ids=str)


def scores_of_each_layer(problem, theta, inputs):
    """z₁, ..., z_L by the formulas, records first."""
    blocks = [*problem.layout().views(theta).values()]
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
    squares = sum((w**2).sum() for w in [*problem.layout().views(theta).values()][::2])
    expected = -np.log(right).mean() + 0.1 * squares
    assert_allclose(problem.loss(theta, batch), expected, rtol=1e-12)
    expected = np.mean(odds.argmax(axis=1) == batch.targets)
    assert_allclose(problem.measure(theta, batch)[1], expected, rtol=1e-15)
