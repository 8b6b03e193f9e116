import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.network_parts.layers.relu import Relu
from optframe_problems.network_parts.layers.sigmoid import Sigmoid
from optframe_problems.network_parts.layers.tanh import Tanh


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
        (Tanh(), np.tanh),
        (Relu(), lambda x: np.where(x > 0, x, 0)),
    ],
    ids=["sigmoid", "tanh", "relu"],
)
def test_values(layer, function, random):
    x = 4 * random.standard_normal(50)
    assert_allclose(layer.forward(np, x.copy(), ())[0], function(x), rtol=1e-13, atol=1e-16)


def test_far_out_the_sigmoid_is_flat_and_finite():
    x = np.array([-1e4, -800, 800, 1e4], np.float32)
    y, kept = Sigmoid().forward(np, x, ())
    assert_array_equal(y, [0, 0, 1, 1])
    assert_array_equal(Sigmoid().backward(np, kept, (), np.ones(4, np.float32), ()), 0)


def test_at_zero_the_slope_of_relu_is_zero():
    y, kept = Relu().forward(np, np.array([-1.0, 0, 1]), ())
    assert_array_equal(y, [0, 0, 1])
    assert_array_equal(Relu().slope(np, kept), [0, 0, 1])
    assert_array_equal(Relu().backward(np, kept, (), np.full(3, 7.0), ()), [0, 0, 7])
