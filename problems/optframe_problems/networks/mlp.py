"""The multilayer perceptron."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Literal

from annotated_types import Ge, Lt

from optframe import Count
from optframe_problems.network_parts.layer_notation import LAYERS
from optframe_problems.network_parts.layers.dropout import Dropout
from optframe_problems.network_parts.layers.layer import Layer
from optframe_problems.network_parts.layers.linear import Linear
from optframe_problems.network_parts.network_problem import NetworkProblem

__all__ = ["MultilayerPerceptron", "perceptron"]


def perceptron(
    hidden: Sequence[int], activation: str, dropout_input: float, dropout_hidden: float
) -> tuple[tuple[str, Layer], ...]:
    """Return dropout on the inputs, then for each hidden layer: linear, φ, dropout."""
    layers: list[tuple[str, Layer]] = []
    if dropout_input:
        layers.append(("dropout on the inputs", Dropout(dropout_input)))
    for number, units in enumerate(hidden, start=1):
        layers.append((f"hidden layer {number}", Linear(units)))
        layers.append((activation, LAYERS[activation]()))
        if dropout_hidden:
            layers.append((f"dropout on hidden layer {number}", Dropout(dropout_hidden)))
    return tuple(layers)


@dataclass(frozen=True)
class MultilayerPerceptron(NetworkProblem):
    """Linear layers with a nonlinear function φ between them.

    With a₀ = x, and l = 1, ..., L::

        zₗ = Wₗᵀaₗ₋₁ + bₗ,   aₗ = φ(zₗ)
        f(θ) = mean ℓ(z_L, y) + ½ l2 Σ ‖Wₗ‖²

    and backwards, with p = softmax(z_L) and y the one-hot vector of the record's class, for
    ℓ = −log p_y (with p replaced by z_L for the squared error)::

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
    loss
        ℓ: ``softmax`` cross-entropy, or ``squared``: ½ ‖z_L − y‖², where y may be a number, too.
    dropout_input, dropout_hidden
        The shares of inputs, and of each hidden layer's outputs, that a step leaves out, in [0, 1),
        by default none; the others are divided by 1 − the share.
    initial
        ``glorot`` as above, or ``he``, for relu: uniformly in ±√(6 / inputs of the layer).

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
    output_loss: Literal["softmax", "squared"] = field(default="softmax", metadata={"name": "loss"})
    dropout_input: Annotated[float, Ge(0), Lt(1)] = 0.0
    dropout_hidden: Annotated[float, Ge(0), Lt(1)] = 0.0
    initial: Literal["glorot", "he"] = "glorot"

    def hidden_layers(self) -> Sequence[tuple[str, Layer]]:
        """Return dropout on the inputs, then for each hidden layer: linear, φ, dropout."""
        return self._layers

    @cached_property
    def _layers(self) -> tuple[tuple[str, Layer], ...]:
        return perceptron(self.hidden, self.activation, self.dropout_input, self.dropout_hidden)
