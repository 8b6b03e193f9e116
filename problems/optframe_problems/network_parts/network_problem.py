"""The base class of problems that train a network: its objective and the derivatives."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Dataset, Indices, Layout, UsageError
from optframe_problems.learning import Batch, LearningProblem
from optframe_problems.network_parts.layer_stack import Stack, stacked
from optframe_problems.network_parts.layers.dropout import Dropout
from optframe_problems.network_parts.layers.layer import Layer
from optframe_problems.network_parts.layers.linear import Linear
from optframe_problems.network_parts.losses.loss import Loss
from optframe_problems.network_parts.losses.softmax import SoftmaxCrossEntropy
from optframe_problems.network_parts.losses.squared import SquaredError

__all__ = ["MaskedBatch", "NetworkProblem"]

LOSSES: dict[str, Loss] = {"softmax": SoftmaxCrossEntropy(), "squared": SquaredError()}

HELD = 2**23
"""How many numbers a layer may hold at a time; more records than that go through in pieces."""

COLUMNS = 64
"""How many columns of the Hessian are worked out together."""


@dataclass(slots=True)
class MaskedBatch(Batch):
    """Records with the masks of dropout, one for each such layer: (..., B, *features)."""

    masks: Sequence[Array] = ()

    def spread(self, theta: Array) -> MaskedBatch:
        """Return records and masks that broadcast against θ."""
        candidates = theta.ndim - self.inputs.ndim + 1
        if self.inputs.ndim == 2 or candidates <= 0:
            return self
        index = (slice(None),) * (self.inputs.ndim - 2) + (None,) * candidates + (...,)
        masks = tuple(mask[index] for mask in self.masks)
        return MaskedBatch(self.inputs[index], self.targets[index], masks)


class NetworkProblem(LearningProblem):
    """Layers over one flat θ, with a linear layer to the outputs at the end, and a loss.

    ::

        f(θ) = mean ℓ(z, y) + ½ l2 Σ ‖W‖²

    over records (x, y) with the network's outputs z, and the weights W (not the biases) of all
    layers. The outputs are as many as there are classes, or one for data without classes. ∇f comes
    by back-propagation, ∇²f·v by the derivative of that along v (the R-operator), and ∇²f column
    by column from it. Where records and layers are many they go through in pieces.

    A subclass is a frozen dataclass whose fields, or properties, are those below.
    """

    output_loss: str
    """``softmax`` or ``squared``."""

    l2: float
    """The strength of the penalty."""

    initial: str
    """How starts are drawn."""

    dtype: ClassVar[str] = "float32"
    draws_start: ClassVar[bool] = True

    @abstractmethod
    def hidden_layers(self) -> Sequence[tuple[str, Layer]]:
        """Return the layers before the last linear one, each with its name for messages."""

    @cached_property
    def stack(self) -> Stack:
        """The layers, fitted to the data."""
        dataset = self.dataset
        names, layers = zip(
            *self.hidden_layers(), ("the outputs", Linear(max(1, dataset.classes))), strict=True
        )
        shape = dataset.shape or (int(dataset.train.inputs.shape[1]),)
        try:
            return stacked(layers, names, shape)
        except ValueError as error:
            raise UsageError(f"{type(self).__name__} on data = {self.data!r}: {error}") from None

    @property
    def deterministic(self) -> bool:  # type: ignore[override]
        """Whether there is no dropout."""
        return not any(
            isinstance(layer, Dropout) and layer.rate for _, layer in self.hidden_layers()
        )

    @property
    def score(self) -> str:  # type: ignore[override]
        """``accuracy``, or ``rmse``, the root mean square error, for data without classes."""
        return "accuracy" if self.dataset.classes else "rmse"

    @property
    def size(self) -> int:
        """The weights and biases of all layers."""
        return self.stack.size

    def layout(self) -> Layout:
        """Return the blocks of θ in order: ``weights1``, ``bias1``, ``weights2``, ...

        Weights are matrices of shape (inputs, units), or (height, width, channels in, channels
        out) in a convolution.
        """
        return self.stack.layout

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return a draw of the weights, and biases 0."""
        return self.stack.start(random, self.initial)

    def random_start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return the same, which is a draw already."""
        return self.start(random)

    def check(self, dataset: Dataset) -> None:
        """Raise UsageError for labels that are no classes, and softmax for data without classes."""
        if self.output_loss == "softmax":
            self.classes_of(dataset)
        if not dataset.classes:
            return
        for name in ("train", "validation", "test"):
            targets = getattr(dataset, name).targets
            if len(targets) and not 0 <= targets.min() <= targets.max() < dataset.classes:
                raise UsageError(
                    f"{type(self).__name__}: data = {self.data!r} has {name} labels from "
                    f"{targets.min()} to {targets.max()}, expected 0 to {dataset.classes - 1}"
                )

    def labels(self, targets: NDArray[Any]) -> Array:
        """Put the targets on the device, as integers, or as numbers where there are no classes."""
        return super().labels(targets) if self.dataset.classes else self.asarray(targets)

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Batch:
        """Return the records, and the step's masks of dropout unless ``random`` is None."""
        batch = super().draw(indices, random)
        if random is None or self.deterministic:
            return batch
        records, backend = tuple(batch.targets.shape), self._home.backend
        if not isinstance(random, np.random.Generator):  # the runs' own, which add their axis
            records = records[-1:]
        masks = self.stack.masks(random, records, self._home.dtype)
        return MaskedBatch(
            batch.inputs, batch.targets, tuple(backend.asarray(mask) for mask in masks)
        )

    def loss(self, theta: Array, batch: Batch) -> Array:
        """Return the batch's objective, shape (...)."""
        total: Any = self.penalty(theta)
        for share, piece in self._pieces(batch.spread(theta)):
            z, _, _ = self._forward(theta, piece)
            total = total + share * self._loss.value(self.xp, z, piece.targets)
        return total

    def gradient(self, theta: Array, batch: Batch) -> Array:
        """Return its gradient, shape (..., P)."""
        total = None
        for share, piece in self._pieces(batch.spread(theta)):
            z, owns, kept = self._forward(theta, piece)
            delta = self._loss.slope(self.xp, z, piece.targets)
            total = self._add(total, share, self._backward(theta, owns, kept, delta))
        return self._penalized(total, theta)

    def loss_and_gradient(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return both from one forward pass."""
        loss: Any = self.penalty(theta)
        total = None
        for share, piece in self._pieces(batch.spread(theta)):
            z, owns, kept = self._forward(theta, piece)
            value, delta = self._loss.value_and_slope(self.xp, z, piece.targets)
            loss = loss + share * value
            total = self._add(total, share, self._backward(theta, owns, kept, delta))
        return loss, self._penalized(total, theta)

    def hvp(self, theta: Array, v: Array, batch: Batch) -> Array:
        """Return its Hessian times v, shape (..., P).

        With relu and max pooling the loss has smooth pieces; it is the Hessian of θ's piece.
        """
        total = None
        for share, piece in self._pieces(batch.spread(theta)):
            total = self._add(total, share, self._product(theta, v, piece))
        return self._penalized(total, v)

    def hessian(self, theta: Array, batch: Batch) -> Array:
        """Return its Hessian, shape (..., P, P)."""
        xp, size = self.xp, self.size
        hessian = xp.empty((*theta.shape, size), theta.dtype)
        for first in range(0, size, COLUMNS):
            rows = hessian[..., first : first + COLUMNS, :]
            unit = xp.eye(rows.shape[-2], size, first, dtype=theta.dtype)
            rows[...] = self.hvp(theta[..., None, :], unit, batch)
        return 0.5 * (hessian + hessian.mT)

    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the mean loss, and the share of records whose class has the highest output.

        For data without classes, the root of the mean squared error.
        """
        loss: Any = 0.0
        right: Any = 0.0
        for share, piece in self._pieces(batch.spread(theta)):
            z, _, _ = self._forward(theta, piece)
            if self.dataset.classes:
                hits = z.argmax(axis=-1) == piece.targets
                right = right + share * hits.mean(axis=-1, dtype=theta.dtype)
            loss = loss + share * self._loss.value(self.xp, z, piece.targets)
        return loss, right if self.dataset.classes else self.xp.sqrt(2 * loss)

    def penalty(self, theta: Array) -> Array:
        """Return ½ l2 Σ ‖W‖², shape (...), or 0."""
        if not self.l2:
            return 0.0
        weights = [theta[..., where] for where in self.stack.weights]
        return 0.5 * self.l2 * sum((w * w).sum(axis=-1) for w in weights)

    @cached_property
    def _loss(self) -> Loss:
        return LOSSES[self.output_loss]

    @cached_property
    def _most(self) -> int:
        """How many records go through at a time."""
        return max(1, HELD // self.stack.widest)

    def _pieces(self, batch: Batch) -> Iterator[tuple[Any, Batch]]:
        """Cut a batch into pieces that layers can hold, each with its share of the records."""
        records, most = batch.targets.shape[-1], self._most
        if records <= most:
            yield 1, batch
            return
        for first in range(0, records, most):
            part = slice(first, min(first + most, records))
            share = (part.stop - first) / records
            inputs, targets = batch.inputs[..., part, :], batch.targets[..., part]
            if not isinstance(batch, MaskedBatch):
                yield share, Batch(inputs, targets)
                continue
            axis = batch.targets.ndim - 1
            masks = tuple(mask[(slice(None),) * axis + (part,)] for mask in batch.masks)
            yield share, MaskedBatch(inputs, targets, masks)

    def _forward(self, theta: Array, batch: Batch) -> tuple[Array, Any, list[Any]]:
        owns = self.stack.owns(theta, batch.masks if isinstance(batch, MaskedBatch) else ())
        kept: list[Any] = []
        return self.stack.forward(self.xp, owns, batch.inputs, kept), owns, kept

    def _backward(self, theta: Array, owns: Any, kept: list[Any], delta: Array) -> Array:
        gradient = self.xp.empty(theta.shape, theta.dtype)
        self.stack.backward(self.xp, owns, kept, delta, self.stack.owns(gradient))
        return gradient

    def _product(self, theta: Array, v: Array, batch: Batch) -> Array:
        xp, stack = self.xp, self.stack
        z, owns, kept = self._forward(theta, batch)
        product = xp.empty(np.broadcast_shapes(theta.shape, v.shape), theta.dtype)
        tangents = stack.tangent(xp, owns, kept, stack.owns(v))
        deltas = self._loss.curvature(xp, z, batch.targets, tangents[-1].y)
        stack.tangent_backward(xp, owns, kept, tangents, deltas, stack.owns(product))
        return product

    def _add(self, total: Array | None, share: Any, gradient: Array) -> Array:
        """Add a piece's share to the total, in its place."""
        if share != 1:
            gradient *= share
        if total is None:
            return gradient
        total += gradient
        return total

    def _penalized(self, gradient: Array, theta: Array) -> Array:
        """Add l2 W, in the gradient's place."""
        if self.l2:
            for where in self.stack.weights:
                gradient[..., where] += self.l2 * theta[..., where]
        return gradient
