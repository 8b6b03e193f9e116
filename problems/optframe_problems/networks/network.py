"""The network that is a list of layers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Literal

from annotated_types import Ge

from optframe_problems.network_parts.layer_notation import read
from optframe_problems.network_parts.layers.layer import Layer
from optframe_problems.network_parts.network_problem import NetworkProblem

__all__ = ["Network"]


@dataclass(frozen=True)
class Network(NetworkProblem):
    """A network of any layers; the linear layer to the outputs is added to them.

    ``convolution:channels=,size=,stride=,padding=`` and ``max-pool:size=,stride=,padding=`` take
    images. ``linear:units=`` takes its input as a list of numbers. ``relu``, ``sigmoid``, ``tanh``
    and ``dropout:rate=`` take any input. See `NetworkProblem` for the objective.

    Parameters
    ----------
    data
        The data set; by default ten classes of small images that come with scikit-learn.
    layers
        The layers before the outputs, in order.
    loss
        ``softmax`` cross-entropy for classes, or ``squared``: ½ ‖z − y‖² with y the one-hot vector
        of the class, or the number where the data has no classes.
    l2
        The strength of the penalty on the weights (not on the biases), at least 0, by default
        none.
    initial
        How weights start, uniformly: ``glorot`` in ±√(6/(fan in + fan out)), or ``he``, for relu,
        in ±√(6/fan in). Biases start at 0.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proc. IEEE 86 (1998). The starts: X. Glorot, Y. Bengio, "Understanding the
    difficulty of training deep feedforward neural networks", AISTATS (2010); K. He, X. Zhang,
    S. Ren, J. Sun, "Delving deep into rectifiers", ICCV (2015).
    """

    data: str = "digits"
    layers: tuple[str, ...] = (
        "convolution:channels=8,size=3",
        "tanh",
        "max-pool:size=2,stride=2",
        "linear:units=32",
        "tanh",
    )
    output_loss: Literal["softmax", "squared"] = field(default="softmax", metadata={"name": "loss"})
    l2: Annotated[float, Ge(0)] = 0.0
    initial: Literal["glorot", "he"] = "glorot"

    def __post_init__(self) -> None:
        self.hidden_layers()

    def hidden_layers(self) -> Sequence[tuple[str, Layer]]:
        """Return the layers as they are written."""
        return self._read

    @cached_property
    def _read(self) -> tuple[tuple[str, Layer], ...]:
        return tuple(
            (text, read(text, f"layers, number {number}"))
            for number, text in enumerate(self.layers, start=1)
        )
