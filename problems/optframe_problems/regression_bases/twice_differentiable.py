"""What Newton's method asks of a problem on a data set: a Hessian, and stages on the way there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from optframe import Array
from optframe_problems.learning import Batch, LearningProblem

__all__ = ["TwiceDifferentiable"]


class TwiceDifferentiable(LearningProblem):
    """An objective of linear functions of the records, with its second derivatives."""

    @property
    def outputs(self) -> int:
        """How many linear functions there are, each with d weights and a bias."""
        return 1

    def stages(self) -> Sequence[TwiceDifferentiable]:
        """Return models whose minimizers, one after the other, lead to this one's; itself last."""
        return (self,)

    @abstractmethod
    def hessian(self, theta: Array, batch: Batch) -> Array:
        """Return the batch's Hessian, shape (..., P, P)."""

    @abstractmethod
    def hvp(self, theta: Array, v: Array, batch: Batch) -> Array:
        """Return its Hessian times v, shape (..., P)."""
