"""The lecture's network for handwritten digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from optframe_problems.network_parts.layers.layer import Layer
from optframe_problems.network_parts.network_problem import NetworkProblem
from optframe_problems.networks.mlp import perceptron

__all__ = ["MnistLecture"]


@dataclass(frozen=True)
class MnistLecture(NetworkProblem):
    """784 pixels, 32 sigmoid units, 10 classes by softmax: 25,450 parameters on MNIST.

    The start is Glorot's; the lecture trains with minibatches of 128 for 10 epochs. See `mlp` for
    the equations.

    Parameters
    ----------
    data
        The data set.
    l2
        The strength of the penalty on the weights, at least 0, by default none.

    References
    ----------
    The data: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to
    document recognition", Proc. IEEE 86 (1998). The start: X. Glorot, Y. Bengio, "Understanding the
    difficulty of training deep feedforward neural networks", AISTATS (2010).
    """

    data: str = "mnist"
    l2: Annotated[float, Ge(0)] = 0.0

    output_loss = "softmax"
    initial = "glorot"

    def hidden_layers(self) -> Sequence[tuple[str, Layer]]:
        """Return the 32 sigmoid units."""
        return perceptron((32,), "sigmoid", 0.0, 0.0)
