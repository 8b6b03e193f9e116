"""The same outputs and derivatives as torch's layers and its double backward, in float64."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optframe import Dataset, Part, Setting
from optframe.testing import PlainBackend
from optframe_problems.network_parts.layers.convolution import Convolution
from optframe_problems.network_parts.layers.dropout import Dropout
from optframe_problems.network_parts.layers.flatten import Flatten
from optframe_problems.network_parts.layers.layer import Tangents
from optframe_problems.network_parts.layers.linear import Linear
from optframe_problems.network_parts.layers.max_pool import MaxPool
from optframe_problems.network_parts.layers.relu import Relu
from optframe_problems.network_parts.layers.sigmoid import Sigmoid
from optframe_problems.network_parts.layers.tanh import Tanh
from optframe_problems.networks.mlp import MultilayerPerceptron
from optframe_problems.networks.network import Network

torch = pytest.importorskip(
    "torch", reason="peers are not installed: pip install 'optframe-bench[peers]'"
)
F = torch.nn.functional

IMAGE, RECORDS = (9, 10, 3), 4
EXACT = {"rtol": 1e-10, "atol": 1e-10}
LAYERS = [
    (Linear(4), (7,)),
    (Linear(40), (7,)),
    (Convolution(5, size=3), IMAGE),
    (Convolution(5, size=4), IMAGE),
    (Convolution(5, size=5, padding="valid"), IMAGE),
    (Convolution(4, size=3, stride=2), IMAGE),
    (Convolution(4, size=3, stride=4, padding="valid"), IMAGE),
    (MaxPool(2), IMAGE),
    (MaxPool(3, stride=2, padding="same"), IMAGE),
    (MaxPool(3, stride=1, padding="same"), IMAGE),
    (Sigmoid(), (7,)),
    (Tanh(), IMAGE),
    (Relu(), IMAGE),
    (Dropout(0.4), IMAGE),
    (Flatten(), IMAGE),
]


def margins(n, size, stride):
    """TensorFlow's SAME, which torch has for the stride 1 only."""
    total = max(0, (-(-n // stride) - 1) * stride + size - n)
    return total // 2, total - total // 2


def padded(layer, x, value):
    if layer.padding == "valid":
        return x
    (top, bottom), (left, right) = (margins(n, layer.size, layer.stride) for n in x.shape[-2:])
    return F.pad(x, (left, right, top, bottom), value=value)


def theirs(layer, x, own):
    """What torch makes of channels-last images or numbers."""
    match layer:
        case Linear():
            return x @ own[0] + own[1]
        case Convolution():
            images = padded(layer, x.permute(0, 3, 1, 2), 0.0)
            kernel = own[0].permute(3, 2, 0, 1)
            return F.conv2d(images, kernel, own[1], stride=layer.stride).permute(0, 2, 3, 1)
        case MaxPool():
            images = padded(layer, x.permute(0, 3, 1, 2), -np.inf)
            return F.max_pool2d(images, layer.size, layer.stride).permute(0, 2, 3, 1)
        case Dropout():
            return x * own[0] if own else x
        case Flatten():
            return x.flatten(1)
    return {Sigmoid: torch.sigmoid, Tanh: torch.tanh, Relu: torch.relu}[type(layer)](x)


def tensors(*arrays):
    return [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_each_layer(layer, shape, random):
    draw = random.standard_normal
    owned = layer.parameters(shape)
    blocks = () if owned is None else (owned.weights, owned.bias)
    own, own_dot = (tuple(draw(block) for block in blocks) for _ in range(2))
    mask = (layer.mask(random, (RECORDS, *shape), "float64"),) if type(layer) is Dropout else ()
    x, x_dot = draw((2, RECORDS, *shape))
    delta, delta_dot = draw((2, RECORDS, *layer.outputs(shape)))
    slopes, slopes_dot = ([np.empty_like(block) for block in own] for _ in range(2))

    y, kept = layer.forward(np, x.copy(), own or mask)
    y_dot = layer.tangent(np, kept, own or mask, own_dot, x_dot)
    _, back_dot = layer.tangent_backward(
        np, kept, own or mask, Tangents(own_dot, x_dot, y_dot), (delta, delta_dot), slopes_dot
    )
    expected_y = y.copy()
    back = layer.backward(np, kept, own or mask, delta.copy(), slopes)

    inputs, *parameters, outer = tensors(x, *own, delta)
    masks = [torch.tensor(each) for each in mask]
    out = theirs(layer, inputs, parameters or masks)
    assert_allclose(expected_y, out.detach(), **EXACT)
    grads = torch.autograd.grad(out, [inputs, *parameters], outer, create_graph=True)
    for found, grad in zip([back, *slopes], grads, strict=True):
        assert_allclose(found, grad.detach(), **EXACT)

    # R{·} by the transpose of the transpose: the derivative by w of its product with w
    points, along = [inputs, *parameters], tensors(x_dot, *own_dot)
    probes = tensors(*(np.ones_like(grad.detach()) for grad in grads))
    for found, grad, probe in zip([back_dot, *slopes_dot], grads, probes, strict=True):
        slopes_by_point = torch.autograd.grad(
            grad, [*points, outer], probe, create_graph=True, allow_unused=True
        )
        total = sum(
            (slope * direction).sum()
            for slope, direction in zip(
                slopes_by_point, [*along, torch.tensor(delta_dot)], strict=True
            )
            if slope is not None
        )
        (expected,) = torch.autograd.grad(total, probe)
        assert_allclose(found, expected, **EXACT)


NETWORKS = [
    MultilayerPerceptron("postcards", (6, 5), "sigmoid", l2=0.1),
    MultilayerPerceptron("postcards", (20, 5), "relu", 0.1, "squared", 0.2, 0.5),
    Network(
        "postcards",
        (
            "dropout:rate=0.2",
            "convolution:channels=4,size=5",
            "relu",
            "max-pool:size=3,stride=2,padding=same",
            "convolution:channels=5,size=3,stride=2",
            "tanh",
            "max-pool:size=2,stride=1",
            "linear:units=20",
            "sigmoid",
            "dropout",
        ),
        l2=0.05,
    ),
    Network("postcards", ("convolution:channels=4,padding=valid", "sigmoid", "max-pool")),
]


def postcards(random):
    inputs, targets = random.standard_normal((40, 270)), random.integers(0, 3, 40)
    part = Part(inputs, targets)
    return Dataset("postcards", part, part, part, classes=3, shape=IMAGE)


@pytest.mark.parametrize("asked", NETWORKS, ids=str)
def test_whole_networks(asked, random):
    dataset = postcards(random)
    seeds = np.random.SeedSequence(0)
    problem = asked.bind(Setting(PlainBackend(), "float64", seeds, lambda name: dataset))
    batch = problem.draw(random.integers(0, 40, 12), random)
    theta, v = 0.5 * random.standard_normal((2, problem.size))
    loss, gradient = problem.loss_and_gradient(theta, batch)

    (flat,) = tensors(theta)
    x = torch.tensor(batch.inputs).reshape(-1, *problem.stack.shapes[0])
    if isinstance(asked, Network):
        x = x.reshape(-1, *IMAGE)
    masks = iter(getattr(batch, "masks", ()))
    blocks = iter(problem.layout().views(flat).values())
    penalty = 0
    # in the order in which they are written, not that of the stack, which pools first
    for layer in (*(layer for _, layer in asked.hidden_layers()), Linear(3)):
        own = ()
        if isinstance(layer, (Linear, Convolution)):
            x = x.flatten(1) if isinstance(layer, Linear) else x
            own = (next(blocks), next(blocks))
            penalty = penalty + 0.5 * asked.l2 * (own[0] ** 2).sum()
        elif isinstance(layer, Dropout):
            own = (torch.tensor(next(masks)),)
        x = theirs(layer, x, own)
    targets = torch.tensor(batch.targets)
    if asked.output_loss == "softmax":
        expected = F.cross_entropy(x, targets) + penalty
    else:
        errors = x - F.one_hot(targets, 3)
        expected = 0.5 * (errors**2).sum(dim=1).mean() + penalty
    assert_allclose(loss, expected.detach(), **EXACT)
    (grad,) = torch.autograd.grad(expected, flat, create_graph=True)
    assert_allclose(gradient, grad.detach(), **EXACT)
    (product,) = torch.autograd.grad(grad @ torch.tensor(v), flat)
    assert_allclose(problem.hvp(theta, v, batch), product, **EXACT)
