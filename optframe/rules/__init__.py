"""Update rules: written once for scalars, traced, and compiled for each backend.

::

    @elementwise
    def update(theta, g, v, lr, momentum):
        v = momentum * v - lr * g
        return theta + v, v

The arguments are θ, the gradient, the state arrays in the order in which they are returned, and
the coefficients. The rule returns the new θ and the new state. It is straight-line code of +, −,
×, ÷, `sqrt`, `sign`, `abs`, `maximum`, `minimum`, `where` and comparisons: no ``if``, no ``**``,
no closures. Compute what depends on hyperparameters and step alone (1−βᵗ) in ``step``, in float64,
and pass it in.

A call may write its results into the θ and the state that are passed to it. NumPy does so if θ has
more than 32,768 elements; Numba and CuPy also do so in short arrays. The gradient is never written
to.
"""

from optframe.rules.namespace_printer import coefficient
from optframe.rules.rule import Elementwise, Rule, computing_with, elementwise
from optframe.rules.trace import Trace, TraceError, maximum, minimum, sign, sqrt, where

__all__ = [
    "Elementwise",
    "Rule",
    "Trace",
    "TraceError",
    "coefficient",
    "computing_with",
    "elementwise",
    "maximum",
    "minimum",
    "sign",
    "sqrt",
    "where",
]
