"""Gradient descent: stochastic (SGD) on minibatches, batch gradient descent on all the data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from optframe import Array, Optimizer, Oracle, Positive, Space, elementwise
from optframe_plugins.usual_spaces import SGD_LR

__all__ = ["SGD"]


@elementwise
def update(theta, g, lr):
    """θ ← θ − ε·g."""
    return theta - lr * g


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent: step against the gradient of the batch.

    ::

        θ ← θ − ε·g,    g = ∇f(θ)

    On the whole data (sampler ``full``) this is batch gradient descent; on minibatches it is
    stochastic gradient descent. On a quadratic with eigenvalues in [m, L] it converges for
    ε < 2/L, fastest with ε = 2/(m + L).

    Parameters
    ----------
    lr
        ε, the learning rate, > 0. The default is this library's, and Keras's.

    References
    ----------
    Cauchy, A. (1847), Méthode générale pour la résolution des systèmes d'équations simultanées,
    C. R. Acad. Sci. Paris 25, 536–538. Robbins, H., and Monro, S. (1951), A stochastic
    approximation method, Ann. Math. Statist. 22, 400–407.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("sphere", "sgd:lr=0.5", steps=1).loss
    0.0
    """

    lr: Positive = 0.01

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": SGD_LR,
    }

    def step(self, theta: Array, state: None, oracle: Oracle) -> tuple[Array, None]:
        """Do one step."""
        return update(theta, oracle.gradient(theta), self.lr), state

    def on_scaled_loss(self, factor: float) -> "SGD":
        """Return the same steps for the loss times a factor."""
        return replace(self, lr=self.lr / factor)

    def invariances(self) -> frozenset[str]:
        """Return rotation: a gradient turns with θ."""
        return frozenset({"rotation"})

    def displacement(self, gradient: Array, steps: int) -> Array:
        """Return −kεg."""
        return -steps * self.lr * gradient
