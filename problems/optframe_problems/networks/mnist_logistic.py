"""Softmax regression on handwritten digits."""

from dataclasses import dataclass
from typing import ClassVar

from optframe_problems.regression.softmax import Softmax

__all__ = ["MnistLogistic"]


@dataclass(frozen=True)
class MnistLogistic(Softmax):
    """`softmax` on MNIST: 7,850 parameters. In the Adam paper with lr α/√t, minibatches of 128.

    Parameters
    ----------
    data
        The data set.
    l2
        The strength of the penalty on the weights (not on the biases), at least 0, by default
        none.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR (2015), section 6.1.
    """

    data: str = "mnist"

    dtype: ClassVar[str] = "float32"
