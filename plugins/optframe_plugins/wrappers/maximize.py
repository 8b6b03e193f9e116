"""Ascent: steps that raise the loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from optframe import Array, Optimizer, Oracle, Wrapper
from optframe_plugins.gradients_alone import check_gradients_alone

__all__ = ["Maximize"]


@dataclass(frozen=True)
class Maximize(Wrapper):
    """Maximize: give the optimizer the gradient of −f, so that its steps raise f.

    ::

        g ← −g

    This is ``maximize=True`` of PyTorch's optimizers. They negate the gradient before the weight
    decay is added, as ``adam+weight-decay:form=coupled+maximize`` does.

    Parameters
    ----------
    optimizer
        The optimizer whose steps raise the loss. It may ask for gradients alone.

    Raises
    ------
    ValueError
        If the optimizer asks for more than gradients, since only these are negated.

    References
    ----------
    PyTorch, ``torch.optim.SGD``, parameter ``maximize``.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("sphere:size=2", "sgd:lr=0.25+maximize", steps=1).theta
    array([1.5, 1.5])
    """

    known_failures: ClassVar[Mapping[str, str]] = {"lowers-the-loss": "it raises the loss"}

    optimizer: Optimizer

    def __post_init__(self) -> None:
        check_gradients_alone(self.optimizer, "maximize")

    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Do the optimizer's step with −g."""
        return self.optimizer.step(theta, state, oracle.through(lambda g: -g))

    def on_scaled_loss(self, factor: float) -> "Maximize":
        """Return the same for the loss times a factor: a sign has no unit."""
        return self
