"""AdaGrad: each parameter's learning rate falls as its squared gradients add up."""

from dataclasses import dataclass, replace

from optframe import Array, NonNegative, Optimizer, Oracle, Positive, elementwise, sqrt

__all__ = ["AdaGrad"]


@elementwise
def update(theta, g, r, lr, inside, outside):
    """R ← r + g²; θ ← θ − ε/(δ + √r)·g."""
    r = r + g * g
    return theta - lr / (outside + sqrt(r + inside)) * g, r


@dataclass
class SquaredGradients:
    """r, the sum of squared gradients, shape (..., P); changes at every step."""

    r: Array


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """AdaGrad: divide by the root of the sum of all squared gradients.

    ::

        r ← r + g²
        θ ← θ − ε / (δ + √r) · g

    Parameters
    ----------
    lr
        ε, the learning rate, > 0.
    eps
        δ, which avoids a division by zero, ≥ 0. The default 1e-7 is that of Goodfellow et al.,
        algorithm 8.4; PyTorch has 1e-10.
    eps_inside_root
        Whether δ is added under the root, ε / √(r + δ), as in Duchi et al. and optax. The default
        adds it outside, as Goodfellow et al. and PyTorch do.

    References
    ----------
    Duchi, J., Hazan, E., and Singer, Y. (2011), Adaptive subgradient methods for online learning
    and stochastic optimization, JMLR 12, 2121–2159. Goodfellow, I., Bengio, Y., and Courville, A.
    (2016), Deep Learning, algorithm 8.4.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("discus", "adagrad:lr=1", steps=1).loss < 1e-9
    True
    """

    lr: Positive = 0.01
    eps: NonNegative = 1e-7
    eps_inside_root: bool = False

    def init(self, theta: Array, oracle: Oracle) -> SquaredGradients:
        """Start with no gradients seen."""
        return SquaredGradients(r=oracle.xp.zeros_like(theta))

    def step(
        self, theta: Array, state: SquaredGradients, oracle: Oracle
    ) -> tuple[Array, SquaredGradients]:
        """Do one step."""
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        g = oracle.gradient(theta)
        theta, state.r = update(theta, g, state.r, self.lr, inside, outside)
        return theta, state

    def on_scaled_loss(self, factor: float) -> "AdaGrad":
        """Return the same steps for the loss times a factor: δ is in the unit of g, or of g²."""
        scale = factor * factor if self.eps_inside_root else factor
        return replace(self, eps=self.eps * scale)

    def invariances(self) -> frozenset[str]:
        """Return loss scale if δ is 0."""
        return frozenset({"loss scale"}) if self.eps == 0 else frozenset()

    def displacement(self, gradient: Array, steps: int) -> Array:
        """Return −ε Σ g/(√(i·g²) + δ) over i = 1, ..., k."""
        squared = gradient * gradient
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        divisors = [(inside + i * squared) ** 0.5 + outside for i in range(1, steps + 1)]
        return -self.lr * sum(gradient / divisor for divisor in divisors)
