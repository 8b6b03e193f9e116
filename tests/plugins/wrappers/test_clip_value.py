import numpy as np

from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.wrappers.clip_value import ClipValue


def test_each_component_is_cut_by_itself(iterate, backend):
    gradient = np.array([[3.0, -0.5, -7.0, 1.0]])
    found = iterate(ClipValue(SGD(lr=1.0), max=1.0), gradient, np.zeros(4), 1, backend)
    np.testing.assert_array_equal(found.iterates[1], [-1.0, 0.5, 1.0, -1.0])


def test_the_optimizer_inside_sees_the_cut_gradients(iterate, random):
    gradients, start = 3 * random.standard_normal((30, 4)), random.standard_normal(4)
    found = iterate(ClipValue(Momentum(), max=0.8), gradients, start, 30)
    expected = iterate(Momentum(), np.clip(gradients, -0.8, 0.8), start, 30)
    np.testing.assert_array_equal(found.iterates, expected.iterates)


def test_nan_stays_nan(iterate):
    found = iterate(ClipValue(SGD(lr=1.0), max=1.0), np.array([[np.nan, 2.0]]), np.zeros(2), 1)
    np.testing.assert_array_equal(found.iterates[1], [np.nan, -1.0])
