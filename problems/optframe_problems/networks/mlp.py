"""The multilayer perceptron that classifies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from annotated_types import Ge

from optframe import Array, Count
from optframe_problems.learning import Batch, LearningProblem
from optframe_problems.networks.activations import ACTIVATIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Block", "MultilayerPerceptron"]


class Block(NamedTuple):
    """A named part of the flat θ: ``theta[..., where]``, reshaped to (..., *shape)."""

    name: str
    shape: tuple[int, ...]
    where: slice


@dataclass(slots=True)
class Forward:
    """What a forward pass leaves for the backward one."""

    layers: list[tuple[Array, Array]]
    """The (Wₗ, bₗ), views of θ."""

    activations: list[Array]
    """The aₗ that each layer saw, (..., B, units)."""

    scores: Array
    """z_L less its maximum over the classes, so that exp cannot overflow: (..., C, B), because
    reductions over a few classes run several times faster over an axis that is not the last."""

    own: Array
    """Where in the flattened scores each record's own class stands, (..., B)."""


@dataclass(frozen=True)
class MultilayerPerceptron(LearningProblem):
    """Linear layers with a nonlinear function φ between them, and a softmax at the end.

    With a₀ = x, and l = 1, ..., L::

        zₗ = Wₗᵀaₗ₋₁ + bₗ,   aₗ = φ(zₗ),   p = softmax(z_L)
        f(θ) = −mean log p_y + ½ l2 Σ ‖Wₗ‖²

    and backwards, with y the one-hot vector of the record's class::

        δ_L = p − y,   δₗ = φ'(zₗ) ∘ Wₗ₊₁δₗ₊₁
        ∂f/∂Wₗ = mean aₗ₋₁δₗᵀ + l2 Wₗ,   ∂f/∂bₗ = mean δₗ

    θ is W₁ row by row, b₁, W₂, ...: see `layout`. Weights start uniformly in ±√(6 / (inputs +
    outputs of the layer)), biases at 0.

    Parameters
    ----------
    data
        The data set; by default ten classes that come with scikit-learn.
    hidden
        The units of each hidden layer, at least 1 each; without any, this is softmax regression.
    activation
        φ: ``sigmoid`` 1 / (1 + exp(−z)), ``tanh``, or ``relu`` max(z, 0) with φ'(0) = 0.
    l2
        The strength of the penalty on the weights (not on the biases), at least 0, by default
        none.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating
    errors", Nature 323 (1986). The start: X. Glorot, Y. Bengio, "Understanding the difficulty of
    training deep feedforward neural networks", AISTATS (2010).
    """

    data: str = "digits"
    hidden: tuple[Count, ...] = (32,)
    activation: Literal["sigmoid", "tanh", "relu"] = "sigmoid"
    l2: Annotated[float, Ge(0)] = 0.0

    dtype: ClassVar[str] = "float32"
    draws_start: ClassVar[bool] = True

    @property
    def size(self) -> int:
        """The weights and biases of all layers."""
        return int(self._blocks[-1].where.stop)

    def layout(self) -> tuple[Block, ...]:
        """Return the blocks of θ in order: ``weights1``, ``bias1``, ``weights2``, ..."""
        return self._blocks

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return Glorot's draw."""
        import numpy as np

        theta = np.zeros(self.size)
        for block in self._blocks:
            if len(block.shape) == 2:
                bound = np.sqrt(6 / sum(block.shape))
                theta[block.where] = random.uniform(-bound, bound, block.shape).ravel()
        return theta

    def random_start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return Glorot's draw, which is one already."""
        return self.start(random)

    def loss(self, theta: Array, batch: Batch) -> Array:
        """Return the batch's objective, shape (...)."""
        return self.measure(theta, batch)[0] + self.penalty(theta)

    def gradient(self, theta: Array, batch: Batch) -> Array:
        """Return its gradient, shape (..., P)."""
        forward = self._forward(theta, batch.spread(theta))
        odds = self.xp.exp(forward.scores, out=forward.scores)
        return self._backward(theta, forward, odds, odds.sum(axis=-2, keepdims=True))

    def loss_and_gradient(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return both from one forward pass."""
        forward = self._forward(theta, batch.spread(theta))
        own = forward.scores.reshape(-1)[forward.own]
        odds = self.xp.exp(forward.scores, out=forward.scores)
        total = odds.sum(axis=-2, keepdims=True)
        loss = (self.xp.log(total[..., 0, :]) - own).mean(axis=-1) + self.penalty(theta)
        return loss, self._backward(theta, forward, odds, total)

    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the mean loss and the share of records whose class has the highest score."""
        batch = batch.spread(theta)
        forward = self._forward(theta, batch)
        right = forward.scores.argmax(axis=-2) == batch.targets
        own = forward.scores.reshape(-1)[forward.own]
        total = self.xp.exp(forward.scores, out=forward.scores).sum(axis=-2)
        loss = (self.xp.log(total) - own).mean(axis=-1)
        return loss, right.mean(axis=-1, dtype=theta.dtype)

    def penalty(self, theta: Array) -> Array:
        """Return ½ l2 Σ ‖Wₗ‖², shape (...), or 0."""
        if not self.l2:
            return 0.0
        weights = [theta[..., block.where] for block in self._blocks[::2]]
        return 0.5 * self.l2 * sum((w * w).sum(axis=-1) for w in weights)

    def _forward(self, theta: Array, batch: Batch) -> Forward:
        xp, activation = self.xp, ACTIVATIONS[self.activation]
        layers, activations = self._layers(theta), [batch.inputs]
        for weights, bias in layers[:-1]:
            z = xp.matmul(activations[-1], weights)
            z += bias[..., None, :]
            activation.apply(xp, z)
            activations.append(z)
        weights, bias = layers[-1]
        scores = xp.matmul(weights.mT, activations[-1].mT)
        scores += bias[..., None]
        scores -= scores.max(axis=-2, keepdims=True)
        *runs, classes, count = scores.shape
        own = batch.targets * count + xp.arange(count)
        if runs:
            own = own + xp.arange(0, scores.size, classes * count).reshape(*runs, 1)
        return Forward(layers, activations, scores, own)

    def _backward(self, theta: Array, forward: Forward, odds: Array, total: Array) -> Array:
        """Return the gradient; what the forward pass left is overwritten."""
        xp, activation = self.xp, ACTIVATIONS[self.activation]
        gradient = xp.empty(theta.shape, theta.dtype)
        slopes = self._layers(gradient)
        count = odds.shape[-1]
        odds /= count * total
        odds.reshape(-1)[forward.own] -= 1 / count
        delta = odds.mT  # δ_L / B, so that sums over the records are means from here on
        while slopes:
            slope, bias_slope = slopes.pop()
            weights, _ = forward.layers.pop()
            a = forward.activations.pop()
            xp.matmul(a.mT, delta, out=slope)
            delta.sum(axis=-2, out=bias_slope)
            if self.l2:
                slope += self.l2 * weights
            if slopes:
                delta = xp.matmul(delta, weights.mT)
                activation.slope(xp, a, delta)
        return gradient

    def _layers(self, flat: Array) -> list[tuple[Array, Array]]:
        """Return views of each layer's weights and biases in a flat (..., P)."""
        runs = flat.shape[:-1]
        return [
            (flat[..., weights].reshape(runs + shape), flat[..., biases])
            for weights, shape, biases in self._places
        ]

    @cached_property
    def _places(self) -> list[tuple[slice, tuple[int, ...], slice]]:
        weights, biases = self._blocks[::2], self._blocks[1::2]
        return [(w.where, w.shape, b.where) for w, b in zip(weights, biases, strict=True)]

    @cached_property
    def _blocks(self) -> tuple[Block, ...]:
        units = (int(self.dataset.train.inputs.shape[1]), *self.hidden, self.classes)
        blocks: list[Block] = []
        end = 0
        for number, (inputs, outputs) in enumerate(pairwise(units), start=1):
            start, middle, end = end, end + inputs * outputs, end + (inputs + 1) * outputs
            blocks.append(Block(f"weights{number}", (inputs, outputs), slice(start, middle)))
            blocks.append(Block(f"bias{number}", (outputs,), slice(middle, end)))
        return tuple(blocks)
