"""One update rule, traced once, printed by each backend.

::

    @elementwise
    def update(theta, g, v, lr, momentum):
        v = momentum * v - lr * g
        return theta + v, v

The arguments are θ, the gradient, the state arrays in the order in which they are returned, and
the coefficients; the rule returns the new θ and the new state. It is straight-line code of +, −,
×, ÷, `sqrt`, `sign`, `abs`, `maximum`, `minimum`, `where` and comparisons: no ``if``, no ``**``,
no closures. What depends on hyperparameters and step alone (1−βᵗ) is computed before, in float64,
and passed in. θ and state may be overwritten by the call, the gradient never.
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
