"""Coordinate descent."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from optframe import Array, Optimizer, Oracle, Positive, Space
from optframe_plugins.usual_spaces import SGD_LR

__all__ = ["CoordinateDescent"]


@dataclass
class Turn:
    """State: the number of coordinates taken so far."""

    taken: int = 0


@dataclass(frozen=True)
class CoordinateDescent(Optimizer):
    """Coordinate descent: change one parameter at a time. A step is one coordinate.

    ::

        exact:     θᵢ ← argmin over θᵢ of f(θ)
        gradient:  θᵢ ← θᵢ − ε·∂f/∂θᵢ

    On a quadratic, exact steps in cyclic order are the Gauss–Seidel method. P partial
    derivatives count as one gradient; the greedy order asks for the whole gradient each time.

    Parameters
    ----------
    order
        Which i comes next. ``cyclic``: 0, 1, ..., P − 1, 0, ...; ``random``: drawn uniformly;
        ``greedy``: where |∂f/∂θᵢ| is largest (Gauss and Southwell's rule).
    step_rule
        ``exact`` or ``gradient``, the step along the coordinate.
    lr
        ε, the step size of gradient steps, > 0. On a quadratic 1/Lᵢ, with Lᵢ the curvature along
        θᵢ, is the exact step. Exact steps do not use it. The default is this library's.

    References
    ----------
    Wright, S. J. (2015), Coordinate descent algorithms, Math. Program. 151, 3–34. Nutini, J., et
    al. (2015), Coordinate descent converges faster with the Gauss–Southwell rule than random
    selection, ICML.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("ellipsoid:size=10", "coordinate-descent", steps=10).loss
    0.0
    """

    order: Literal["cyclic", "random", "greedy"] = "cyclic"
    # In a study it is called ``step``, as the method of this class is.
    step_rule: Literal["exact", "gradient"] = field(default="exact", metadata={"name": "step"})
    lr: Positive = 0.01

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": SGD_LR,
    }

    vectorized = False

    @property
    def random(self) -> bool:  # type: ignore[override]
        """Whether the order is drawn."""
        return self.order == "random"

    def requires(self) -> frozenset[str]:
        """Return what the order and the step rule need."""
        words = {"gradient"} if self.order == "greedy" else set()
        if self.step_rule == "exact":
            words.add("coordinate_minimum")
        elif self.order != "greedy":
            words.add("partial")
        return frozenset(words)

    def init(self, theta: Array, oracle: Oracle) -> Turn:
        """Start with the first coordinate."""
        return Turn()

    def step(self, theta: Array, state: Turn, oracle: Oracle) -> tuple[Array, Turn]:
        """Do one step."""
        gradient = None
        if self.order == "cyclic":
            i = state.taken % theta.shape[0]
        elif self.order == "random":
            i = int(oracle.random.integers(theta.shape[0]))
        else:
            gradient = oracle.gradient(theta)
            i = int(oracle.xp.argmax(oracle.xp.abs(gradient)))
            if gradient[i] == 0:
                oracle.stop("the gradient is zero")
                return theta, state
        lost = gradient is not None and not bool(oracle.xp.all(oracle.xp.isfinite(gradient)))
        if lost:
            value = math.nan  # which i comes next is not known
        elif self.step_rule == "exact":
            value = oracle.coordinate_minimum(theta, i)
        else:
            slope = oracle.partial(theta, i) if gradient is None else gradient[i]
            value = theta[i] - self.lr * slope
        theta = oracle.xp.asarray(theta, copy=True)
        theta[i] = value
        return theta, Turn(state.taken + 1)

    def on_scaled_loss(self, factor: float) -> "CoordinateDescent":
        """Return the same steps for the loss times a factor."""
        return replace(self, lr=self.lr / factor)

    def invariances(self) -> frozenset[str]:
        """Return the scales of exact steps; the greedy order depends on the parameters' units."""
        if self.step_rule == "gradient":
            return frozenset()
        greedy = self.order == "greedy"
        return frozenset({"loss scale"} if greedy else {"loss scale", "parameter scale"})
