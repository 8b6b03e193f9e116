import numpy as np
import pytest
from numpy.testing import assert_array_equal

from optframe_problems.network_parts.layers import window
from optframe_problems.network_parts.layers.max_pool import MaxPool


@pytest.mark.parametrize(
    ("size", "stride", "padding", "margins"),
    [
        (2, 2, "valid", ((0, 0), (0, 0))),
        (3, 2, "valid", ((0, 0), (0, 0))),
        (2, 3, "valid", ((0, 0), (0, 0))),
        (3, 2, "same", ((1, 1), (0, 1))),
        (2, 2, "same", ((0, 1), (0, 0))),
        (3, 1, "same", ((1, 1), (1, 1))),
    ],
)
def test_it_is_the_largest_in_the_window(size, stride, padding, margins, random, monkeypatch):
    monkeypatch.setattr(window, "CACHED", 100)  # one image of 60 numbers at a time
    layer = MaxPool(size, stride, padding)
    x = random.standard_normal((3, 5, 6, 2)) - 5
    padded = np.pad(x, ((0, 0), *margins, (0, 0)), constant_values=-np.inf)
    rows = (padded.shape[1] - size) // stride + 1
    columns = (padded.shape[2] - size) // stride + 1
    assert layer.outputs((5, 6, 2)) == (rows, columns, 2)
    delta = random.standard_normal((3, rows, columns, 2))
    y, kept = layer.forward(np, x, ())
    slopes = np.zeros_like(padded)
    for b, i, j, c in np.ndindex(y.shape):
        seen = padded[b, i * stride : i * stride + size, j * stride : j * stride + size, c]
        assert y[b, i, j, c] == seen.max()
        row, column = np.unravel_index(seen.argmax(), seen.shape)
        slopes[b, i * stride + row, j * stride + column, c] += delta[b, i, j, c]
    (top, _), (left, _) = margins
    expected = slopes[:, top : top + 5, left : left + 6]
    found = layer.backward(np, kept, (), delta, ())
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_of_equal_ones_the_first_counts():
    x = np.array([[0.0, 2, 2], [2, 1, 2], [0, 0, 0]]).reshape(1, 3, 3, 1)
    layer = MaxPool(3, 1)
    y, kept = layer.forward(np, x, ())
    assert y.item() == 2
    slopes = layer.backward(np, kept, (), np.ones((1, 1, 1, 1)), ())
    assert_array_equal(slopes[0, :, :, 0], [[0, 1, 0], [0, 0, 0], [0, 0, 0]])


def test_nan_does_not_get_lost():
    x = np.zeros((1, 2, 2, 1))
    x[0, 1, 0, 0] = np.nan
    assert np.isnan(MaxPool(2).forward(np, x, ())[0]).all()
