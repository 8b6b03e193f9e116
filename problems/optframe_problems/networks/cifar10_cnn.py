"""The convolutional network of the Adam paper for small photographs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Lt

from optframe_problems.network_parts.layers.convolution import Convolution
from optframe_problems.network_parts.layers.dropout import Dropout
from optframe_problems.network_parts.layers.layer import Layer
from optframe_problems.network_parts.layers.linear import Linear
from optframe_problems.network_parts.layers.max_pool import MaxPool
from optframe_problems.network_parts.layers.relu import Relu
from optframe_problems.network_parts.network_problem import NetworkProblem

__all__ = ["Cifar10Cnn"]


@dataclass(frozen=True)
class Cifar10Cnn(NetworkProblem):
    """c64-c64-c128-1000: three convolutions and a hidden layer, 2,371,266 parameters on CIFAR-10.

    Each convolution of 5 × 5 pixels keeps the image's size and is followed by relu and max pooling
    of 3 × 3 pixels by 2, down to 4 × 4; then come 1000 relu units. The paper drops inputs and units
    of the hidden layer out but gives no rates: these are the rates that dropout's authors use; it
    gives no start: this is He's. Its minibatches have 128 records, for 45 epochs.

    Parameters
    ----------
    data
        The data set; the paper's inputs are whitened.
    dropout
        Whether there is dropout.
    dropout_input, dropout_hidden
        The shares of inputs and of hidden units that a step leaves out, in [0, 1).
    l2
        The strength of the penalty on the weights, at least 0, by default none.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR (2015), section 6.3.
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a simple way
    to prevent neural networks from overfitting", J. Mach. Learn. Res. 15 (2014). K. He, X. Zhang,
    S. Ren, J. Sun, "Delving deep into rectifiers", ICCV (2015).
    """

    data: str = "cifar10"
    dropout: bool = True
    dropout_input: Annotated[float, Ge(0), Lt(1)] = 0.2
    dropout_hidden: Annotated[float, Ge(0), Lt(1)] = 0.5
    l2: Annotated[float, Ge(0)] = 0.0

    output_loss = "softmax"
    initial = "he"

    def hidden_layers(self) -> Sequence[tuple[str, Layer]]:
        """Return the convolutions, the hidden layer, and dropout before and after."""
        layers: list[tuple[str, Layer]] = []
        if self.dropout:
            layers.append(("dropout on the inputs", Dropout(self.dropout_input)))
        for number, channels in enumerate((64, 64, 128), start=1):
            layers += [
                (f"convolution {number}", Convolution(channels, size=5)),
                (f"relu {number}", Relu()),
                (f"max pooling {number}", MaxPool(size=3, stride=2, padding="same")),
            ]
        layers += [("the hidden layer", Linear(1000)), ("its relu", Relu())]
        if self.dropout:
            layers.append(("dropout on the hidden layer", Dropout(self.dropout_hidden)))
        return tuple(layers)
