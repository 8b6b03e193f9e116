"""Every layer's four functions, held against each other by definition and by differences."""

from copy import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optframe_problems.network_parts.layers.affine import Affine
from optframe_problems.network_parts.layers.convolution import Convolution
from optframe_problems.network_parts.layers.dropout import Dropout
from optframe_problems.network_parts.layers.flatten import Flatten
from optframe_problems.network_parts.layers.layer import Tangents
from optframe_problems.network_parts.layers.linear import Linear
from optframe_problems.network_parts.layers.max_pool import MaxPool
from optframe_problems.network_parts.layers.relu import Relu
from optframe_problems.network_parts.layers.sigmoid import Sigmoid
from optframe_problems.network_parts.layers.tanh import Tanh

IMAGE, RECORDS, STEP = (5, 6, 2), 3, 1e-6
LAYERS = [
    (Linear(4), (7,)),
    (Linear(20), (7,)),
    (Convolution(3, size=3), IMAGE),
    (Convolution(3, size=2, padding="valid"), IMAGE),
    (Convolution(2, size=3, stride=2), IMAGE),
    (Convolution(2, size=4, stride=3, padding="valid"), IMAGE),
    (Convolution(2, size=1, stride=2), IMAGE),
    (MaxPool(2), IMAGE),
    (MaxPool(3, stride=2, padding="same"), IMAGE),
    (MaxPool(2, stride=1), IMAGE),
    (MaxPool(2, stride=3), IMAGE),
    (Sigmoid(), (7,)),
    (Tanh(), IMAGE),
    (Relu(), IMAGE),
    (Dropout(0.3), (7,)),
    (Flatten(), IMAGE),
]
each_layer = pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda value: str(value))


class Case:
    """A layer at a point, with a direction; ``runs`` are the leading axes of all but masks."""

    def __init__(self, layer, shape, random, runs=()):
        self.layer, draw = layer, random.standard_normal
        owned = layer.parameters(shape)
        blocks = () if owned is None else (owned.weights, owned.bias)
        self.x, self.x_dot = draw((2, *runs, RECORDS, *shape))
        self.own = tuple(draw((*runs, *block)) for block in blocks)
        self.own_dot = tuple(draw((*runs, *block)) for block in blocks)
        if isinstance(layer, Dropout):
            self.own = (layer.mask(random, (RECORDS, *shape), "float64"),)
        outputs = (*runs, RECORDS, *layer.outputs(shape))
        self.delta, self.delta_dot = draw((2, *outputs))

    def moved(self, step):
        """The same along the direction."""
        other = copy(self)
        other.x, other.delta = self.x + step * self.x_dot, self.delta + step * self.delta_dot
        if self.own_dot:
            other.own = tuple(a + step * b for a, b in zip(self.own, self.own_dot, strict=True))
        return other

    def slopes(self):
        return tuple(np.full_like(block, np.nan) for block in self.own)

    def forward(self):
        return self.layer.forward(np, self.x.copy(), self.own)

    def backward(self):
        """∂f/∂x, and what was written for the parameters."""
        slopes = self.slopes()
        kept = self.forward()[1]
        before = self.layer.backward(np, kept, self.own, self.delta.copy(), slopes)
        return [before, *(slopes if self.own_dot else ())]

    def tangent(self):
        return self.layer.tangent(np, self.forward()[1], self.own, self.own_dot, self.x_dot)

    def tangent_backward(self):
        slopes = self.slopes()
        y_dot = self.tangent()
        before, before_dot = self.layer.tangent_backward(
            np,
            self.forward()[1],
            self.own,
            Tangents(self.own_dot, self.x_dot, y_dot),
            (self.delta, self.delta_dot),
            slopes,
        )
        return before, [before_dot, *(slopes if self.own_dot else ())]


@each_layer
def test_outputs_have_the_shape_that_was_said(layer, shape, random):
    case = Case(layer, shape, random)
    assert case.forward()[0].shape == case.delta.shape


@each_layer
def test_tangent_is_the_slope_of_forward(layer, shape, random):
    case = Case(layer, shape, random)
    ahead, behind = (case.moved(step).forward()[0] for step in (STEP, -STEP))
    assert_allclose(case.tangent(), (ahead - behind) / (2 * STEP), atol=1e-8)


@each_layer
def test_backward_is_the_adjoint_of_tangent(layer, shape, random):
    """δ·ẏ = ∂f/∂x·ẋ + ∂f/∂W·Ẇ + ∂f/∂b·ḃ for any δ, ẋ, Ẇ, ḃ."""
    case = Case(layer, shape, random)
    along = [case.x_dot, *case.own_dot]
    terms = [(a * b).sum() for a, b in zip(case.backward(), along, strict=True)]
    assert_allclose(sum(terms), (case.delta * case.tangent()).sum(), rtol=1e-11, atol=1e-12)


@each_layer
def test_tangent_backward_is_the_slope_of_backward(layer, shape, random):
    case = Case(layer, shape, random)
    ahead, behind = (case.moved(step).backward() for step in (STEP, -STEP))
    before, found = case.tangent_backward()
    assert_allclose(before, case.backward()[0], rtol=1e-12, atol=1e-14)
    for answer, a, b in zip(found, ahead, behind, strict=True):
        assert_allclose(answer, (a - b) / (2 * STEP), atol=2e-7)


@each_layer
def test_runs_together_equal_runs_alone(layer, shape, random):
    runs = (2, 2)
    case = Case(layer, shape, random, runs)
    together = [case.forward()[0], *case.backward(), case.tangent(), *case.tangent_backward()[1]]
    for run in np.ndindex(runs):
        alone = copy(case)
        for name in ("x", "x_dot", "delta", "delta_dot"):
            setattr(alone, name, getattr(case, name)[run])
        alone.own_dot = tuple(block[run] for block in case.own_dot)
        alone.own = tuple(block[run] for block in case.own) if case.own_dot else case.own
        answers = [alone.forward()[0], *alone.backward(), alone.tangent()]
        answers += alone.tangent_backward()[1]
        for whole, expected in zip(together, answers, strict=True):
            assert_allclose(whole[run], expected, rtol=1e-12, atol=1e-13)


@each_layer
def test_only_the_layers_that_say_so_overwrite_their_input(layer, shape, random):
    case = Case(layer, shape, random)
    x = case.x.copy()
    layer.forward(np, x, case.own)
    assert layer.overwrites != np.array_equal(x, case.x)


@each_layer
def test_the_first_layer_writes_the_same_slopes(layer, shape, random):
    if not isinstance(layer, Affine):
        return
    case = Case(layer, shape, random)
    slopes, dots = case.slopes(), case.slopes()
    layer.arrive(np, case.x, case.delta, slopes)
    for found, expected in zip(slopes, case.backward()[1:], strict=True):
        assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    tangents = Tangents(case.own_dot, None, case.delta)
    layer.tangent_backward(np, case.x, case.own, tangents, (case.delta, case.delta_dot), dots)
    case.x_dot[...] = 0
    for found, expected in zip(dots, case.tangent_backward()[1][1:], strict=True):
        assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
