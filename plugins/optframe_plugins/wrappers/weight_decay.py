"""Weight decay, decoupled from the gradient or coupled to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal

from optframe import Array, NonNegative, Optimizer, Oracle, Space, Wrapper, coefficient
from optframe_plugins.gradients_alone import check_gradients_alone
from optframe_plugins.usual_spaces import sivaprasad

__all__ = ["WeightDecay"]


@dataclass(frozen=True)
class WeightDecay(Wrapper):
    """Weight decay: subtract a fraction of θ at each step, or add it to the gradient.

    ::

        before      θ' = the optimizer's step from θ;    θ ← θ' − λ·θ
        after       θ' = the optimizer's step from θ;    θ ← θ' − λ·θ'
        coupled     the optimizer's step with g + λ·θ in place of g

    For gradient descent with learning rate ε, ``before`` is the L2 penalty ½(λ/ε)‖θ‖². For methods
    that divide the gradient it is not, hence AdamW. λ there is per step: AdamW's ε·λ, which
    ``times_lr`` says. ``coupled`` is the penalty ½λ‖θ‖² with every method.

    Parameters
    ----------
    optimizer
        The optimizer whose parameters decay.
    decay
        λ, ≥ 0: the fraction of θ that is subtracted at each step, or that is added to the gradient.
    form
        ``before``, the default, takes the fraction of the θ that the step starts from, as
        PyTorch's, optax's and Keras's AdamW and Keras's ``weight_decay`` in all optimizers.
        ``after`` takes it of the θ that the step leads to, as the AdamW that Hugging Face's
        transformers had. ``coupled`` is ``weight_decay`` in PyTorch's SGD, Adam, NAdam, RMSprop,
        Adagrad and Adadelta, and ``optax.add_decayed_weights`` before another transformation.
    times_lr
        Whether the fraction is ε·λ, with the optimizer's learning rate ε of the step, as in these
        AdamWs and in Keras. The default λ does not depend on ε, as in Loshchilov and Hutter with a
        constant schedule.

    Raises
    ------
    ValueError
        If ``times_lr`` is set in the form ``coupled``, or with an optimizer without ``lr``; if an
        optimizer in the form ``coupled`` asks for more than gradients.

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
    form: Literal["before", "after", "coupled"] = field(default="before", metadata={"added": True})
    times_lr: bool = field(default=False, metadata={"added": True})

    spaces: ClassVar[Mapping[str, Space]] = {
        "decay": Space(
            1e-5,
            0.1,
            "log",
            source=sivaprasad("the L2 penalty of SGD, 10^U(−5, −1), which the form coupled is"),
        ),
    }

    def __post_init__(self) -> None:
        if self.form == "coupled":
            check_gradients_alone(self.optimizer, "weight-decay with the form 'coupled'")
            if self.times_lr:
                raise ValueError("times_lr belongs to the forms 'before' and 'after'")
        inner = self._innermost()
        if self.times_lr and "lr" not in {one.name for one in fields(inner)}:
            name = type(inner).__name__
            raise ValueError(f"times_lr needs an optimizer with a field lr, found {name}")

    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Do the optimizer's step, and subtract λθ."""
        amount = self._innermost().lr * self.decay if self.times_lr else self.decay
        decay = coefficient(oracle.xp, amount, theta)
        if self.form == "before":
            shrink = decay * theta  # now, since the step may overwrite θ
            theta, state = self.optimizer.step(theta, state, oracle)
            return theta - shrink, state
        if self.form == "after":
            theta, state = self.optimizer.step(theta, state, oracle)
            return theta - decay * theta, state
        penalized = oracle.through(lambda g, point: g + decay * point, at=True)
        return self.optimizer.step(theta, state, penalized)

    def on_scaled_loss(self, factor: float) -> "WeightDecay":
        """Return the same for the loss times a factor: λ per step has no unit of the loss."""
        if self.form == "coupled":
            return replace(self, decay=self.decay * factor)
        if not self.times_lr:
            return self
        inner = self._innermost()
        scaled = inner
        if "loss scale" not in getattr(inner, "invariances", frozenset)():
            scaled = inner.on_scaled_loss(factor)
        return replace(self, decay=self.decay * (inner.lr / scaled.lr))

    def _innermost(self) -> Any:
        """Return the optimizer inside of all wrappers."""
        optimizer = self.optimizer
        while isinstance(optimizer, Wrapper):
            optimizer = optimizer.optimizer
        return optimizer
