"""The base class of linear models: a bias, a start at zero, a penalty, and a minimum."""

from abc import abstractmethod
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Block, Layout
from optframe_problems.regression_bases.bias import on_weights, with_ones
from optframe_problems.regression_bases.optimum import known_least_loss, within_reach
from optframe_problems.regression_bases.penalties import Penalty
from optframe_problems.regression_bases.twice_differentiable import TwiceDifferentiable

__all__ = ["ConvexModel"]


class ConvexModel(TwiceDifferentiable):
    """A convex objective of linear functions of the records x̃ = (x, 1), dense or sparse."""

    takes_sparse: ClassVar[bool] = True

    @property
    @abstractmethod
    def regularizer(self) -> Penalty | None:
        """The penalty on the weights, where there is one."""

    @property
    @abstractmethod
    def attained(self) -> bool:
        """Whether a minimizer surely exists; separable classes, for one, have only an infimum."""

    @property
    def size(self) -> int:
        """For each linear function a weight per feature, and a bias."""
        return (int(self.dataset.train.inputs.shape[1]) + 1) * self.outputs

    def layout(self) -> Layout:
        """Return ``weights``, (d,), or (d, C) for C linear functions, and ``bias``, (C,)."""
        features = self.size // self.outputs - 1
        shape = (features,) if self.outputs == 1 else (features, self.outputs)
        return Layout((Block("weights", shape, "output"), Block("bias", (self.outputs,), "bias")))

    @property
    def knows_minimum(self) -> bool:
        """Whether there is a minimizer, and Newton's method can be expected to find it."""
        return self.attained and within_reach(self)

    @cached_property
    def minimum(self) -> float | None:
        """f*, computed by Newton's method when it is first asked for, then kept on disk."""
        return known_least_loss(self) if self.knows_minimum else None

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return zeros."""
        return np.zeros(self.size)

    def penalty(self, theta: Array) -> Array:
        """Return what the objective adds for large weights, shape (...), or 0."""
        penalty = self.regularizer
        return 0.0 if penalty is None else penalty.value(self.xp, theta)

    def features(self, inputs: Any) -> Any:
        """Return the x̃."""
        return with_ones(inputs)

    def strengths(self, strength: float) -> Array:
        """Return a penalty's strength for each parameter, (P,): none for the biases."""
        return self.asarray(on_weights(strength, self.size - self.outputs, self.outputs))

    def work(self, word: str) -> float | None:
        """Return P/4 for a Hessian, in gradients over all the data.

        With n records, a gradient is two products with them, of 2nP operations each. A Hessian is
        the symmetric half of a product of nP² multiplications and additions.
        """
        return self.size / 4 if word == "hessian" else None

    def with_curvature(self, hessian: Array, theta: Array) -> Array:
        """Return a Hessian of the mean loss, (..., P, P), with the penalty's on its diagonal."""
        penalty = self.regularizer
        if penalty is None:
            return hessian
        return hessian + penalty.curvature(self.xp, theta)[..., None] * self._identity

    @cached_property
    def _identity(self) -> Array:
        return self.asarray(np.eye(self.size))
