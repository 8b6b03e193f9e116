"""The multilayer network of the Adam paper for handwritten digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Lt

from optframe_problems.network_parts.layers.layer import Layer
from optframe_problems.network_parts.network_problem import NetworkProblem
from optframe_problems.networks.mlp import perceptron

__all__ = ["MnistMlp"]


@dataclass(frozen=True)
class MnistMlp(NetworkProblem):
    """784 pixels, two hidden layers of 1000 relu units, 10 classes: 1,796,010 parameters on MNIST.

    The paper compares optimizers on it with dropout, and on the deterministic loss:
    ``dropout = false``. It gives no rates and no start; these are the rates that dropout's authors
    use, a fifth of the inputs and half of the hidden units, and He's start. Its minibatches have
    128 records. See `mlp` for the equations.

    Parameters
    ----------
    data
        The data set.
    dropout
        Whether there is dropout.
    dropout_input, dropout_hidden
        The shares of inputs and of hidden units that a step leaves out, in [0, 1).
    l2
        The strength of the penalty on the weights, at least 0, by default none.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR (2015), section 6.2.
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a simple way
    to prevent neural networks from overfitting", J. Mach. Learn. Res. 15 (2014). K. He, X. Zhang,
    S. Ren, J. Sun, "Delving deep into rectifiers", ICCV (2015).
    """

    data: str = "mnist"
    dropout: bool = True
    dropout_input: Annotated[float, Ge(0), Lt(1)] = 0.2
    dropout_hidden: Annotated[float, Ge(0), Lt(1)] = 0.5
    l2: Annotated[float, Ge(0)] = 0.0

    output_loss = "softmax"
    initial = "he"

    def hidden_layers(self) -> Sequence[tuple[str, Layer]]:
        """Return the two hidden layers and dropout."""
        rates = (self.dropout_input, self.dropout_hidden) if self.dropout else (0.0, 0.0)
        return perceptron((1000, 1000), "relu", *rates)
