"""The networks of the lecture and of the Adam paper."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.networks.cifar10_cnn import Cifar10Cnn
from optframe_problems.networks.mlp import MultilayerPerceptron
from optframe_problems.networks.mnist_lecture import MnistLecture
from optframe_problems.networks.mnist_logistic import MnistLogistic
from optframe_problems.networks.mnist_mlp import MnistMlp

NAMED = [
    (MnistLecture(), 25_450, True),
    (MnistLogistic(), 7_850, True),
    (MnistMlp(), 1_796_010, False),
    (MnistMlp(dropout=False), 1_796_010, True),
    (Cifar10Cnn(), 2_371_266, False),
    (Cifar10Cnn(dropout=False), 2_371_266, True),
]
each_named = pytest.mark.parametrize(("asked", "size", "deterministic"), NAMED, ids=str)


@each_named
def test_parameters(asked, size, deterministic, bind):
    problem = bind(asked, dtype="float32")
    assert problem.size == size
    assert problem.deterministic == deterministic
    assert asked.dtype == "float32"


@each_named
def test_a_step_lowers_the_loss(asked, size, deterministic, bind):
    problem = bind(asked, dtype="float32")
    theta = problem.asarray(problem.start(np.random.default_rng(0)))
    batch = problem.draw(np.arange(16), np.random.default_rng(1))
    loss, gradient = problem.loss_and_gradient(theta, batch)
    assert loss.dtype == gradient.dtype == "float32"
    lr = np.float32(0.01 * loss / (gradient * gradient).sum())
    assert 0.985 * loss < problem.loss(theta - lr * gradient, batch) < 0.995 * loss


def test_the_lectures_network_is_a_perceptron(bind, random):
    named, plain = bind(MnistLecture()), bind(MultilayerPerceptron("mnist"))
    seed = int(random.integers(2**32))
    theta = named.start(np.random.default_rng(seed))
    assert_array_equal(theta, plain.start(np.random.default_rng(seed)))
    assert_array_equal(named.gradient(theta, named.training), plain.gradient(theta, plain.training))


def test_the_deterministic_variant_is_the_same_without_masks(bind, random):
    dropped, plain = bind(MnistMlp()), bind(MnistMlp(dropout=False))
    theta = random.standard_normal(plain.size) / 30
    assert_allclose(dropped.metrics(theta)["loss"], plain.metrics(theta)["loss"], rtol=1e-12)
    batch = dropped.draw(slice(0, 8), random)
    assert [mask.shape for mask in batch.masks] == [(8, 784), (8, 1000), (8, 1000)]
    shares = [(mask == 0).mean() for mask in batch.masks]
    assert_allclose(shares, [0.2, 0.5, 0.5], atol=0.06)


def test_the_photographs_become_smaller_by_half_three_times(bind):
    stack = bind(Cifar10Cnn(), dtype="float32").stack
    images = [shape for shape in stack.shapes if len(shape) == 3]
    assert list(dict.fromkeys(images)) == [
        (32, 32, 3),
        (32, 32, 64),
        (16, 16, 64),
        (8, 8, 64),
        (8, 8, 128),
        (4, 4, 128),
    ]
    assert [(block.shape, block.kind) for block in stack.layout][::2] == [
        ((5, 5, 3, 64), "input"),
        ((5, 5, 64, 64), "hidden"),
        ((5, 5, 64, 128), "hidden"),
        ((2048, 1000), "hidden"),
        ((1000, 10), "output"),
    ]


@pytest.mark.parametrize("own_batches", [False, True])
def test_64_networks_advance_in_one_product(own_batches, bind):
    problem = bind(MnistLecture(), dtype="float32")
    random = np.random.default_rng(0)
    theta = np.stack([problem.start(random) for _ in range(64)]).astype("float32")
    indices = random.integers(0, problem.records, (64, 16) if own_batches else 16)
    gradients = problem.gradient(theta, problem.draw(indices, None))
    for run in range(64):
        own = problem.draw(indices[run] if own_batches else indices, None)
        assert_array_equal(gradients[run], problem.gradient(theta[run], own))
