"""The blocks of every kind of problem are those that its loss is worked out with."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optframe
from optframe import Block, Layout, Problem, StochasticProblem, Transform
from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.networks.mlp import MultilayerPerceptron
from optframe_problems.networks.network import Network
from optframe_problems.regression.logistic import Logistic
from optframe_problems.regression.softmax import Softmax
from optframe_problems.regression.streaming_regression import StreamingRegression
from optframe_problems.transforms.multiplicative_noise import MultiplicativeNoise
from optframe_problems.transforms.noise import Noise
from optframe_problems.transforms.rotate import Rotate
from optframe_problems.transforms.scale import Scale
from optframe_problems.transforms.shift import Shift

PERCEPTRON = MultilayerPerceptron("three-clouds", (4, 3), "tanh")


def described(problem):
    return [(block.name, block.shape, block.kind) for block in problem.layout()]


def cross_entropy(z, targets):
    """−mean log softmax(z)_y over the records, along the last axis but one."""
    z = z - z.max(axis=-1, keepdims=True)
    right = z[..., np.arange(len(targets)), targets]
    return (np.log(np.exp(z).sum(axis=-1)) - right).mean(axis=-1)


@pytest.mark.parametrize("runs", [(), (2,), (2, 3)], ids=str)
def test_a_perceptrons_loss_follows_from_its_views(runs, bind, random):
    problem = bind(PERCEPTRON)
    theta = random.standard_normal((*runs, problem.size))
    batch = problem.draw(slice(0, 9), None)
    w = problem.layout().views(theta)
    a = np.tanh(batch.inputs @ w["weights1"] + w["bias1"][..., None, :])
    a = np.tanh(a @ w["weights2"] + w["bias2"][..., None, :])
    z = a @ w["weights3"] + w["bias3"][..., None, :]
    assert_allclose(problem.loss(theta, batch), cross_entropy(z, batch.targets), rtol=1e-12)


def test_a_perceptrons_layers_are_input_hidden_and_output(bind):
    assert described(bind(PERCEPTRON)) == [
        ("weights1", (5, 4), "input"),
        ("bias1", (4,), "bias"),
        ("weights2", (4, 3), "hidden"),
        ("bias2", (3,), "bias"),
        ("weights3", (3, 3), "output"),
        ("bias3", (3,), "bias"),
    ]
    assert [kind for _, _, kind in described(bind(MultilayerPerceptron("three-clouds", ())))] == [
        "output",
        "bias",
    ]


def test_a_convolutional_networks_loss_follows_from_its_views(bind, random):
    problem = bind(Network("digits", ("convolution:channels=2,size=3", "tanh")))
    assert described(problem) == [
        ("weights1", (3, 3, 1, 2), "input"),
        ("bias1", (2,), "bias"),
        ("weights2", (8 * 8 * 2, 10), "output"),
        ("bias2", (10,), "bias"),
    ]
    theta = random.standard_normal(problem.size)
    batch = problem.draw(slice(0, 5), None)
    w = problem.layout().views(theta)
    images = np.pad(batch.inputs.reshape(5, 8, 8, 1), ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = np.zeros((5, 8, 8, 2))
    for i in range(8):
        for j in range(8):
            window = images[:, i : i + 3, j : j + 3]
            y[:, i, j] = np.tensordot(window, w["weights1"], axes=3) + w["bias1"]
    z = np.tanh(y).reshape(5, -1) @ w["weights2"] + w["bias2"]
    assert_allclose(problem.loss(theta, batch), cross_entropy(z, batch.targets), rtol=1e-12)


def test_linear_models_have_weights_and_a_bias(bind, random):
    softmax, logistic = bind(Softmax("three-clouds")), bind(Logistic("breast-cancer"))
    assert described(softmax) == [("weights", (5, 3), "output"), ("bias", (3,), "bias")]
    assert described(logistic) == [("weights", (30,), "output"), ("bias", (1,), "bias")]

    theta, batch = random.standard_normal(softmax.size), softmax.training
    w = softmax.layout().views(theta)
    z = batch.inputs[:, :5] @ w["weights"] + w["bias"]
    assert_allclose(softmax.loss(theta, batch), cross_entropy(z, batch.targets), rtol=1e-12)

    theta, batch = 1e-3 * random.standard_normal(logistic.size), logistic.training
    w = logistic.layout().views(theta)
    z = batch.inputs[:, :30] @ w["weights"] + w["bias"]
    expected = np.log1p(np.exp(-batch.targets * z)).mean()
    assert_allclose(logistic.loss(theta, batch), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "asked", [Rosenbrock(), StreamingRegression(size=7), Noise(Rosenbrock())], ids=str
)
def test_other_problems_have_one_block(asked, bind):
    problem = bind(asked)
    assert described(problem) == [("parameter", (problem.size,), "parameter")]


@pytest.mark.parametrize(
    "around",
    [Noise, MultiplicativeNoise, Shift, Scale, lambda problem: Scale(Noise(problem), 4.0)],
)
def test_transforms_that_keep_the_parameters_keep_the_blocks(around, bind):
    assert bind(around(PERCEPTRON)).layout() == bind(PERCEPTRON).layout()


@pytest.mark.parametrize("around", [Rotate, lambda problem: Noise(Rotate(problem))])
def test_a_rotation_mixes_the_blocks_to_one(around, bind):
    problem = bind(around(PERCEPTRON))
    assert described(problem) == [("parameter", (problem.size,), "parameter")]


class Half(Transform):
    """Half of the parameters of a problem."""

    size = 26

    def __init__(self, problem):
        self.problem = problem

    def loss(self, theta, *batch):
        return self.inside.loss(np.repeat(theta, 2, axis=-1)[..., : self.problem.size], *batch)

    def gradient(self, theta, *batch):
        raise NotImplementedError


def test_a_transform_to_another_size_has_one_block(bind):
    assert Half(bind(PERCEPTRON)).layout() == Layout.single(26)


LIGHT = [
    name
    for name in optframe.load_plugins().names("problems")
    if not isinstance(optframe.make(name), StochasticProblem)
]


@pytest.mark.parametrize("name", LIGHT)
def test_the_blocks_of_every_function_cover_its_theta(name, bind):
    problem: Problem = bind(optframe.make(name))
    assert [*problem.layout()] == [Block("parameter", (problem.size,))]
