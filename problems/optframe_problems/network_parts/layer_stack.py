"""Layers one after another over one flat θ: outputs, gradients, products with the Hessian."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Block, Layout
from optframe_problems.network_parts.layers.affine import Affine
from optframe_problems.network_parts.layers.convolution import Convolution
from optframe_problems.network_parts.layers.dropout import Dropout
from optframe_problems.network_parts.layers.flatten import Flatten
from optframe_problems.network_parts.layers.layer import Layer, Own, Parameters, Shape, Tangents
from optframe_problems.network_parts.layers.linear import Linear
from optframe_problems.network_parts.layers.max_pool import MaxPool

__all__ = ["Stack", "stacked"]

Places = tuple[tuple[slice, Shape], ...]


@dataclass(frozen=True)
class Stack:
    """Layers that fit, with the parts of θ that each reads, in order: W, then b, of each layer.

    Parameters
    ----------
    layers
        The layers, with what was put between them.
    shapes
        The features that each sees, and at the end the outputs'.
    layout
        The blocks of θ.
    """

    layers: tuple[Layer, ...]
    shapes: tuple[Shape, ...]
    layout: Layout
    places: tuple[Places, ...]
    first: int
    """The first layer with parameters: before it, nothing depends on θ."""

    copies: frozenset[int]
    """The layers that would overwrite what a layer before them keeps, or the inputs."""

    @property
    def size(self) -> int:
        """P."""
        return self.layout.size

    @property
    def widest(self) -> int:
        """The numbers that the widest layer holds for a record."""
        return max(prod(shape) for shape in self.shapes[1:])

    @property
    def weights(self) -> tuple[slice, ...]:
        """Where in θ the weights are."""
        return tuple(self.layout.slices.values())[::2]

    def start(self, random: np.random.Generator, initial: str) -> NDArray[Any]:
        """Draw weights uniformly in ±√(6/(fan in + fan out)), or ±√(6/fan in) of He; biases 0."""
        theta = np.zeros(self.size)
        for layer, shape, places in zip(self.layers, self.shapes, self.places, strict=False):
            owned = layer.parameters(shape)
            if owned is not None:
                fans = owned.fan_in + (owned.fan_out if initial == "glorot" else 0)
                bound = sqrt(6 / fans)
                theta[places[0][0]] = random.uniform(-bound, bound, owned.weights).ravel()
        return theta

    def masks(self, random: np.random.Generator, records: Shape, dtype: str) -> list[NDArray[Any]]:
        """Draw the mask of each dropout layer, (B, *features), and a run axis if the runs draw."""
        return [
            layer.mask(random, (*records, *shape), dtype)
            for layer, shape in zip(self.layers, self.shapes, strict=False)
            if isinstance(layer, Dropout)
        ]

    def forward(self, xp: Any, owns: Sequence[Own], inputs: Array, kept: list[Any]) -> Array:
        """Return the outputs z, and add to ``kept`` what each layer keeps."""
        x = inputs
        if len(self.shapes[0]) > 1:
            x = inputs.reshape(*inputs.shape[:-1], *self.shapes[0])
        for number, layer in enumerate(self.layers):
            if number in self.copies:
                x = xp.array(x)
            x, keeps = layer.forward(xp, x, owns[number])
            kept.append(keeps)
        return x

    def backward(
        self, xp: Any, owns: Sequence[Own], kept: list[Any], delta: Array, slopes: Sequence[Own]
    ) -> None:
        """Write the gradient, from δ = ∂f/∂z; what was kept is overwritten."""
        for number in range(len(self.layers) - 1, self.first, -1):
            layer = self.layers[number]
            delta = layer.backward(xp, kept.pop(), owns[number], delta, slopes[number])
        first = self.layers[self.first]
        assert isinstance(first, Affine)
        first.arrive(xp, kept.pop(), delta, slopes[self.first])

    def tangent(
        self, xp: Any, owns: Sequence[Own], kept: list[Any], dots: Sequence[Own]
    ) -> list[Tangents]:
        """Return what changes in each layer from the first with parameters on; ż is the last y."""
        tangents: list[Tangents] = []
        x_dot = None
        for number in range(self.first, len(self.layers)):
            own, own_dot = owns[number], dots[number]
            y_dot = self.layers[number].tangent(xp, kept[number], own, own_dot, x_dot)
            tangents.append(Tangents(own_dot, x_dot, y_dot))
            x_dot = y_dot
        return tangents

    def tangent_backward(
        self,
        xp: Any,
        owns: Sequence[Own],
        kept: list[Any],
        tangents: list[Tangents],
        deltas: tuple[Array, Array],
        slopes: Sequence[Own],
    ) -> None:
        """Write the Hessian's product with θ̇, from δ and δ̇."""
        for number in range(len(self.layers) - 1, self.first - 1, -1):
            deltas = self.layers[number].tangent_backward(
                xp, kept[number], owns[number], tangents.pop(), deltas, slopes[number]
            )

    def owns(self, flat: Array, masks: Sequence[Array] = ()) -> list[Own]:
        """Return each layer's views of a flat (..., P), or its mask where there are masks."""
        runs = flat.shape[:-1]
        owns: list[Own] = [
            (flat[..., places[0][0]].reshape(runs + places[0][1]), flat[..., places[1][0]])
            if places
            else ()
            for places in self.places
        ]
        if masks:
            drops = [n for n, layer in enumerate(self.layers) if isinstance(layer, Dropout)]
            for number, mask in zip(drops, masks, strict=True):
                owns[number] = (mask,)
        return owns


def stacked(layers: Sequence[Layer], names: Sequence[str], shape: Shape) -> Stack:
    """Fit layers together, for records of a shape.

    Images are flattened before a linear layer, and at once where no layer needs them. Where an
    activation is followed by max pooling, the order of the two is exchanged: φ(max x) = max φ(x)
    for an increasing φ, with as many fewer φ as the pool is smaller.

    Raises
    ------
    ValueError
        Where a layer does not fit, with its number and name, and the shapes that it needs and sees.
    """
    if not any(isinstance(layer, (Convolution, MaxPool, Flatten)) for layer in layers):
        shape = (prod(shape),)
    shapes, fitted, owned = [shape], list[Layer](), dict[int, Parameters]()
    for number, name, layer in _pooled_first(layers, names):
        if isinstance(layer, Linear) and len(shapes[-1]) == 3:
            fitted.append(Flatten())
            shapes.append(fitted[-1].outputs(shapes[-1]))
        try:
            outputs = layer.outputs(shapes[-1])
        except ValueError as error:
            raise ValueError(f"layer {number}, {name}: {error}, found {shapes[-1]}") from None
        own = layer.parameters(shapes[-1])
        if own is not None:
            owned[len(fitted)] = own
        fitted.append(layer)
        shapes.append(outputs)
    layout = _layout([*owned.values()])
    blocks = iter([(layout.slices[block.name], block.shape) for block in layout])
    places = [(next(blocks), next(blocks)) if n in owned else () for n in range(len(fitted))]
    return Stack(tuple(fitted), tuple(shapes), layout, tuple(places), min(owned), _copies(fitted))


def _layout(owned: Sequence[Parameters]) -> Layout:
    """Return the blocks of layers with parameters: W, then b, of each."""
    blocks = list[Block]()
    for number, own in enumerate(owned, start=1):
        kind = "output" if number == len(owned) else "input" if number == 1 else "hidden"
        blocks.append(Block(f"weights{number}", own.weights, kind))
        blocks.append(Block(f"bias{number}", own.bias, "bias"))
    return Layout(tuple(blocks))


def _pooled_first(layers: Sequence[Layer], names: Sequence[str]) -> list[tuple[int, str, Layer]]:
    """Return numbered layers, max pooling before the activation that it follows."""
    order = list(zip(range(1, len(layers) + 1), names, layers, strict=True))
    for place in range(len(order) - 1):
        before, after = order[place : place + 2]
        if before[2].increasing and isinstance(after[2], MaxPool):
            order[place : place + 2] = [after, before]
    return order


def _copies(layers: Sequence[Layer]) -> frozenset[int]:
    """Return which layers are given the inputs, or what an activation keeps, to overwrite."""
    copies, kept = [], True
    for number, layer in enumerate(layers):
        if layer.overwrites:
            if kept:
                copies.append(number)
            kept = True
        elif not isinstance(layer, (Dropout, Flatten)):  # these may give what they were given
            kept = False
    return frozenset(copies)
