import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.network_parts.layer_stack import stacked
from optframe_problems.network_parts.layers.convolution import Convolution
from optframe_problems.network_parts.layers.flatten import Flatten
from optframe_problems.network_parts.layers.linear import Linear
from optframe_problems.network_parts.layers.max_pool import MaxPool
from optframe_problems.network_parts.layers.relu import Relu

CONVOLUTION, POOL, RELU = Convolution(4, size=3), MaxPool(2), Relu()


def stack_of(*layers, shape=(8, 8, 1)):
    return stacked(layers, [type(layer).__name__ for layer in layers], shape)


def test_blocks_cover_theta_in_the_order_of_the_layers():
    stack = stack_of(CONVOLUTION, RELU, POOL, Linear(5), RELU, Linear(3))
    assert [(block.name, block.shape, block.kind) for block in stack.layout] == [
        ("weights1", (3, 3, 1, 4), "input"),
        ("bias1", (4,), "bias"),
        ("weights2", (4 * 4 * 4, 5), "hidden"),
        ("bias2", (5,), "bias"),
        ("weights3", (5, 3), "output"),
        ("bias3", (3,), "bias"),
    ]
    theta = np.arange(36 + 4 + 320 + 5 + 15 + 3)
    assert stack.size == len(theta)
    assert_array_equal(
        np.concatenate([part.ravel() for own in stack.owns(theta) for part in own]), theta
    )
    for number, (name, view) in enumerate(stack.layout.views(theta).items()):
        own = [part for own in stack.owns(theta) for part in own][number]
        assert_array_equal(view, own, err_msg=name)


def test_images_are_flattened_before_a_linear_layer_and_never_twice():
    for layers in ((Linear(5), Linear(3)), (Flatten(), Linear(5), Linear(3))):
        assert stack_of(CONVOLUTION, *layers).layers[1:] == (Flatten(), Linear(5), Linear(3))
    assert stack_of(Linear(5)).layers == (Linear(5),)
    assert stack_of(Linear(5), shape=(64,)).layers == (Linear(5),)


def test_max_pooling_goes_before_the_activation_it_follows():
    stack = stack_of(CONVOLUTION, RELU, POOL, Linear(3))
    assert stack.layers == (CONVOLUTION, POOL, RELU, Flatten(), Linear(3))
    assert stack.shapes == ((8, 8, 1), (8, 8, 4), (4, 4, 4), (4, 4, 4), (64,), (3,))


@pytest.mark.parametrize("initial", ["glorot", "he"])
def test_weights_start_uniformly_by_their_fans(initial):
    stack = stack_of(Convolution(40, size=3), RELU, Linear(300), RELU, Linear(50), shape=(6, 6, 3))
    theta = stack.start(np.random.default_rng(0), initial)
    assert_array_equal(theta, stack.start(np.random.default_rng(0), initial))
    fans = [(27, 360), (1440, 300), (300, 50)]
    names = [*stack.layout.slices]
    for (fan_in, fan_out), weights, bias in zip(fans, names[::2], names[1::2], strict=True):
        drawn = theta[stack.layout.slices[weights]]
        bound = np.sqrt(6 / (fan_in + fan_out * (initial == "glorot")))
        assert 0.98 * bound < abs(drawn).max() <= bound
        assert abs(drawn.mean()) < 5 * bound / np.sqrt(3 * drawn.size)
        assert drawn.var() == pytest.approx(bound**2 / 3, rel=0.15)
        assert_array_equal(theta[stack.layout.slices[bias]], 0)


def test_with_hes_start_relus_keep_their_second_moment():
    stack = stack_of(*[Linear(500), RELU] * 6, Linear(500), shape=(500,))
    theta = stack.start(np.random.default_rng(0), "he")
    inputs = np.random.default_rng(1).standard_normal((100, 500))
    outputs = stack.forward(np, stack.owns(theta), inputs, [])
    assert 0.5 < (outputs**2).mean() / 2 < 2  # 2 = what a last layer without relu makes of 1


@pytest.mark.parametrize(
    ("layers", "shape", "said"),
    [
        ((Linear(5), CONVOLUTION), (8, 8, 1), r"layer 2, Convolution: expected images of shape"),
        ((CONVOLUTION,), (64,), r"\(height, width, channels\), found \(64,\)"),
        ((RELU, POOL), (64,), r"layer 2, MaxPool: .* found \(64,\)"),
        (
            (Convolution(4, 9, padding="valid"),),
            (8, 8, 1),
            r"layer 1, Convolution: expected .* at least 9 × 9 pixels, or padding=same, found "
            r"\(8, 8, 1\)",
        ),
        ((Flatten(), Flatten()), (8, 8, 1), r"layer 2, Flatten: .* found \(64,\)"),
    ],
)
def test_a_layer_that_does_not_fit_is_named_with_what_it_needs_and_sees(layers, shape, said):
    with pytest.raises(ValueError, match=said):
        stack_of(*layers, shape=shape)


def test_nothing_that_is_still_needed_is_overwritten(random):
    stack = stack_of(RELU, Linear(6), RELU, RELU, Linear(3), shape=(5,))
    inputs, theta = random.standard_normal((4, 5)), random.standard_normal(stack.size)
    before, kept = inputs.copy(), []
    stack.forward(np, stack.owns(theta), inputs, kept)
    assert_array_equal(inputs, before)
    assert not np.shares_memory(kept[2], kept[3])
    assert_allclose(kept[2], kept[3])
