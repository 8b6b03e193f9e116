import numpy as np
import pytest
from numpy.testing import assert_allclose

from optframe_problems.network_parts.layers import window
from optframe_problems.network_parts.layers.convolution import Convolution


def by_definition(x, weights, bias, stride, margins):
    """Sum over the window, pixel by pixel; ``margins`` are the zeros before and after."""
    (top, bottom), (left, right) = margins
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    size = len(weights)
    rows = (padded.shape[1] - size) // stride + 1
    columns = (padded.shape[2] - size) // stride + 1
    y = np.empty((len(x), rows, columns, weights.shape[-1]))
    for i in range(rows):
        for j in range(columns):
            seen = padded[:, i * stride : i * stride + size, j * stride : j * stride + size]
            y[:, i, j] = np.einsum("bijc,ijcn->bn", seen, weights) + bias
    return y


@pytest.mark.parametrize(
    ("size", "stride", "padding", "margins"),
    [
        (3, 1, "same", ((1, 1), (1, 1))),
        (5, 1, "same", ((2, 2), (2, 2))),
        (2, 1, "same", ((0, 1), (0, 1))),
        (4, 1, "same", ((1, 2), (1, 2))),
        (3, 2, "same", ((1, 1), (0, 1))),
        (3, 3, "same", ((0, 1), (0, 0))),
        (1, 2, "same", ((0, 0), (0, 0))),
        (3, 1, "valid", ((0, 0), (0, 0))),
        (2, 2, "valid", ((0, 0), (0, 0))),
        (1, 1, "valid", ((0, 0), (0, 0))),
    ],
)
def test_it_is_the_sum_over_the_window(size, stride, padding, margins, random):
    layer = Convolution(3, size, stride, padding)
    x = random.standard_normal((4, 5, 6, 2))
    weights, bias = random.standard_normal((size, size, 2, 3)), random.standard_normal(3)
    expected = by_definition(x, weights, bias, stride, margins)
    assert layer.outputs((5, 6, 2)) == expected.shape[1:]
    assert_allclose(layer.forward(np, x, (weights, bias))[0], expected, rtol=1e-11, atol=1e-13)


def test_records_that_go_through_in_pieces_give_the_same(random, monkeypatch):
    layer = Convolution(3, 3, 2)
    x, delta = random.standard_normal((7, 5, 6, 2)), random.standard_normal((7, 3, 3, 3))
    own = random.standard_normal((3, 3, 2, 3)), random.standard_normal(3)

    def answers():
        slopes, last = ([np.empty_like(block) for block in own] for _ in range(2))
        y, kept = layer.forward(np, x, own)
        before = layer.backward(np, kept, own, delta, slopes)
        layer.arrive(np, kept, delta, last)
        return [y, before, *slopes, *last]

    whole = answers()
    monkeypatch.setattr(window, "CACHED", 2 * 3 * 3 * 18)  # two records and a half, on the way back
    for found, expected in zip(answers(), whole, strict=True):
        assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_a_shared_batch_costs_one_copy_for_all_runs(random):
    layer = Convolution(3, 3)
    x = random.standard_normal((4, 5, 6, 2))
    weights, bias = random.standard_normal((2, 3, 3, 2, 3)), random.standard_normal((2, 3))
    together, kept = layer.forward(np, x, (weights, bias))
    assert kept is x
    for run in range(2):
        alone = layer.forward(np, x, (weights[run], bias[run]))[0]
        assert_allclose(together[run], alone, rtol=1e-13)


def test_an_image_smaller_than_the_window_fits_with_a_margin():
    assert Convolution(3, 5).outputs((4, 9, 1)) == (4, 9, 3)
