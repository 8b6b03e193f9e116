"""Weight decay, decoupled from the gradient."""

from dataclasses import dataclass
from typing import Any

from optframe import Array, NonNegative, Optimizer, Oracle, Wrapper, coefficient

__all__ = ["WeightDecay"]


@dataclass(frozen=True)
class WeightDecay(Wrapper):
    """Weight decay: subtract a fraction of θ at each step, separately from the gradient.

    ::

        θ' = the optimizer's step from θ;    θ ← θ' − λ·θ

    For gradient descent with learning rate ε this is the L2 penalty ½(λ/ε)‖θ‖². For methods that
    divide the gradient it is not, hence AdamW. λ here is per step: AdamW's ε·λ.

    Parameters
    ----------
    optimizer
        The optimizer whose parameters decay.
    decay
        λ, the fraction of θ that is subtracted at each step, ≥ 0.

    References
    ----------
    Hanson, S. J., and Pratt, L. Y. (1988), Comparing biases for minimal network construction with
    back-propagation, NIPS 1. Loshchilov, I., and Hutter, F. (2019), Decoupled weight decay
    regularization, ICLR.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("sphere:size=2", "sgd:lr=0.25+weight-decay:decay=0.25", steps=1).theta
    array([0.25, 0.25])
    """

    optimizer: Optimizer
    decay: NonNegative = 1e-4

    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Do the optimizer's step, and subtract λθ."""
        # Before the step, which may overwrite θ.
        shrink = coefficient(oracle.xp, self.decay, theta) * theta
        theta, state = self.optimizer.step(theta, state, oracle)
        return theta - shrink, state

    def on_scaled_loss(self, factor: float) -> "WeightDecay":
        """Return the same for the loss times a factor: λ has no unit of the loss."""
        return self
